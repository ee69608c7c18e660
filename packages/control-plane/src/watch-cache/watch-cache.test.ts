import { setMaxListeners } from 'node:events';
import type { KubernetesObject } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { FakeClock, deepFreeze } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../store/memory/memory-store.js';
import type { Store, StoreError } from '../store/store.js';
import { createWatchCaches } from './create-watch-caches.js';
import { encodeItems } from './encode-list.js';
import type {
  CacheBookmark,
  CacheEvent,
  CachedObject,
  WatchCache,
  WatchCaches,
  WatchCacheLimits,
} from './watch-cache.js';

const prefix = '/registry/core/configmaps/';
const log = pino({ level: 'silent' });
const map = (name: string, data = 'x', labels: Record<string, string> = {}): KubernetesObject => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', labels },
    data: { v: data },
  };
  return object;
};
const at = (name: string) => ({ namespace: 'ns', name });
const labelled = (object: CachedObject): boolean => object.labels['app'] === 'web';

interface Running extends AsyncDisposable {
  readonly caches: WatchCaches;
  readonly cache: WatchCache;
  readonly store: Store;
  readonly calm: { readonly signal: AbortSignal };
}

async function start(
  options: { store?: Store; clock?: FakeClock; limits?: Partial<WatchCacheLimits> } = {},
): Promise<Running> {
  const { store = createMemoryStore(), clock = systemClock, limits } = options;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // shared by many calls at once
  const calm = { signal: stopping.signal };
  const caches = createWatchCaches({ store, clock, log, limits, seal: deepFreeze });
  const cache = caches.cache(prefix);
  const running = caches.run(stopping.signal);
  await caches.whenReady(calm);
  const dispose = async (): Promise<void> => {
    stopping.abort();
    await running;
    await store[Symbol.asyncDispose]();
  };
  return { caches, cache, store, calm, [Symbol.asyncDispose]: dispose };
}

type Seen = CacheEvent | CacheBookmark;

async function take(watch: AsyncIterable<readonly Seen[]>, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const batch of watch) {
    seen.push(...batch);
    if (seen.length >= count) break;
  }
  return seen;
}

const brief = (event: Seen): string =>
  event.type === 'BOOKMARK' ? `BOOKMARK${event.initialEventsEnd ? ' end' : ''}` : `${event.type} ${event.current.name}`;

describe('watch cache', () => {
  it('serves what was stored, with the resourceVersion spliced in and nothing else changed', async () => {
    await using running = await start();
    const { cache, store, calm } = running;
    const made = await cache.create(
      at('a'),
      { ...map('a', '거북'), metadata: { ...map('a').metadata, resourceVersion: '7' } },
      calm,
    );
    const found = cache.get(at('a'))!;
    expect(found).toBe(made);
    const stored = JSON.parse((await store.read(`${prefix}ns/a`, calm))!.value.toString()) as KubernetesObject;
    expect(stored.metadata.resourceVersion).toBeUndefined();
    const served = JSON.parse(found.json.toString()) as KubernetesObject;
    expect(served).toEqual({ ...stored, metadata: { ...stored.metadata, resourceVersion: String(found.revision) } });
    expect(found.object).toEqual(served);
    expect(found.json).toHaveLength(found.jsonBytes);
  });

  it('parses what another process wrote, and what was there before it ran', async () => {
    const store = createMemoryStore();
    const value = Buffer.from(JSON.stringify(map('old', 'y', { app: 'web' })));
    const { signal } = new AbortController();
    const revision = await store.create(`${prefix}ns/old`, value, { signal });
    await using running = await start({ store });
    const found = running.cache.get(at('old'))!;
    expect(found).toMatchObject({ namespace: 'ns', name: 'old', revision, labels: { app: 'web' } });
    expect(found.object.metadata.resourceVersion).toBe(String(revision));
  });

  it('shares one object among all, which nobody can write to where it is sealed', async () => {
    await using running = await start();
    const { cache, calm } = running;
    const { object } = await cache.create(at('a'), map('a'), calm);
    expect(cache.get(at('a'))!.object).toBe(object);
    expect(() => Object.assign(object.metadata, { name: 'b' })).toThrow(TypeError);
  });

  it('does not write what would change nothing', async () => {
    await using running = await start();
    const { cache, caches, calm } = running;
    const made = await cache.create(at('a'), map('a'), calm);
    expect(await cache.update(made, map('a'), calm)).toBe(made);
    expect(caches.revision).toBe(made.revision);
    const changed = await cache.update(made, map('a', 'new'), calm);
    expect(changed.revision).toBeGreaterThan(made.revision);
    await expect(cache.update(made, map('a', 'newer'), calm)).rejects.toMatchObject({ code: 'Conflict' });
    const gone = await cache.delete(changed, calm);
    expect(gone.revision).toBeGreaterThan(changed.revision);
    expect(cache.get(at('a'))).toBeUndefined();
    await expect(cache.delete(changed, calm)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it("lists in pages that all show the first one's revision", async () => {
    await using running = await start();
    const { cache, calm } = running;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await cache.create(at(name), map(name, name), calm);
    const first = await cache.list({ ...calm, limit: 2 });
    expect(first).toMatchObject({ more: true, remaining: 3 });
    await cache.delete(cache.get(at('d'))!, calm);
    await cache.update(cache.get(at('e'))!, map('e', 'new'), calm);
    const rest = await cache.list({ ...calm, at: first.revision, after: first.items.at(-1)!.key });
    expect(rest.items.map((each) => (each.object as unknown as { data: { v: string } }).data.v)).toEqual([
      'c',
      'd',
      'e',
    ]);
    expect(rest).toMatchObject({ more: false, remaining: 0, revision: first.revision });
    expect((await cache.list({ ...calm, namespace: 'other' })).items).toEqual([]);
    await expect(cache.list({ ...calm, at: 999 })).rejects.toMatchObject({ code: 'FutureRevision' });
  });

  it('fills a page with what passes the filter, also at an old revision', async () => {
    await using running = await start();
    const { cache, calm } = running;
    for (let i = 0; i < 9; i++)
      await cache.create(at(`m${i}`), map(`m${i}`, 'x', i % 3 === 0 ? { app: 'web' } : {}), calm);
    const names = (items: readonly CachedObject[]): string[] => items.map((each) => each.name);
    const page = await cache.list({ ...calm, limit: 2, filter: labelled });
    expect(names(page.items)).toEqual(['m0', 'm3']);
    expect(page).toMatchObject({ more: true, remaining: undefined });
    await cache.delete(cache.get(at('m6'))!, calm);
    const next = await cache.list({
      ...calm,
      limit: 2,
      filter: labelled,
      at: page.revision,
      after: page.items[1]!.key,
    });
    expect(names(next.items)).toEqual(['m6']);
    expect(next.more).toBe(false);
  });

  it('watches from a revision through history into the present without a gap', async () => {
    await using running = await start();
    const { cache, calm } = running;
    const first = await cache.create(at('a'), map('a'), calm);
    await cache.create(at('b'), map('b'), calm);
    const watching = take(cache.watch({ ...calm, after: first.revision }), 4);
    const a = await cache.update(first, map('a', '2'), calm);
    const deleted = await cache.delete(a, calm);
    await cache.create(at('c'), map('c'), calm);
    const events = await watching;
    expect(events.map(brief)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED a', 'ADDED c']);
    const gone = JSON.parse((events[2] as CacheEvent).frame.toString()) as { object: KubernetesObject };
    expect(gone.object).toEqual({
      ...map('a', '2'),
      metadata: { ...map('a').metadata, resourceVersion: String(deleted.revision) },
    });
  });

  it("shows selectors' watchers what comes into and goes out of their sight", async () => {
    await using running = await start();
    const { cache, calm } = running;
    const after = running.caches.revision;
    const live = take(cache.watch({ ...calm, after, filter: labelled }), 3);
    const other = await cache.create(at('other'), map('other'), calm);
    const made = await cache.create(at('a'), map('a'), calm);
    const inSight = await cache.update(made, map('a', '1', { app: 'web' }), calm);
    const changed = await cache.update(inSight, map('a', '2', { app: 'web' }), calm);
    await cache.update(changed, map('a', '3'), calm);
    await cache.delete(other, calm);
    const expected = ['ADDED a', 'MODIFIED a', 'DELETED a'];
    expect((await live).map(brief)).toEqual(expected);
    const late = await take(cache.watch({ ...calm, after, filter: labelled }), 3);
    expect(late.map(brief)).toEqual(expected);
    expect((late[2] as CacheEvent).current.labels).toEqual({ app: 'web' });
  });

  it('gives all watchers the same event and the same buffer', async () => {
    await using running = await start();
    const { cache, calm } = running;
    const watches = [
      cache.watch({ ...calm, after: 0 }),
      cache.watch({ ...calm, after: 0, namespace: 'ns', name: 'a' }),
    ];
    const seen = Promise.all(watches.map((watch) => take(watch, 1)));
    await cache.create(at('b'), map('b'), calm).catch(() => undefined);
    await cache.create(at('a'), map('a'), calm);
    const [all, one] = await seen;
    expect(all!.map(brief)[0]).toBe('ADDED b');
    expect(one!.map(brief)).toEqual(['ADDED a']);
    const again = await take(cache.watch({ ...calm, after: 0, name: 'a' }), 1);
    expect(again[0]).toBe(one![0]);
  });

  it('begins with what exists, says where that ends, and goes on', async () => {
    await using running = await start();
    const { cache, calm } = running;
    for (const name of ['a', 'b']) await cache.create(at(name), map(name), calm);
    const watching = take(cache.watch({ ...calm, after: 'existing' }), 4);
    await cache.create(at('c'), map('c'), calm);
    expect((await watching).map(brief)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK end', 'ADDED c']);
  });

  it('ends a watcher that has fallen behind its history and holds up no other', async () => {
    await using running = await start({ limits: { historyBytes: 20_000 } });
    const { cache, calm } = running;
    const slow = cache.watch({ ...calm, after: 0 })[Symbol.asyncIterator]();
    const fast = take(cache.watch({ ...calm, after: 0 }), 201);
    await cache.create(at('first'), map('first'), calm);
    expect((await slow.next()).value!.map(brief)).toEqual(['ADDED first']);
    for (let i = 0; i < 200; i++) await cache.create(at(`m${i}`), map(`m${i}`), calm);
    expect(await fast).toHaveLength(201);
    expect((await slow.next()).done).toBe(true);
    const late = take(cache.watch({ ...calm, after: 1 }), 1);
    await expect(late).rejects.toMatchObject({ code: 'Compacted' } satisfies Partial<StoreError>);
  });

  it('sends bookmarks to those who ask, with the newest revision', async () => {
    const clock = new FakeClock();
    await using running = await start({ clock });
    const { cache, caches, store, calm } = running;
    const watching = take(cache.watch({ ...calm, after: 0, bookmarks: true }), 1);
    await store.create('/registry/core/secrets/ns/other', Buffer.from('{}'), calm);
    await clock.advance(60_000);
    const [bookmark] = await watching;
    expect(bookmark).toEqual({ type: 'BOOKMARK', revision: caches.revision, initialEventsEnd: false });
  });

  it('loads a resource that appears while it runs, and ends the watches of one that goes', async () => {
    await using running = await start();
    const { caches, store, calm } = running;
    const key = '/registry/example.dev/things/one';
    await store.create(
      key,
      Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'one' } })),
      calm,
    );
    const things = caches.cache('/registry/example.dev/things/');
    await caches.whenReady(calm);
    expect(things.get({ name: 'one' })?.namespace).toBeUndefined();
    const rest = take(things.watch({ ...calm, after: caches.revision }), 99);
    caches.drop('/registry/example.dev/things/');
    expect(await rest).toEqual([]);
    expect(() => caches.cache('/registry/things/')).toThrow(TypeError);
  });

  it('shows by fresh() all that was acknowledged, however it was written', async () => {
    await using running = await start();
    const { caches, cache, store, calm } = running;
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        await store.create(`${prefix}ns/m${i}`, Buffer.from(JSON.stringify(map(`m${i}`))), calm);
        await caches.fresh(calm);
        expect(cache.get(at(`m${i}`))).toBeDefined();
      }),
    );
  });

  it('frees everything of a watch that was abandoned', async () => {
    const clock = new FakeClock();
    await using running = await start({ clock });
    const { cache, calm } = running;
    const before = clock.pending;
    for (let i = 0; i < 100; i++) {
      const abort = new AbortController();
      const step = cache.watch({ signal: abort.signal, after: 0, bookmarks: true })[Symbol.asyncIterator]().next();
      abort.abort();
      expect(await step).toEqual({ done: true, value: undefined });
    }
    expect(clock.pending).toBe(before);
    await cache.create(at('a'), map('a'), calm);
  });

  it('encodes a list in pieces that make up its items', async () => {
    await using running = await start();
    const { cache, calm } = running;
    expect(await text(encodeItems([]))).toBe('');
    for (let i = 0; i < 700; i++) await cache.create(at(`m${i}`), map(`m${i}`, 'y'.repeat(2000)), calm);
    const { items } = await cache.list(calm);
    const pieces: Buffer[] = [];
    for await (const piece of encodeItems(items)) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(3);
    expect(JSON.parse(`[${Buffer.concat(pieces).toString()}]`)).toEqual(items.map((item) => item.object));
  });
});

async function text(pieces: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}
