import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { openNedbStore } from './open-nedb-store.js';

const run = promisify(execFile);
const log = pino({ level: 'silent' });
const calm = { signal: new AbortController().signal };
const child = fileURLToPath(new URL('./writing-process.ts', import.meta.url));

interface Acknowledged {
  readonly revision: number;
  readonly gone: boolean;
}

/** Starts the writing process, kills it with SIGKILL after `count` acknowledgements, and gives what it had said. */
async function writeAndKill(directory: string, round: number, count: number): Promise<Map<string, Acknowledged>> {
  const args = ['--import', 'tsx', '--conditions=@geobuk/source', child, directory, String(round)];
  const writing = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(writing, 'exit');
  const seen = new Map<string, Acknowledged>();
  let lines = 0;
  for await (const line of createInterface({ input: writing.stdout })) {
    const [key, revision, rest] = line.split(' ');
    // Acknowledgements of one key come in the order of its writes. A line cut by the kill was said, so it counts less.
    if (rest !== undefined) seen.set(key!, { revision: Number(revision), gone: rest === 'gone' });
    if (++lines === count) writing.kill('SIGKILL');
  }
  await exited;
  return seen;
}

describe('the nedb store and a dying process', () => {
  it('has every acknowledged write after kill -9, whole, and counts on', { timeout: 300_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'nedb-kill-'));
    try {
      const all = new Map<string, Acknowledged>();
      let newest = 0;
      for (let round = 0; round < 12; round++) {
        const count = 1 + Math.floor(Math.random() * 6000);
        for (const [key, acknowledged] of await writeAndKill(directory, round, count)) {
          expect(acknowledged.revision).toBeGreaterThan(newest);
          all.set(key, acknowledged);
        }
        await using store = await openNedbStore({ directory, log, segmentBytes: 100_000 });
        newest = await store.revision(calm);
        for (const [key, { revision, gone }] of all) {
          expect(newest).toBeGreaterThanOrEqual(revision);
          const found = await store.read(key, calm);
          // What was on its way at the kill may have happened or not; then the key is newer than what was said.
          if (found === undefined) continue;
          if (gone) expect(found.modRevision).toBeGreaterThan(revision);
          else expect(found.modRevision).toBeGreaterThanOrEqual(revision);
        }
        const { items } = await store.range('/registry/', calm);
        for (const item of items) expect(item.value.toString()).toMatch(/^\d+\.\d+\.(\u2028x)+\.end$/);
        const missing = [...all].filter(([key, { gone }]) => !gone && !items.some((item) => item.key === key));
        // Only a deletion on its way explains a missing key: at most one for each of the 40 writers.
        expect(missing.length).toBeLessThanOrEqual(40);
        for (const [key] of missing) all.delete(key);
      }
      expect(newest).toBeGreaterThan(1000);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('acknowledges nothing while the disk is full, says why, and goes on when there is room', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'nedb-full-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
    try {
      const place = join(directory, 'store');
      const store = await openNedbStore({ directory: place, log });
      const acknowledged: string[] = [];
      const filling = async (from: number, bytes: number): Promise<void> => {
        for (let i = from; ; i++) {
          await store.create(`/r/${i}`, Buffer.from('x'.repeat(bytes)), calm);
          acknowledged.push(`/r/${i}`);
        }
      };
      const refused = { code: 'Unavailable', message: /cannot write: .*ENOSPC/ };
      await expect(filling(1000, 20_000)).rejects.toMatchObject(refused);
      await expect(filling(2000, 1)).rejects.toMatchObject(refused); // to the last block
      await expect(store.ready(calm)).rejects.toMatchObject(refused);
      await expect(store.create('/r/small', Buffer.from('x'), calm)).rejects.toMatchObject(refused);
      expect(await store.read('/r/small', calm)).toBeUndefined();
      expect((await store.range('/r/', calm)).items).toHaveLength(acknowledged.length);

      await run('mount', ['-o', 'remount,size=16m', directory]);
      await store.ready(calm);
      await store.create('/r/small', Buffer.from('x'), calm);
      await run('mount', ['-o', 'remount,size=3m', directory]);
      const before = await store.revision(calm);
      await expect(filling(3000, 20_000)).rejects.toMatchObject(refused);
      await expect(filling(4000, 1)).rejects.toMatchObject(refused);
      await store[Symbol.asyncDispose]();

      await expect(openNedbStore({ directory: place, log })).rejects.toMatchObject({ code: 'Unavailable' });
      await run('mount', ['-o', 'remount,size=16m', directory]);
      await using again = await openNedbStore({ directory: place, log });
      const { items } = await again.range('/r/', calm);
      // Exactly what was acknowledged: what was refused does not come back either.
      expect(items.map((item) => item.key)).toEqual([...acknowledged, '/r/small'].sort());
      expect(await again.create('/r/last', Buffer.from('x'), calm)).toBeGreaterThan(before);
    } finally {
      await run('umount', ['-l', directory]);
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('refuses a directory that cannot be written, in one line', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'nedb-read-only-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', directory]);
    try {
      const opening = openNedbStore({ directory, log });
      await expect(opening).rejects.toMatchObject({
        code: 'Unavailable',
        message: /^cannot open the store in .*EROFS.*$/,
      });
    } finally {
      await run('umount', ['-l', directory]);
      await rm(directory, { recursive: true, force: true });
    }
  });
});
