import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VolumeError } from './volume-error.js';

const describe = {
  Directory: 'a directory',
  File: 'a file',
  Socket: 'a socket',
  CharDevice: 'a character device',
  BlockDevice: 'a block device',
};

/** Sees to it that a path of the node is what the pod expects. Follows: hostPath types. @throws {VolumeError} */
export async function checkHostPath(volume: string, path: string, type: string): Promise<void> {
  if (type === '') return;
  const found = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined && type === 'DirectoryOrCreate') {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  if (found === undefined && type === 'FileOrCreate') {
    await stat(dirname(path)).catch((cause: unknown) => {
      throw new VolumeError(volume, `open ${path}: no such file or directory`, { cause });
    });
    const file = await open(path, 'a', 0o644);
    await file.close();
    await chmod(path, 0o644);
    return;
  }
  const wanted = type.replace('OrCreate', '') as keyof typeof describe;
  const is =
    found !== undefined &&
    {
      Directory: () => found.isDirectory(),
      File: () => found.isFile(),
      Socket: () => found.isSocket(),
      CharDevice: () => found.isCharacterDevice(),
      BlockDevice: () => found.isBlockDevice(),
    }[wanted]?.();
  if (is !== true)
    throw new VolumeError(volume, `hostPath type check failed: ${path} is not ${describe[wanted] ?? type}`);
}
