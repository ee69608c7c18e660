import { describe, expect, it } from 'vitest';
import { backOff, backOffDelay } from './back-off.js';

describe('backOff', () => {
  it('doubles up to the maximum and starts again after a reset', () => {
    const delays = backOff({ initialMs: 5, maxMs: 30 });
    expect([delays.next(), delays.next(), delays.next(), delays.next(), delays.next()]).toEqual([5, 10, 20, 30, 30]);
    delays.reset();
    expect(delays.next()).toBe(5);
  });

  it('adds at most the jitter share', () => {
    expect(backOffDelay({ initialMs: 100, maxMs: 1000, jitter: 0.5, random: () => 1 }, 1)).toBe(150);
    expect(backOffDelay({ initialMs: 100, maxMs: 1000, jitter: 0.5, random: () => 0 }, 1)).toBe(100);
  });

  it('stays finite after very many failures', () => {
    expect(backOffDelay({ initialMs: 5, maxMs: 1_000_000 }, 100_000)).toBe(1_000_000);
  });
});
