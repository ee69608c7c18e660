import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile, appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Store } from '../store.js';
import { describeStore } from '../testing/describe-store.js';
import { openNedbStore } from './open-nedb-store.js';
import type { NedbStoreOptions } from './open-nedb-store.js';

const log = pino({ level: 'silent' });
const calm = { signal: new AbortController().signal };
const bytes = (value: string): Buffer => Buffer.from(value);

async function temporary(): Promise<AsyncDisposable & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'nedb-store-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

const open = (directory: string, options: Partial<NedbStoreOptions> = {}): Promise<Store> =>
  openNedbStore({ directory, log, ...options });

const segments = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.nedb')).sort();

describeStore('nedb', async () => {
  const place = await temporary();
  let store = await open(place.directory);
  return {
    store,
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      return (store = await open(place.directory));
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
});

describe('the nedb store on disk', () => {
  it('keeps files to itself', async () => {
    await using place = await temporary();
    await chmod(place.directory, 0o755);
    await using store = await open(place.directory);
    await store.create('/r/a', bytes('a'), calm);
    expect((await stat(place.directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(place.directory)) {
      expect((await stat(join(place.directory, name))).mode & 0o777, name).toBe(0o600);
    }
  });

  it('belongs to one process; a dead owner is no owner', async () => {
    await using place = await temporary();
    const first = await open(place.directory);
    await expect(open(place.directory)).rejects.toMatchObject({ code: 'Unavailable', message: /in use by process/ });
    await first[Symbol.asyncDispose]();
    await writeFile(join(place.directory, 'lock'), `${process.pid} 1\n`); // this pid, but a process of long ago
    await using second = await open(place.directory);
    await second.create('/r/a', bytes('a'), calm);
  });

  it('cuts off a torn last line and keeps all before it', async () => {
    await using place = await temporary();
    const first = await open(place.directory);
    const revision = await first.create('/r/a', bytes('a'), calm);
    await first[Symbol.asyncDispose]();
    const [name] = await segments(place.directory);
    await appendFile(join(place.directory, name!), '{"_id":"0000000000000002","k":"/r/b","v":"ha');

    const second = await open(place.directory);
    expect((await second.range('/r/', calm)).items.map((item) => item.key)).toEqual(['/r/a']);
    expect(await second.create('/r/b', bytes('b'), calm)).toBeGreaterThan(revision);
    await second[Symbol.asyncDispose]();
    await using third = await open(place.directory);
    expect((await third.range('/r/', calm)).items).toHaveLength(2);
  });

  it('refuses to start over a bad line elsewhere, and touches nothing', async () => {
    await using place = await temporary();
    const first = await open(place.directory);
    for (const key of ['a', 'b', 'c']) await first.create(`/r/${key}`, bytes(key), calm);
    await first[Symbol.asyncDispose]();
    const file = join(place.directory, (await segments(place.directory))[0]!);
    const damaged = (await readFile(file, 'utf8')).replace('"/r/b"', '"/r/b');
    await writeFile(file, damaged);

    const refused = { code: 'Unavailable', message: new RegExp(`^cannot open.*${file} is damaged at line 3`) };
    await expect(open(place.directory)).rejects.toMatchObject(refused);
    expect(await readFile(file, 'utf8')).toBe(damaged);
    await expect(open(place.directory)).rejects.toMatchObject(refused); // the lock was given back
  });

  it('lets watches resume over a restart', async () => {
    await using place = await temporary();
    const first = await open(place.directory);
    const a = await first.create('/r/a', bytes('a1'), calm);
    await first.update('/r/a', bytes('a2'), a, calm);
    await first[Symbol.asyncDispose]();
    await using second = await open(place.directory);
    for await (const { events } of second.watch('/r/', { ...calm, after: a })) {
      expect(events).toMatchObject([{ type: 'put', key: '/r/a', previous: { modRevision: a } }]);
      break;
    }
  });

  it('gives disk back: old values and deletions go, the rest survives many rounds', async () => {
    await using place = await temporary();
    const options = { segmentBytes: 20_000, limits: { historyBytes: 1 } };
    const wanted = new Map<string, string>();
    let newest = 0;
    for (let round = 0; round < 3; round++) {
      const store = await open(place.directory, options);
      const kept = `/r/kept${round}`;
      await store.create(kept, bytes(kept), calm);
      wanted.set(kept, kept);
      for (let i = 0; i < 300; i++) {
        const key = `/r/busy${i % 5}`;
        const found = await store.read(key, calm);
        const value = `${round}.${i} ${'x'.repeat(500)}`;
        if (found === undefined) newest = await store.create(key, bytes(value), calm);
        else if (i % 7 === 0) newest = await store.delete(key, found.modRevision, calm);
        else newest = await store.update(key, bytes(value), found.modRevision, calm);
        if (found !== undefined && i % 7 === 0) wanted.delete(key);
        else wanted.set(key, value);
      }
      await store[Symbol.asyncDispose]();
      expect((await segments(place.directory)).length).toBeLessThan(8);
    }
    await using store = await open(place.directory, options);
    const all = await store.range('/r/', calm);
    expect(new Map(all.items.map((item) => [item.key, item.value.toString()]))).toEqual(wanted);
    expect(all.revision).toBe(newest);
    for (const item of all.items) await store.delete(item.key, item.modRevision, calm);
    expect((await store.range('/r/', calm)).items).toEqual([]);
  });
});
