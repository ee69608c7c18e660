import { createHash } from 'node:crypto';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** One hash over names, links and contents of everything below a directory. */
export async function treeDigest(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const walk = async (path: string, name: string): Promise<void> => {
    const found = await lstat(path);
    if (found.isDirectory()) {
      hash.update(`d ${name}\0`);
      for (const child of (await readdir(path)).sort()) await walk(join(path, child), `${name}/${child}`);
    } else if (found.isSymbolicLink()) {
      hash.update(`l ${name}\0${await readlink(path)}\0`);
    } else if (found.isFile()) {
      hash.update(`f ${name}\0${found.size}\0`);
      hash.update(await readFile(path));
    }
  };
  await walk(directory, '');
  return `sha256:${hash.digest('hex')}`;
}
