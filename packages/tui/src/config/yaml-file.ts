import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'yaml';

/** A settings file is written by hand; one larger than this is something else. */
const largestFile = 1024 * 1024;

/**
 * Reads one YAML file. A missing file gives `undefined` and is no problem; one that cannot be read or understood gives
 * `undefined` and a line in `problems`.
 */
export async function readYamlFile<R>(
  path: string,
  understand: (document: unknown) => R,
  problems: string[],
): Promise<R | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > largestFile) throw new Error('larger than 1 MiB');
    return understand(parse(text, { version: '1.1', merge: true, maxAliasCount: 1_000 }));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') problems.push(`${basename(path)}: ${message.split('\n')[0] ?? ''}`);
    return undefined;
  }
}
