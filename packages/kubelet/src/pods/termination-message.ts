import { open } from 'node:fs/promises';
import type { ContainerState } from '../runtime/runtime.js';
import { containerAnnotations } from './annotations.js';

const messageBytes = 4096;
const logBytes = 2048;
const logLines = 80;

/**
 * What a container left for people: its message file, or with FallbackToLogsOnError the end of its log.
 * Follows: getTerminationMessage.
 */
export async function terminationMessage(container: ContainerState): Promise<string> {
  const path = container.annotations[containerAnnotations.terminationMessagePath];
  const policy = container.annotations[containerAnnotations.terminationMessagePolicy];
  const written = path === undefined ? '' : await readEnd(path, messageBytes);
  if (written !== '' || policy !== 'FallbackToLogsOnError' || container.exitCode === 0) return written;
  // A log line is longer than what it says: time and stream stand before it.
  const log = await readEnd(container.logPath, logBytes * 4);
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .slice(-logLines);
  const text = lines.map((line) => /^\S+ std(?:out|err) [FP] (.*)$/.exec(line)?.[1] ?? '').join('\n');
  return Buffer.from(text).subarray(-logBytes).toString();
}

async function readEnd(path: string, bytes: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR')
      return '';
    throw error;
  }
}
