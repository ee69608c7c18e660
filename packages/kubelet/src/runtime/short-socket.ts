import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Paths of unix sockets end at 107 bytes; an engine may add a suffix (containerd: `.ttrpc`). */
const socketPathBytes = 107 - '.ttrpc'.length;

/** A socket below `directory`, or in a short directory named by its hash where the path would be too long. */
export function socketBelow(directory: string, name: string): string {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= socketPathBytes) return path;
  return join('/run/geobuk', createHash('sha256').update(directory).digest('hex').slice(0, 12), name);
}
