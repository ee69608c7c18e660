import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readlink, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Payload } from './payload.js';

const dataLink = '..data';
const nextLink = '..data_tmp';

/**
 * Replaces all files of a volume at once: they are written to a new directory, and one rename of the `..data` link
 * makes them the volume's. Readers see all old or all new files. Follows: volume/util AtomicWriter.
 *
 * ```
 * token    -> ..data/token
 * ..data   -> ..2026_11_23_21_45_48.1a2b3c
 * ..2026_11_23_21_45_48.1a2b3c/token
 * ```
 */
export async function writeAtomically(directory: string, payload: Payload, fsGroup: number | undefined): Promise<void> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');
  const name = `..${stamp}.${randomBytes(4).toString('hex')}`;
  const fresh = join(directory, name);
  await mkdir(fresh, { mode: 0o755 });
  await chmod(fresh, 0o755);
  for (const [path, { data, mode, uid }] of payload) {
    const file = join(fresh, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, data, { mode: 0o600 });
    if (uid !== undefined || fsGroup !== undefined) await chown(file, uid ?? 0, fsGroup ?? 0);
    await chmod(file, fsGroup === undefined ? mode : mode | 0o440);
  }

  const before = await currentOf(directory);
  await rm(join(directory, nextLink), { force: true });
  await symlink(name, join(directory, nextLink));
  await rename(join(directory, nextLink), join(directory, dataLink));

  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] as string));
  const present = await readdir(directory);
  for (const entry of wanted) {
    if (!present.includes(entry)) await symlink(join(dataLink, entry), join(directory, entry));
  }
  for (const entry of present) {
    if (!entry.startsWith('..') && !wanted.has(entry)) await unlink(join(directory, entry));
    // Old ones and what a crash left.
    if (entry.startsWith('..') && entry !== dataLink && entry !== name)
      await rm(join(directory, entry), { recursive: true, force: true });
  }
  if (before !== undefined && before !== name) await rm(join(directory, before), { recursive: true, force: true });
}

async function currentOf(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, dataLink));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
