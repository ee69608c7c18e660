import { FakeClock } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { pod } from '../controllers/testing/objects.js';
import { SchedulingQueue } from './scheduling-queue.js';

const waiting = (name: string, priority = 0) => pod(name, { phase: 'Pending', spec: { priority } });
const by = (...plugins: readonly string[]): ReadonlySet<string> => new Set(plugins);
const { signal } = new AbortController();

describe('6.1.1 order', () => {
  it('priority first, then time', async () => {
    const clock = new FakeClock();
    const queue = new SchedulingQueue(clock);
    for (const item of [waiting('old'), waiting('vip', 9), waiting('young')]) {
      queue.put(item);
      await clock.advance(1);
    }
    expect([queue.take(), queue.take(), queue.take(), queue.take()].map((item) => item?.metadata.name)).toEqual([
      'vip',
      'old',
      'young',
      undefined,
    ]);
  });
});

describe('6.1.2 back-off and events', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 8_000],
    [5, 10_000],
    [9, 10_000],
  ])('after %i attempts waits %i ms', async (attempts, ms) => {
    const clock = new FakeClock();
    const queue = new SchedulingQueue(clock);
    const item = waiting('p');
    queue.put(item);
    for (let i = 1; i <= attempts; i += 1) {
      queue.take();
      queue.failed(item);
      if (i < attempts) await clock.advance(10_000);
    }
    await clock.advance(ms - 1);
    expect(queue.take()).toBeUndefined();
    await clock.advance(1);
    expect(queue.take()).toBe(item);
  });

  it('only events of a plugin that refused wake, and only after the back-off', async () => {
    const clock = new FakeClock();
    const queue = new SchedulingQueue(clock);
    const item = waiting('p');
    queue.put(item);
    queue.take();
    queue.refused(item, by('NodePorts'));
    queue.clusterChanged(by('NodeAffinity'));
    await clock.advance(2_000);
    expect(queue.take()).toBeUndefined();
    queue.clusterChanged(by('NodePorts'), () => false);
    expect(queue.take()).toBeUndefined();
    queue.clusterChanged(by('NodePorts'));
    expect(queue.take()).toBe(item);
    queue.refused(item, by('NodePorts'));
    queue.clusterChanged();
    expect(queue.take()).toBeUndefined();
    await clock.advance(2_000);
    expect(queue.take()).toBe(item);
  });

  it('what happens during an attempt is not lost', async () => {
    const clock = new FakeClock();
    const queue = new SchedulingQueue(clock);
    const item = waiting('p');
    queue.put(item);
    queue.take();
    queue.clusterChanged(by('NodePorts'));
    queue.refused(item, by('NodePorts'));
    await clock.advance(1_000);
    expect(queue.take()).toBe(item);
  });

  it('what nothing woke is tried again after five minutes', async () => {
    const clock = new FakeClock();
    const queue = new SchedulingQueue(clock);
    const item = waiting('p');
    queue.put(item);
    queue.take();
    queue.refused(item, by('NodePorts'));
    let ready = false;
    void queue.whenReady(signal).then(() => (ready = true));
    await clock.advance(299_999);
    expect([ready, queue.take()]).toEqual([false, undefined]);
    await clock.advance(1);
    expect([ready, queue.take()]).toEqual([true, item]);
  });

  it('a pod that was removed never comes out', () => {
    const queue = new SchedulingQueue(new FakeClock());
    queue.put(waiting('p'));
    queue.remove(waiting('p'));
    expect(queue.take()).toBeUndefined();
    expect(queue.sizes).toEqual({ active: 0, backoff: 0, unschedulable: 0 });
  });
});
