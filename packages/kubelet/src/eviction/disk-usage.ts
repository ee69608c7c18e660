import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring } from '@geobuk/api';

export interface DiskUse {
  readonly bytes: number;
  readonly inodes: number;
}

const blockBytes = 512;
const gone = ignoring((error) => {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
});

/** What a directory takes, other file systems mounted in it aside; files may come and go meanwhile. Follows: du(1). */
export async function diskUse(directory: string, signal: AbortSignal): Promise<DiskUse> {
  const top = await lstat(directory).catch(gone);
  if (top === undefined) return { bytes: 0, inodes: 0 };
  let bytes = top.blocks * blockBytes;
  let inodes = 1;
  // Hard links are counted once.
  const seen = new Set<number>();
  const pending = [directory];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    signal.throwIfAborted();
    for (const name of (await readdir(path).catch(gone)) ?? []) {
      const child = join(path, name);
      const stat = await lstat(child).catch(gone);
      if (stat === undefined || stat.dev !== top.dev || (stat.nlink > 1 && seen.has(stat.ino))) continue;
      if (stat.nlink > 1 && !stat.isDirectory()) seen.add(stat.ino);
      bytes += stat.blocks * blockBytes;
      inodes++;
      if (stat.isDirectory()) pending.push(child);
    }
  }
  return { bytes, inodes };
}
