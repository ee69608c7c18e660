import { describe, expect, it } from 'vitest';
import { FakeClock } from './testing/fake-clock.js';
import { WorkQueue } from './work-queue.js';

const open = (): { queue: WorkQueue<string>; clock: FakeClock; signal: AbortSignal; stop: AbortController } => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const queue = new WorkQueue<string>({ name: 'test', clock, idOf: (key) => key });
  return { queue, clock, stop, signal: stop.signal };
};

describe('WorkQueue', () => {
  it('gives keys out in the order they came', async () => {
    const { queue, signal } = open();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect([await queue.take({ signal }), await queue.take({ signal }), await queue.take({ signal })]).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('makes one run of many adds', async () => {
    const { queue, signal } = open();
    queue.add('a');
    queue.add('a');
    expect(await queue.take({ signal })).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('runs a key once more when it is added while running, and not at the same time', async () => {
    const { queue, signal } = open();
    queue.add('a');
    await queue.take({ signal });
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await queue.take({ signal })).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('wakes one waiting worker for each key', async () => {
    const { queue, signal } = open();
    const taken = Promise.all([queue.take({ signal }), queue.take({ signal })]);
    queue.add('a');
    queue.add('b');
    expect((await taken).sort()).toEqual(['a', 'b']);
  });

  it('lets a waiting worker go when the signal fires', async () => {
    const { queue, signal, stop } = open();
    const taken = queue.take({ signal });
    stop.abort(new Error('stopping'));
    await expect(taken).rejects.toThrow('stopping');
    queue.add('a');
    expect(queue.length).toBe(1);
  });

  it('adds delayed keys when their time has come, the earlier of two times', async () => {
    const { queue, clock } = open();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 100);
    queue.addAfter('a', 5000);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('backs off from 5 ms to 1000 s for each key alone, and forgets after success', async () => {
    const { queue, clock, signal } = open();
    const delays: number[] = [];
    for (let attempt = 0; attempt < 20; attempt += 1) {
      queue.addBackedOff('a');
      const start = clock.now();
      const taken = queue.take({ signal }).then(() => delays.push(clock.now() - start));
      await clock.advance(1_000_000);
      await taken;
      queue.done('a');
    }
    expect(delays.slice(0, 3)).toEqual([5, 10, 20]);
    expect(delays.slice(-2)).toEqual([1_000_000, 1_000_000]);
    expect(queue.failures('a')).toBe(20);
    queue.forget('a');
    queue.addBackedOff('a');
    queue.addBackedOff('b');
    await clock.advance(5);
    expect(queue.length).toBe(2);
  });

  it('leaves no timer behind when cleared', () => {
    const { queue, clock } = open();
    queue.addAfter('a', 100);
    queue.add('b');
    queue.clear();
    expect([clock.pending, queue.length]).toEqual([0, 0]);
  });

  it('refuses a done without a take', () => {
    expect(() => open().queue.done('x')).toThrow('x is done but was never taken');
  });

  it('tells its metrics how long keys waited and were worked on', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    const queue = new WorkQueue<string>({
      name: 'q',
      clock,
      idOf: (key) => key,
      metrics: {
        added: (name, length) => seen.push(`${name} added ${length}`),
        taken: (_, waitedMs, length) => seen.push(`taken ${waitedMs} ${length}`),
        finished: (_, workedMs) => seen.push(`finished ${workedMs}`),
        retried: () => seen.push('retried'),
      },
    });
    queue.add('a');
    await clock.advance(7);
    await queue.take({ signal: new AbortController().signal });
    await clock.advance(3);
    queue.done('a');
    queue.addBackedOff('a');
    expect(seen).toEqual(['q added 1', 'taken 7 0', 'finished 3', 'retried']);
  });
});
