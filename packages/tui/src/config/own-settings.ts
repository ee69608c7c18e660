import { booleanIn, fieldsAt, isFields, textIn, textsIn } from './fields.js';
import type { Fields } from './fields.js';

/** Settings of one context. */
export interface ContextSettings {
  /** A word shown in red, such as `PROD`; what is confirmed there wants the context's name typed. */
  readonly badge?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly skin?: string | undefined;
  readonly favourites?: readonly string[] | undefined;
  /** Whether `s` on a node may make a privileged pod there. */
  readonly nodeShell?: boolean | undefined;
}

/** The dashboard's own settings file: whatever k9s has no word for, and whatever should differ from k9s. */
export interface OwnSettings extends Omit<ContextSettings, 'favourites'> {
  readonly language?: 'en' | 'ko' | undefined;
  readonly mouse?: boolean | undefined;
  /** Keys by action id. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly contexts: Readonly<Record<string, ContextSettings>>;
}

const known = new Set(['language', 'mouse', 'keys', 'contexts', 'skin', 'readOnly', 'nodeShell', 'badge']);

/** Understands tui.yaml. @throws {TypeError} a setting nobody knows or of a wrong kind: one line. */
export function parseOwnSettings(document: unknown): OwnSettings {
  if (document !== null && document !== undefined && !isFields(document)) throw new TypeError('has to be a map');
  const fields: Fields = isFields(document) ? document : {};
  const unknown = Object.keys(fields).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new TypeError(`no such setting: ${unknown.join(', ')} (there are ${[...known].join(', ')})`);
  const language = textIn(fields, 'language');
  if (language !== undefined && language !== 'en' && language !== 'ko')
    throw new TypeError(`language has to be en or ko, not ${language}`);
  const keys = fieldsAt(fields, 'keys');
  const contexts = fieldsAt(fields, 'contexts');
  return {
    ...contextSettings(fields),
    language,
    mouse: booleanIn(fields, 'mouse'),
    keys: Object.fromEntries(
      Object.keys(keys).map((id) => [id, typeof keys[id] === 'string' ? [keys[id]] : textsIn(keys, id)]),
    ),
    contexts: Object.fromEntries(
      Object.entries(contexts).map(([name, given]) => {
        if (!isFields(given)) throw new TypeError(`context ${name} is no map`);
        return [name, contextSettings(given)];
      }),
    ),
  };
}

const contextSettings = (fields: Fields): ContextSettings => ({
  badge: textIn(fields, 'badge'),
  readOnly: booleanIn(fields, 'readOnly'),
  skin: textIn(fields, 'skin'),
  favourites: 'favourites' in fields ? textsIn(fields, 'favourites').slice(0, 9) : undefined,
  nodeShell: booleanIn(fields, 'nodeShell'),
});

export const noOwnSettings: OwnSettings = { keys: {}, contexts: {} };
