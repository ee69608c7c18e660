import { FakeClock } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../memory/memory-store.js';
import type { Journal } from './journal.js';
import { MvccStore } from './mvcc-store.js';
import { VersionIndex } from './version-index.js';
import type { Version } from './version-index.js';

const calm = { signal: new AbortController().signal };
const limits = { historyMs: 300_000, historyBytes: 1_000_000 };
const bytes = (value: string): Buffer => Buffer.from(value);

/** A disk that a test lets through or fails, append by append. */
class HeldJournal implements Journal {
  failure: Error | undefined;
  readonly batches: {
    readonly versions: readonly Version[];
    readonly done: () => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  append(versions: readonly Version[]): Promise<void> {
    return new Promise((done, fail) => this.batches.push({ versions, done, fail }));
  }

  release(): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

function held(): { readonly journal: HeldJournal; readonly store: MvccStore } {
  const journal = new HeldJournal();
  return { journal, store: new MvccStore({ clock: new FakeClock(), journal, index: new VersionIndex(), limits }) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('MvccStore', () => {
  it('shows nothing that is not durable, to nobody', async () => {
    const { journal, store } = held();
    const writing = store.create('/r/a', bytes('a'), calm);
    const second = store.create('/r/a', bytes('b'), calm);
    let refused = false;
    second.catch(() => (refused = true));
    await settle();
    expect(journal.batches).toHaveLength(1);
    expect(await store.read('/r/a', calm)).toBeUndefined();
    expect(await store.revision(calm)).toBe(0);
    expect(refused).toBe(false); // a refusal would tell of a write that a crash could take back
    journal.batches[0]!.done();
    expect(await writing).toBe(1);
    await expect(second).rejects.toMatchObject({ code: 'AlreadyExists' });
  });

  it('lets those who come together share one append', async () => {
    const { journal, store } = held();
    const first = store.create('/r/first', bytes('x'), calm);
    await settle();
    const rest = Array.from({ length: 10 }, (_, i) => store.create(`/r/${i}`, bytes('x'), calm));
    await settle();
    expect(journal.batches.map(({ versions }) => versions.length)).toEqual([1]);
    journal.batches[0]!.done();
    await first;
    await settle();
    expect(journal.batches.map(({ versions }) => versions.length)).toEqual([1, 10]);
    journal.batches[1]!.done();
    expect(await Promise.all(rest)).toEqual(Array.from({ length: 10 }, (_, i) => i + 2));
  });

  it('acknowledges nothing after a failed sync, and says why it is not ready', async () => {
    const { journal, store } = held();
    const kept = store.create('/r/kept', bytes('x'), calm);
    await settle();
    journal.batches[0]!.done();
    await kept;
    const lost = store.create('/r/lost', bytes('x'), calm);
    await settle();
    const queued = store.create('/r/queued', bytes('x'), calm);
    journal.failure = new Error('EIO: i/o error, fdatasync');
    journal.batches[1]!.fail(journal.failure);
    const unavailable = { code: 'Unavailable', message: 'the store cannot write: EIO: i/o error, fdatasync' };
    await expect(lost).rejects.toMatchObject(unavailable);
    await expect(queued).rejects.toMatchObject(unavailable);
    await expect(store.create('/r/later', bytes('x'), calm)).rejects.toMatchObject(unavailable);
    await expect(store.ready(calm)).rejects.toMatchObject(unavailable);
    expect(journal.batches).toHaveLength(2);
    expect((await store.range('/r/', calm)).items.map((item) => item.key)).toEqual(['/r/kept']);
  });

  it('refuses while the disk is full, and goes on by itself when it is not', async () => {
    const { journal, store } = held();
    const refused = store.create('/r/a', bytes('a'), calm);
    await settle();
    journal.batches[0]!.fail(new Error('ENOSPC: no space left on device, write'));
    await expect(refused).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await store.read('/r/a', calm)).toBeUndefined();

    const asked = store.ready(calm);
    journal.batches[1]!.fail(new Error('ENOSPC: no space left on device, write'));
    await expect(asked).rejects.toMatchObject({ code: 'Unavailable' });
    const askedAgain = store.ready(calm);
    journal.batches[2]!.done();
    await askedAgain;

    const writing = store.create('/r/a', bytes('a'), calm);
    await settle();
    journal.batches[3]!.done();
    await writing;
    expect((await store.read('/r/a', calm))?.value.toString()).toBe('a');
    await store.ready(calm);
  });

  it('is not ready once its journal has failed by itself', async () => {
    const { journal, store } = held();
    await store.ready(calm);
    journal.failure = new Error("the journal's thread has ended");
    await expect(store.ready(calm)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('forgets history by time, keeps what is newest, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock, limits });
    const first = await store.create('/r/a', bytes('1'), calm);
    const gone = await store.create('/r/gone', bytes('x'), calm);
    await store.update('/r/a', bytes('2'), first, calm);
    await store.delete('/r/gone', gone, calm);
    await clock.advance(200_000);
    const last = await store.create('/r/b', bytes('1'), calm);
    expect((await store.range('/r/', { ...calm, at: gone })).items.map(({ key }) => key)).toEqual(['/r/a', '/r/gone']);
    await clock.advance(100_000);
    await expect(store.range('/r/', { ...calm, at: gone })).rejects.toMatchObject({ code: 'Compacted' });
    expect((await store.range('/r/', { ...calm, at: last })).items.map(({ value }) => value.toString())).toEqual([
      '2',
      '1',
    ]);
    await store[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });
});
