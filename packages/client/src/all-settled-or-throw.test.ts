import { describe, expect, it } from 'vitest';
import { allSettledOrThrow } from './all-settled-or-throw.js';

describe('allSettledOrThrow', () => {
  it('gives the values in order', async () => {
    expect(await allSettledOrThrow([Promise.resolve(1), 2])).toEqual([1, 2]);
  });

  it('waits for the slow ones before it throws the one failure as it is', async () => {
    let slowEnded = false;
    const failure = new Error('first');
    const slow = new Promise<void>((resolve) =>
      setImmediate(() => {
        slowEnded = true;
        resolve();
      }),
    );
    await expect(allSettledOrThrow([Promise.reject(failure), slow])).rejects.toBe(failure);
    expect(slowEnded).toBe(true);
  });

  it('gathers several failures', async () => {
    const error: unknown = await allSettledOrThrow([
      Promise.reject(new Error('a')),
      Promise.reject(new Error('b')),
      1,
    ]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).message).toBe('2 of 3 failed, first: a');
  });
});
