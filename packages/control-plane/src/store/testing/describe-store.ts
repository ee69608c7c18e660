import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../store.js';
import type { Revision, Store, StoreErrorCode, StoreEvent } from '../store.js';

export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  /** Closes the store and opens another over what it left; undefined where nothing survives. */
  readonly reopen?: (() => Promise<Store>) | undefined;
}

const text = (value: Buffer | undefined): string | undefined => value?.toString();
const bytes = (value: string): Buffer => Buffer.from(value);
const never = new AbortController().signal;
setMaxListeners(0, never); // shared by hundreds of calls at once
const calm = { signal: never };

async function refusal(promise: Promise<unknown>): Promise<StoreErrorCode> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StoreError) return error.code;
  throw new Error(`expected a StoreError, got ${String(error)}`);
}

/** Reads from a watch until `done` says so; always closes it. */
async function collect(
  store: Store,
  prefix: string,
  after: Revision,
  done: (events: readonly StoreEvent[]) => boolean,
  batches: (readonly StoreEvent[])[] = [],
): Promise<readonly StoreEvent[]> {
  const events: StoreEvent[] = [];
  const closing = new AbortController();
  for await (const batch of store.watch(prefix, { after, signal: closing.signal })) {
    batches.push(batch.events);
    events.push(...batch.events);
    for (const event of batch.events) expect(event.revision).toBeLessThanOrEqual(batch.revision);
    if (done(events)) break;
  }
  closing.abort();
  return events;
}

const brief = (event: StoreEvent): string =>
  `${event.type} ${event.key} ${text(event.previous?.value) ?? '-'}>${text(event.value) ?? '-'}`;

/** What every engine promises; `open` gives an empty store. Follows: the contract in `store.ts`. */
export function describeStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`the ${name} store`, () => {
    const withStore = async (body: (store: Store, opened: OpenedStore) => Promise<void>): Promise<void> => {
      await using opened = await open();
      await body(opened.store, opened);
    };

    it('gives back what was created, with its revision', () =>
      withStore(async (store) => {
        const revision = await store.create('/r/a', bytes('one'), calm);
        const found = await store.read('/r/a', calm);
        expect(text(found?.value)).toBe('one');
        expect(found).toMatchObject({ key: '/r/a', modRevision: revision });
        expect(await store.revision(calm)).toBe(revision);
        expect(await store.read('/r/b', calm)).toBeUndefined();
      }));

    it('refuses to create what exists, also when both come at once', () =>
      withStore(async (store) => {
        const both = await Promise.allSettled([
          store.create('/r/a', bytes('x'), calm),
          store.create('/r/a', bytes('y'), calm),
        ]);
        expect(both.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
        expect(await refusal(store.create('/r/a', bytes('z'), calm))).toBe('AlreadyExists');
      }));

    it('updates and deletes only what was expected', () =>
      withStore(async (store) => {
        const first = await store.create('/r/a', bytes('1'), calm);
        const second = await store.update('/r/a', bytes('2'), first, calm);
        expect(second).toBeGreaterThan(first);
        expect(await refusal(store.update('/r/a', bytes('3'), first, calm))).toBe('Conflict');
        expect(await refusal(store.delete('/r/a', first, calm))).toBe('Conflict');
        expect(await refusal(store.update('/r/none', bytes('3'), first, calm))).toBe('NotFound');
        expect(await refusal(store.delete('/r/none', first, calm))).toBe('NotFound');
        expect(text((await store.read('/r/a', calm))?.value)).toBe('2');
        const third = await store.delete('/r/a', second, calm);
        expect(third).toBeGreaterThan(second);
        expect(await store.read('/r/a', calm)).toBeUndefined();
        expect(await refusal(store.update('/r/a', bytes('3'), second, calm))).toBe('NotFound');
        expect(await store.create('/r/a', bytes('4'), calm)).toBeGreaterThan(third);
      }));

    it('lets one of many writers of the same revision win', () =>
      withStore(async (store) => {
        const first = await store.create('/r/a', bytes('0'), calm);
        const all = await Promise.allSettled(
          Array.from({ length: 20 }, (_, i) => store.update('/r/a', bytes(`w${i}`), first, calm)),
        );
        expect(all.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
        const winner = all.findIndex((each) => each.status === 'fulfilled');
        expect(text((await store.read('/r/a', calm))?.value)).toBe(`w${winner}`);
      }));

    it('ranges over a prefix in key order, page by page, at one revision', () =>
      withStore(async (store) => {
        for (const key of ['c', 'a', 'e', 'b', 'd']) await store.create(`/r/p/${key}`, bytes(key), calm);
        await store.create('/r/pp', bytes('other'), calm);
        await store.create('/r/p', bytes('other'), calm);
        const at = await store.revision(calm);
        const page = await store.range('/r/p/', { ...calm, limit: 2 });
        expect(page.items.map((item) => item.key)).toEqual(['/r/p/a', '/r/p/b']);
        expect(page).toMatchObject({ revision: at, remaining: 3 });

        const d = (await store.read('/r/p/d', calm))!;
        await store.update('/r/p/d', bytes('new'), d.modRevision, calm);
        await store.delete('/r/p/e', (await store.read('/r/p/e', calm))!.modRevision, calm);
        await store.create('/r/p/cc', bytes('new'), calm);

        const rest = await store.range('/r/p/', { ...calm, at, after: '/r/p/b' });
        expect(rest.items.map((item) => text(item.value))).toEqual(['c', 'd', 'e']);
        expect(rest).toMatchObject({ revision: at, remaining: 0 });
        const now = await store.range('/r/p/', { ...calm, after: '/r/p/b' });
        expect(now.items.map((item) => text(item.value))).toEqual(['c', 'new', 'new']);
        const middle = await store.range('/r/p/', { ...calm, at, after: '/r/p/b', limit: 1 });
        expect(middle).toMatchObject({ remaining: 2, items: [{ key: '/r/p/c' }] });
      }));

    it('says when a revision is not reached yet', () =>
      withStore(async (store) => {
        const at = await store.create('/r/a', bytes('a'), calm);
        expect(await refusal(store.range('/r/', { ...calm, at: at + 1000 }))).toBe('FutureRevision');
        expect(await refusal(store.compact(at + 1000, calm))).toBe('FutureRevision');
      }));

    it('watches from a revision: history, then what comes, in order, each once, with the value before', () =>
      withStore(async (store) => {
        const start = await store.create('/r/a', bytes('a1'), calm);
        const a2 = await store.update('/r/a', bytes('a2'), start, calm);
        await store.create('/s/other', bytes('no'), calm);
        const seen = collect(store, '/r/', start, (events) => events.length === 5);
        await store.create('/r/b', bytes('b1'), calm);
        await store.delete('/r/a', a2, calm);
        await store.create('/r/a', bytes('a3'), calm);
        const last = (await store.read('/r/b', calm))!;
        await store.update('/r/b', bytes('b2'), last.modRevision, calm);

        const events = await seen;
        expect(events.map(brief)).toEqual([
          'put /r/a a1>a2',
          'put /r/b ->b1',
          'delete /r/a a2>-',
          'put /r/a ->a3',
          'put /r/b b1>b2',
        ]);
        const revisions = events.map((event) => event.revision);
        expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y));
        expect(events[0]!.previous?.modRevision).toBe(start);
      }));

    it('shows two watches of one revision the same', () =>
      withStore(async (store) => {
        const start = await store.create('/r/0', bytes('0'), calm);
        const done = (events: readonly StoreEvent[]): boolean => events.length === 30;
        const early = collect(store, '/r/', start, done);
        await Promise.all(Array.from({ length: 30 }, (_, i) => store.create(`/r/x${i}`, bytes('x'), calm)));
        const late = collect(store, '/r/', start, done);
        expect((await late).map((e) => `${e.revision}${brief(e)}`)).toEqual(
          (await early).map((e) => `${e.revision}${brief(e)}`),
        );
      }));

    it('reports progress to a watch that nothing happens to', () =>
      withStore(async (store) => {
        const start = await store.create('/r/a', bytes('a'), calm);
        const closing = new AbortController();
        const watch = store.watch('/quiet/', { after: start, signal: closing.signal })[Symbol.asyncIterator]();
        const step = watch.next();
        await store.create('/r/b', bytes('b'), calm);
        const target = await store.revision(calm);
        let seen = (await step).value as { revision: Revision; events: readonly StoreEvent[] };
        while (seen.revision < target) seen = (await watch.next()).value as typeof seen;
        expect(seen.events).toEqual([]);
        closing.abort();
        await watch.return?.();
      }));

    it('shows a write to reads and watches by the time it is acknowledged', () =>
      withStore(async (store) => {
        const revision = await store.create('/r/a', bytes('a'), calm);
        expect((await store.range('/r/', calm)).revision).toBeGreaterThanOrEqual(revision);
        const [event] = await collect(store, '/r/', revision - 1, (events) => events.length === 1);
        expect(event).toMatchObject({ type: 'put', revision });
      }));

    it('forgets history that was compacted, and keeps the rest', () =>
      withStore(async (store) => {
        const first = await store.create('/r/a', bytes('1'), calm);
        const second = await store.update('/r/a', bytes('2'), first, calm);
        const gone = await store.create('/r/gone', bytes('x'), calm);
        await store.delete('/r/gone', gone, calm);
        const third = await store.update('/r/a', bytes('3'), second, calm);
        await store.update('/r/a', bytes('4'), third, calm);
        await store.compact(third, calm);

        expect(await refusal(store.range('/r/', { ...calm, at: second }))).toBe('Compacted');
        expect(await refusal(collect(store, '/r/', first, () => true))).toBe('Compacted');
        const old = await store.range('/r/', { ...calm, at: third });
        expect(old.items.map((item) => text(item.value))).toEqual(['3']);
        const events = await collect(store, '/r/', third, (all) => all.length > 0);
        expect(events.map((event) => text(event.value))).toEqual(['4']);
        expect(text((await store.read('/r/a', calm))?.value)).toBe('4');
      }));

    it('gives every one of many concurrent writers a revision of its own', () =>
      withStore(async (store) => {
        const count = 300;
        const revisions = await Promise.all(
          Array.from({ length: count }, (_, i) => store.create(`/r/${i}`, bytes(`v${i}`), calm)),
        );
        expect(new Set(revisions).size).toBe(count);
        const all = await store.range('/r/', calm);
        expect(all.items).toHaveLength(count);
        for (const item of all.items) {
          const i = Number(item.key.slice('/r/'.length));
          expect(text(item.value)).toBe(`v${i}`);
          expect(item.modRevision).toBe(revisions[i]);
        }
        expect(all.revision).toBe(Math.max(...revisions));
      }));

    it('refuses a value that is too large, and goes on', () =>
      withStore(async (store) => {
        expect(await refusal(store.create('/r/big', Buffer.alloc(4 * 1024 * 1024, 'x'), calm))).toBe('TooLarge');
        expect(await store.read('/r/big', calm)).toBeUndefined();
        const megabyte = 'y'.repeat(1024 * 1024);
        await store.create('/r/fits', bytes(megabyte), calm);
        expect(text((await store.read('/r/fits', calm))?.value)).toBe(megabyte);
      }));

    it('keeps every character of a value', () =>
      withStore(async (store) => {
        const odd = '"\\\n\r\t\u0000\u0085\u2028\u2029 \u{1F422} 거북선 {"a":[1]} \ufeff';
        await store.create('/r/odd', bytes(odd), calm);
        expect(text((await store.read('/r/odd', calm))?.value)).toBe(odd);
      }));

    it('rejects with the reason of an abort', () =>
      withStore(async (store) => {
        const reason = new Error('enough');
        const aborted = { signal: AbortSignal.abort(reason) };
        await expect(store.create('/r/a', bytes('a'), aborted)).rejects.toBe(reason);
        await expect(store.range('/r/', aborted)).rejects.toBe(reason);
        expect(await store.read('/r/a', calm)).toBeUndefined();

        const later = new AbortController();
        const step = store.watch('/r/', { after: 0, signal: later.signal })[Symbol.asyncIterator]().next();
        later.abort(reason);
        await expect(step).rejects.toBe(reason);
      }));

    it('leaves a write that was aborted on its way either done or not done', () =>
      withStore(async (store) => {
        const abort = new AbortController();
        setMaxListeners(0, abort.signal);
        const writes = Array.from({ length: 50 }, (_, i) => store.create(`/r/${i}`, bytes('v'), abort));
        await Promise.resolve();
        abort.abort(new Error('gone'));
        const settled = await Promise.allSettled(writes);
        for (const [i, each] of settled.entries()) {
          const found = await store.read(`/r/${i}`, calm);
          if (each.status === 'fulfilled') expect(found).toBeDefined();
        }
        const next = await store.create('/r/after', bytes('v'), calm);
        expect((await store.range('/r/', calm)).revision).toBe(next);
      }));

    it('is ready', () => withStore((store) => store.ready(calm)));

    it('finds everything again after it was closed, and counts on', () =>
      withStore(async (store, { reopen }) => {
        if (reopen === undefined) return;
        const a = await store.create('/r/a', bytes('a1'), calm);
        await store.create('/r/b', bytes('b1\u2028'), calm);
        const a2 = await store.update('/r/a', bytes('a2'), a, calm);
        const c = await store.create('/r/c', bytes('c1'), calm);
        const last = await store.delete('/r/c', c, calm);

        const again = await reopen();
        expect(await again.revision(calm)).toBeGreaterThanOrEqual(last);
        const all = await again.range('/r/', calm);
        expect(all.items.map((item) => `${item.key} ${text(item.value)}`)).toEqual(['/r/a a2', '/r/b b1\u2028']);
        expect(all.items[0]!.modRevision).toBe(a2);
        expect(await refusal(again.update('/r/a', bytes('x'), a, calm))).toBe('Conflict');
        expect(await again.create('/r/c', bytes('c2'), calm)).toBeGreaterThan(last);
      }));
  });
}
