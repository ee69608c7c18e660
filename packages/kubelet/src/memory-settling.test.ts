import { FakeClock } from '@geobuk/client/testing';
import { expect, it } from 'vitest';
import { MemorySettling } from './memory-settling.js';

it('garbage is collected when a burst left some, and not while there is little to win', async () => {
  const clock = new FakeClock();
  let heap = 100;
  let collections = 0;
  const stop = new AbortController();
  const collect = (): void => {
    collections++;
    heap = 50;
  };
  const run = new MemorySettling({ clock, heapBytes: () => heap, collect }).run(stop.signal);
  await clock.advance(60_000);
  expect(collections).toBe(1);
  heap = 60;
  await clock.advance(120_000);
  expect(collections).toBe(1);
  heap = 90;
  await clock.advance(60_000);
  expect(collections).toBe(2);
  stop.abort();
  await run;
});
