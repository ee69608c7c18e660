import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A key that runs a command. */
export interface Hotkey {
  /** As key tables write it. */
  readonly key: string;
  readonly description: string;
  readonly command: string;
}

/** What a person has set for k9s and finds here as well. */
export interface K9sFiles {
  /** Command by alias. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly hotkeys: readonly Hotkey[];
  /** Files that are there and could not be understood. */
  readonly problems: readonly string[];
}

export const noK9sFiles: K9sFiles = { aliases: {}, hotkeys: [], problems: [] };

/** Reads aliases.yaml and hotkeys.yaml as they are. A missing file is no problem, a broken one is told. */
export async function readK9sFiles(directory: string): Promise<K9sFiles> {
  const problems: string[] = [];
  const read = async <R>(name: string, understand: (document: unknown) => R, otherwise: R): Promise<R> => {
    try {
      return understand(parse(await readFile(join(directory, name), 'utf8'), { version: '1.1' }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        problems.push(`${name}: ${(error as Error).message.split('\n')[0] ?? ''}`);
      return otherwise;
    }
  };
  const aliases = await read('aliases.yaml', parseAliases, {});
  const hotkeys = await read('hotkeys.yaml', parseHotkeys, []);
  return { aliases, hotkeys, problems };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws {TypeError} what is no list of aliases. */
export function parseAliases(document: unknown): Readonly<Record<string, string>> {
  if (document === null || document === undefined) return {};
  const aliases = isRecord(document) ? (document['aliases'] ?? document['alias'] ?? {}) : document;
  if (!isRecord(aliases)) throw new TypeError('aliases has to map names to commands');
  return Object.fromEntries(
    Object.entries(aliases).map(([name, command]) => [name.toLowerCase(), String(command).trim()]),
  );
}

/** @throws {TypeError} what is no list of hotkeys, or a key nobody can press. */
export function parseHotkeys(document: unknown): readonly Hotkey[] {
  if (document === null || document === undefined) return [];
  const hotkeys = isRecord(document) ? (document['hotKeys'] ?? document['hotkeys'] ?? {}) : document;
  if (!isRecord(hotkeys)) throw new TypeError('hotKeys has to map names to keys and commands');
  return Object.entries(hotkeys).map(([name, entry]) => {
    if (!isRecord(entry) || typeof entry['command'] !== 'string') throw new TypeError(`hotkey ${name} has no command`);
    const shortCut =
      typeof entry['shortCut'] === 'string' || typeof entry['shortCut'] === 'number' ? String(entry['shortCut']) : '';
    const key = keyOf(shortCut);
    if (key === undefined) throw new TypeError(`hotkey ${name} has no key: ${shortCut}`);
    const description = entry['description'];
    return { key, description: typeof description === 'string' ? description : name, command: entry['command'] };
  });
}

/** What Shift makes of the digits on a US keyboard, which is what k9s' names mean. */
const shiftedDigits = ')!@#$%^&*(';

/** k9s' name of a key (`Shift-A`, `Ctrl-U`, `F1`, `Shift-0`) in our words. */
export function keyOf(shortCut: string): string | undefined {
  const [, modifier = '', key = ''] = /^(?:(Shift|Ctrl|Alt)-)?(.+)$/i.exec(shortCut.trim()) ?? [];
  if (key === '') return undefined;
  switch (modifier.toLowerCase()) {
    case 'shift':
      if (/^\d$/.test(key)) return shiftedDigits[Number(key)];
      return /^[a-z]$/i.test(key) ? `S-${key.toLowerCase()}` : undefined;
    case 'ctrl':
      return /^[a-z]$/i.test(key) ? `C-${key.toLowerCase()}` : undefined;
    case 'alt':
      return `M-${key.toLowerCase()}`;
    default:
      return /^f\d+$/i.test(key) || key.length === 1 ? key.toLowerCase() : undefined;
  }
}
