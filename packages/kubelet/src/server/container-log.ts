import { watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@geobuk/client';

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  /** Nothing older. Epoch milliseconds. */
  readonly sinceMs: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

export interface LogSource {
  readonly path: string;
  /** Whether more can come. */
  running(): Promise<boolean>;
}

const chunkBytes = 64 << 10;
/** Engines write lines of 16 KiB at most; a longer one is no log of a container. */
const longestLine = 1 << 20;
/** The end of a container gives no event of its file, so a follower looks this often. */
const idleCheckMs = 1000;

/**
 * What a container wrote, from its log file. Follows: CRI log format, kubelet's ReadLogs: the current file only, the
 * next one when it is rotated while somebody follows.
 */
export async function* readContainerLog(
  source: LogSource,
  options: LogOptions,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Infinity;
  for await (const line of rawLines(source, options, clock, signal)) {
    const text = formatted(line, options);
    if (text === undefined) continue;
    const cut = text.length > left ? text.subarray(0, left) : text;
    left -= cut.length;
    if (cut.length > 0) yield cut;
    if (left <= 0) return;
  }
}

/** `2026-11-23T21:45:48.1Z stdout F text`; P is a line that goes on in the next one. @returns what to show of it. */
export function formatted(line: Buffer, { timestamps, sinceMs, stream }: LogOptions): Buffer | undefined {
  const first = line.indexOf(0x20);
  const second = line.indexOf(0x20, first + 1);
  const third = line.indexOf(0x20, second + 1);
  if (first < 0 || second < 0) return undefined;
  const time = line.toString('latin1', 0, first);
  if (sinceMs !== undefined && Date.parse(time) < sinceMs) return undefined;
  const name = line.toString('latin1', first + 1, second);
  if (stream !== 'All' && name !== stream.toLowerCase()) return undefined;
  const tag = line.toString('latin1', second + 1, third < 0 ? line.length : third);
  const content = third < 0 ? Buffer.alloc(0) : line.subarray(third + 1);
  const parts: Buffer[] = timestamps ? [Buffer.from(`${time} `), content] : [content];
  if (!tag.split(':').includes('P')) parts.push(Buffer.from('\n'));
  return parts.length === 1 ? content : Buffer.concat(parts);
}

async function* rawLines(
  source: LogSource,
  { follow, tailLines }: LogOptions,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let file = await open(source.path, 'r');
  try {
    let position = tailLines === undefined ? 0 : await tailStart(file, tailLines);
    let rest: Buffer = Buffer.alloc(0);
    using changes = follow ? changesOf(dirname(source.path), clock) : undefined;
    while (!signal.aborted) {
      // Asked before the read: what was written until its end is then surely read.
      const more = follow && (await source.running());
      for (;;) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        const data = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        let start = 0;
        for (let end = data.indexOf(0x0a, start); end >= 0; end = data.indexOf(0x0a, start)) {
          yield data.subarray(start, end);
          start = end + 1;
        }
        rest = data.length - start > longestLine ? Buffer.alloc(0) : data.subarray(start);
        if (signal.aborted) return;
      }
      const rotated = follow ? await nextFile(source.path, file) : undefined;
      if (rotated !== undefined) {
        await file.close();
        file = rotated;
        position = 0;
        rest = Buffer.alloc(0);
        continue;
      }
      if (!more) return;
      await changes?.next(signal);
    }
  } finally {
    await file.close();
  }
}

/** The file that has taken the place of the one that is read, if so. */
async function nextFile(path: string, current: FileHandle): Promise<FileHandle | undefined> {
  const [there, here] = await Promise.all([stat(path).catch(() => undefined), current.stat()]);
  if (there === undefined || there.ino === here.ino) return undefined;
  return open(path, 'r').catch(() => undefined);
}

/** Where the last `lines` lines start. */
async function tailStart(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines <= 0) return size;
  let left = lines;
  let end = size;
  while (end > 0) {
    const length = Math.min(chunkBytes, end);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, end - length);
    for (let at = length - 1; at >= 0; at--) {
      // The newline that ends the last line is not one more line.
      if (buffer[at] !== 0x0a || end - length + at === size - 1) continue;
      left -= 1;
      if (left === 0) return end - length + at + 1;
    }
    end -= length;
  }
  return 0;
}

function changesOf(directory: string, clock: Clock): Disposable & { next(signal: AbortSignal): Promise<void> } {
  let changed = false;
  let wake: (() => void) | undefined;
  const watcher = watch(directory, () => {
    changed = true;
    wake?.();
  });
  watcher.on('error', () => undefined); // The timer below goes on.
  return {
    next: (signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          changed = false;
          wake = undefined;
          timer[Symbol.dispose]();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = clock.timer(changed || signal.aborted ? 0 : idleCheckMs, done);
        wake = done;
        signal.addEventListener('abort', done, { once: true });
      }),
    [Symbol.dispose]: () => watcher.close(),
  };
}
