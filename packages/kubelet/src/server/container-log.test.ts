import { mkdtemp, appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import { readContainerLog } from './container-log.js';
import type { LogOptions } from './container-log.js';

const { signal } = new AbortController();
const all: LogOptions = {
  follow: false,
  timestamps: false,
  tailLines: undefined,
  sinceMs: undefined,
  limitBytes: undefined,
  stream: 'All',
};
const lines = [
  '2030-01-01T00:00:01.1Z stdout F one',
  '2030-01-01T00:00:02.2Z stderr F two',
  '2030-01-01T00:00:03.3Z stdout P thr',
  '2030-01-01T00:00:03.3Z stdout F ee',
];

async function logFile(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'log-'));
  const path = join(directory, '0.log');
  await writeFile(path, `${lines.join('\n')}\n`);
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

describe('7.11.3 a container log', () => {
  it.each<readonly [string, Partial<LogOptions>, string]>([
    ['is all that was written', {}, 'one\ntwo\nthree\n'],
    ['of the last lines', { tailLines: 3 }, 'two\nthree\n'],
    ['of no lines', { tailLines: 0 }, ''],
    ['since a time', { sinceMs: Date.parse('2030-01-01T00:00:02Z') }, 'two\nthree\n'],
    ['of one stream', { stream: 'Stderr' }, 'two\n'],
    ['up to so many bytes', { limitBytes: 6 }, 'one\ntw'],
    ['with times', { timestamps: true, tailLines: 3, stream: 'Stderr' }, '2030-01-01T00:00:02.2Z two\n'],
  ])('%s', async (_title, options, expected) => {
    await using file = await logFile();
    const found: Buffer[] = [];
    const source = { path: file.path, running: () => Promise.resolve(false) };
    for await (const chunk of readContainerLog(source, { ...all, ...options }, systemClock, signal)) found.push(chunk);
    expect(Buffer.concat(found).toString()).toBe(expected);
  });

  it('is followed over a rotation until the container ends', async () => {
    await using file = await logFile();
    let running = true;
    const source = { path: file.path, running: () => Promise.resolve(running) };
    let text = '';
    for await (const chunk of readContainerLog(source, { ...all, follow: true }, systemClock, signal)) {
      text += chunk.toString();
      if (text.endsWith('ee\n')) {
        await appendFile(file.path, '2030-01-01T00:00:04.4Z stdout F last of the old\n');
        await rename(file.path, `${file.path}.1`);
        await writeFile(file.path, '2030-01-01T00:00:05.5Z stdout F first of the new\n');
        running = false;
      }
    }
    expect(text).toBe('one\ntwo\nthree\nlast of the old\nfirst of the new\n');
  });
});
