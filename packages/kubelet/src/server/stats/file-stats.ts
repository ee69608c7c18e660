import { statfs } from 'node:fs/promises';
import { diskUse } from '../../eviction/disk-usage.js';

export interface FileStats {
  readonly timestampMs: number;
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

/** A whole file system. @returns `undefined` where there is none. */
export async function filesystemStats(path: string, timestampMs: number): Promise<FileStats | undefined> {
  const found = await statfs(path === '' ? '/' : path).catch(() => undefined);
  if (found === undefined) return undefined;
  const { bavail, bfree, blocks, bsize, ffree, files } = found;
  return {
    timestampMs,
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
    inodesUsed: files - ffree,
  };
}

/** What one directory takes of its file system. */
export async function directoryStats(
  path: string,
  timestampMs: number,
  signal: AbortSignal,
): Promise<FileStats | undefined> {
  const whole = await filesystemStats(path, timestampMs);
  if (whole === undefined) return undefined;
  const { bytes, inodes } = await diskUse(path, signal);
  return { ...whole, usedBytes: bytes, inodesUsed: inodes };
}
