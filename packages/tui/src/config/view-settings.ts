import { compileJsonPath } from '@geobuk/api';
import type { JsonPath, ResourceType } from '@geobuk/api';
import { isFields, textIn, textsIn } from './fields.js';

/** One column a person wants: one that is there by its title, or a new one by an expression. */
export interface WantedColumn {
  readonly title: string;
  /** Absent: the column of that title. */
  readonly find?: JsonPath | undefined;
  readonly kind: 'text' | 'number' | 'time' | undefined;
  readonly wide: boolean | undefined;
  readonly hidden: boolean;
  readonly align: 'left' | 'right' | undefined;
}

/** How a person wants one kind to be shown. */
export interface ViewSetting {
  /** `group/version/plural[@namespace]`, or any name of the kind; namespaces may be regular expressions. */
  readonly key: string;
  /** Empty: the usual ones. */
  readonly columns: readonly WantedColumn[];
  readonly sort?: { readonly title: string; readonly descending: boolean } | undefined;
}

/**
 * Understands views.yaml. Follows: k9s (`NAME[:expression][|flags]`, flags T N W S H L R, `sortColumn: NAME:asc`).
 * Differs: expressions are JSONPath; jq is not understood and said so.
 * @throws {TypeError | ApiError} a setting that means nothing, by name.
 */
export function parseViewSettings(document: unknown): readonly ViewSetting[] {
  if (document === null || document === undefined) return [];
  if (!isFields(document)) throw new TypeError('views has to map kinds to columns');
  const inner = isFields(document['k9s']) ? document['k9s'] : document;
  const views = inner['views'] ?? {};
  if (!isFields(views)) throw new TypeError('views has to map kinds to columns');
  return Object.entries(views).map(([key, fields]) => {
    if (!isFields(fields)) throw new TypeError(`view ${key} is no map`);
    return {
      key: key.toLowerCase(),
      columns: textsIn(fields, 'columns').map((text) => parseColumn(key, text)),
      sort: parseSort(key, textIn(fields, 'sortColumn')),
    };
  });
}

function parseColumn(view: string, text: string): WantedColumn {
  // The last bar divides: an expression may hold bars of its own, flags cannot be anything but these letters.
  const [, body = text, flags = ''] = /^(.*)\|([TNWSHLR]*)$/s.exec(text) ?? [];
  const colon = body.indexOf(':');
  const title = (colon < 0 ? body : body.slice(0, colon)).trim();
  const expression = colon < 0 ? '' : body.slice(colon + 1).trim();
  if (title === '') throw new TypeError(`view ${view}: a column has no name: ${text}`);
  let find: JsonPath | undefined;
  if (expression !== '') {
    try {
      // A path takes any letters for a name, also those that only jq means something by.
      if (/[|\s]/.test(expression.replace(/\[[^\]]*\]/g, ''))) throw new TypeError('jq');
      find = compileJsonPath(expression);
    } catch {
      throw new TypeError(`view ${view}: column ${title} is no JSONPath: ${expression}`);
    }
  }
  const has = (flag: string): boolean => flags.includes(flag);
  return {
    title: title.toUpperCase(),
    find,
    kind: has('T') ? 'time' : has('N') ? 'number' : undefined,
    wide: has('W') ? true : has('S') ? false : undefined,
    hidden: has('H'),
    align: has('R') ? 'right' : has('L') ? 'left' : undefined,
  };
}

function parseSort(view: string, text: string | undefined): ViewSetting['sort'] {
  if (text === undefined) return undefined;
  const [, title, order] = /^(.+):(asc|desc)$/i.exec(text.trim()) ?? [];
  if (title === undefined || order === undefined)
    throw new TypeError(`view ${view}: sortColumn has to be NAME:asc or NAME:desc, not ${text}`);
  return { title: title.toUpperCase(), descending: order.toLowerCase() === 'desc' };
}

const namesOf = ({ group, version, plural, singular, shortNames, kind }: ResourceType): readonly string[] =>
  [
    group === '' ? `${version}/${plural}` : `${group}/${version}/${plural}`,
    plural,
    singular,
    kind,
    ...shortNames,
    ...(group === '' ? [] : [`${plural}.${group}`]),
  ].map((name) => name.toLowerCase());

/** The setting for a kind in a namespace: one for that very namespace first, one for a pattern next, one for all last. */
export function settingFor(
  settings: readonly ViewSetting[],
  type: ResourceType,
  namespace: string | undefined,
): ViewSetting | undefined {
  const names = namesOf(type);
  const mine = settings.flatMap((setting) => {
    const at = setting.key.indexOf('@');
    const name = at < 0 ? setting.key : setting.key.slice(0, at);
    return names.includes(name) ? [{ setting, of: at < 0 ? undefined : setting.key.slice(at + 1) }] : [];
  });
  const scope = namespace ?? 'all';
  return (
    mine.find(({ of }) => of === scope)?.setting ??
    mine.find(({ of }) => of !== undefined && matches(of, scope))?.setting ??
    mine.find(({ of }) => of === undefined)?.setting
  );
}

function matches(pattern: string, namespace: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(namespace);
  } catch {
    return false;
  }
}
