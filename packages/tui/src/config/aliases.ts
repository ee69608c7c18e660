import { booleanIn, isFields, textIn } from './fields.js';
import { keyOf } from './key-names.js';

/** A key that runs a command. */
export interface Hotkey {
  /** As key tables write it. */
  readonly key: string;
  readonly description: string;
  readonly command: string;
  /** Whether it goes before what the key does otherwise. */
  readonly override: boolean;
  /** Whether Esc comes back from it. */
  readonly keepHistory: boolean;
}

/** @throws {TypeError} what is no list of aliases. */
export function parseAliases(document: unknown): Readonly<Record<string, string>> {
  if (document === null || document === undefined) return {};
  const aliases = isFields(document) ? (document['aliases'] ?? document['alias'] ?? {}) : document;
  if (!isFields(aliases)) throw new TypeError('aliases has to map names to commands');
  return Object.fromEntries(
    Object.entries(aliases).map(([name, command]) => [name.toLowerCase(), String(command).trim()]),
  );
}

/** @throws {TypeError} what is no list of hotkeys, or a key nobody can press. */
export function parseHotkeys(document: unknown): readonly Hotkey[] {
  if (document === null || document === undefined) return [];
  const hotkeys = isFields(document) ? (document['hotKeys'] ?? document['hotkeys'] ?? {}) : document;
  if (!isFields(hotkeys)) throw new TypeError('hotKeys has to map names to keys and commands');
  return Object.entries(hotkeys).map(([name, entry]) => {
    const command = isFields(entry) ? textIn(entry, 'command') : undefined;
    if (!isFields(entry) || command === undefined) throw new TypeError(`hotkey ${name} has no command`);
    const shortCut = textIn(entry, 'shortCut') ?? '';
    const key = keyOf(shortCut);
    if (key === undefined) throw new TypeError(`hotkey ${name} has no key: ${shortCut}`);
    return {
      key,
      description: textIn(entry, 'description') ?? name,
      command,
      override: booleanIn(entry, 'override') ?? false,
      keepHistory: booleanIn(entry, 'keepHistory') ?? false,
    };
  });
}
