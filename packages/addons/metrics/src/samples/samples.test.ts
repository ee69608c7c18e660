import { describe, expect, it } from 'vitest';
import { History } from './history.js';
import type { ContainerMeasurement, Measurement } from './measurement.js';
import { usageBetween } from './measurement.js';
import { SampleStore, containerSeries, nodeSeries } from './sample-store.js';

const at = (timestampMs: number, cpuSeconds: number, startTimeMs?: number): Measurement => ({
  timestampMs,
  cpuSeconds,
  workingSetBytes: 1024,
  startTimeMs,
});

describe('usageBetween', () => {
  it('is processor time over time', () => {
    expect(usageBetween(at(0, 1), at(15_000, 4), 15_000)).toEqual({
      timestampMs: 15_000,
      windowMs: 15_000,
      cpuCores: 0.2,
      workingSetBytes: 1024,
    });
  });

  it.each([
    ['one measurement of something old', undefined, at(1_000_000, 4, 0)],
    ['one measurement of a node', undefined, at(1_000_000, 4)],
    ['something younger than 10 s', undefined, at(9_000, 1, 0)],
    ['the same measurement twice', at(15_000, 4), at(15_000, 4)],
    ['a counter that fell', at(0, 4), at(15_000, 3)],
  ])('says nothing about %s', (_, before, now) => {
    expect(usageBetween(before, now, 15_000)).toBeUndefined();
  });

  it('takes the start of a young container as its first measurement', () => {
    expect(usageBetween(undefined, at(12_000, 6, 0), 15_000)).toMatchObject({ windowMs: 12_000, cpuCores: 0.5 });
  });

  it('forgets what was before a restart', () => {
    expect(usageBetween(at(1_000, 100, 0), at(16_000, 6, 4_000), 15_000)).toMatchObject({
      windowMs: 12_000,
      cpuCores: 0.5,
    });
  });
});

describe('History', () => {
  const stepMs = 15_000;
  const open = (slots = 4, maxSeries = 10) => new History({ stepMs, slots, maxSeries });

  it('gives steps oldest first, and NaN for gaps and for what is not yet known', () => {
    const history = open();
    history.add('a', 0, 0.5, 2048);
    history.add('a', 2 * stepMs, 1.5, 4096);
    expect(history.times(3 * stepMs, 4)).toEqual([0, stepMs, 2 * stepMs, 3 * stepMs]);
    expect(history.read('a', 3 * stepMs, 4)).toEqual({
      cpuCores: [0.5, NaN, 1.5, NaN],
      workingSetBytes: [2048, NaN, 4096, NaN],
    });
  });

  it('writes over what is older than it holds, and leaves nothing of the last round in gaps', () => {
    const history = open();
    for (let step = 0; step < 6; step++) history.add('a', step * stepMs, step, 0);
    expect(history.read('a', 5 * stepMs, 4)?.cpuCores).toEqual([2, 3, 4, 5]);
    history.add('a', 20 * stepMs, 7, 0);
    expect(history.read('a', 20 * stepMs, 4)?.cpuCores).toEqual([NaN, NaN, NaN, 7]);
    history.add('a', 22 * stepMs, 8, 0);
    expect(history.read('a', 22 * stepMs, 4)?.cpuCores).toEqual([NaN, 7, NaN, 8]);
  });

  it('gives as many steps as asked for, and never more than it holds', () => {
    const history = open();
    history.add('a', 3 * stepMs, 1, 0);
    expect(history.read('a', 3 * stepMs, 2)?.cpuCores).toEqual([NaN, 1]);
    expect(history.times(3 * stepMs, 100)).toHaveLength(4);
    expect(history.read('a', 3 * stepMs, 100)?.cpuCores).toHaveLength(4);
  });

  it('keeps to its bound: the series that was silent longest goes', () => {
    const history = open(4, 2);
    history.add('a', 0, 1, 0);
    history.add('b', 0, 1, 0);
    history.add('a', stepMs, 1, 0);
    history.add('c', stepMs, 1, 0);
    expect([...history.ids()].sort()).toEqual(['a', 'c']);
    expect(history.sizeBytes).toBe(2 * 4 * 8);
  });

  it('forgets a series that was silent for all the time it holds', () => {
    const history = open();
    history.add('gone', 0, 1, 0);
    history.add('alive', 4 * stepMs, 1, 0);
    history.forgetSilent(3 * stepMs);
    expect(history.seriesCount).toBe(2);
    history.forgetSilent(4 * stepMs);
    expect([...history.ids()]).toEqual(['alive']);
  });

  it('an hour at 15 s of 5000 series takes less than 10 MB', () => {
    const history = new History({ stepMs, slots: 240, maxSeries: 5_000 });
    for (let i = 0; i < 6_000; i++) history.add(`series ${i}`, 0, 1, 1);
    expect(history.seriesCount).toBe(5_000);
    expect(history.sizeBytes).toBeLessThan(10_000_000);
  });
});

describe('SampleStore', () => {
  const open = () =>
    new SampleStore({ history: new History({ stepMs: 15_000, slots: 4, maxSeries: 10 }), resolutionMs: 15_000 });
  const container = (
    name: string,
    timestampMs: number,
    cpuSeconds: number,
    startTimeMs = -1e6,
  ): ContainerMeasurement => ({
    ...at(timestampMs, cpuSeconds, startTimeMs),
    namespace: 'default',
    pod: 'web',
    container: name,
  });

  it('knows a pod when all of its containers have two measurements', () => {
    const store = open();
    store.put('n', { node: at(0, 0), containers: [container('a', 0, 0)] }, 0);
    expect(store.node('n')).toBeUndefined();
    expect(store.pod('default', 'web')).toBeUndefined();
    store.put('n', { node: at(15_000, 3), containers: [container('a', 15_000, 3), container('b', 15_000, 1)] }, 15_000);
    expect(store.node('n')).toMatchObject({ cpuCores: 0.2 });
    expect(store.pod('default', 'web')).toBeUndefined();
    store.put('n', { node: at(30_000, 3), containers: [container('a', 30_000, 3), container('b', 30_000, 4)] }, 30_000);
    expect(store.pod('default', 'web')).toMatchObject([
      { name: 'a', cpuCores: 0 },
      { name: 'b', cpuCores: 0.2 },
    ]);
    expect([...store.history.ids()].sort()).toEqual([
      containerSeries('default', 'web', 'a'),
      containerSeries('default', 'web', 'b'),
      nodeSeries('n'),
    ]);
  });

  it('forgets the pods of a node that is dropped, but not those that moved to another', () => {
    const store = open();
    const seen = (node: string, turn: number): void =>
      store.put(node, { node: undefined, containers: [container('a', turn, turn / 15_000)] }, turn);
    seen('one', 0);
    seen('one', 15_000);
    seen('two', 30_000);
    seen('two', 45_000);
    store.drop('one');
    expect(store.pod('default', 'web')).toMatchObject([{ timestampMs: 45_000 }]);
    store.drop('two');
    expect(store.pod('default', 'web')).toBeUndefined();
  });
});
