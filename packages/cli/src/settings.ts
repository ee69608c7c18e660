import { CliError } from './cli-error.js';

type Settings = Readonly<Record<string, unknown>>;

/** `settings` with `a.b=value` changes made; values are read as JSON where they are JSON. @throws {CliError} usage. */
export function withSettings(settings: Settings, changes: readonly string[]): Settings {
  return changes.reduce((all, change) => {
    const equals = change.indexOf('=');
    if (equals < 1) throw new CliError(`--set ${change}: use key=value`, 2);
    return put(all, change.slice(0, equals).split('.'), valueOf(change.slice(equals + 1)));
  }, settings);
}

function put(settings: Settings, [key = '', ...rest]: readonly string[], value: unknown): Settings {
  if (rest.length === 0) return { ...settings, [key]: value };
  const inner = settings[key];
  const object = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Settings) : {};
  return { ...settings, [key]: put(object, rest, value) };
}

function valueOf(text: string): unknown {
  if (/^(true|false|null|-?\d+(\.\d+)?|[[{"].*)$/s.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return text.includes(',') ? text.split(',') : text;
}
