import { describe, expect, it } from 'vitest';
import { allSettledOrThrow } from '@geobuk/client';
import { isReasonOf } from './is-reason-of.js';

describe('isReasonOf', () => {
  const waits = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

  it('knows the end of several parts that were all told to stop for no failure', async () => {
    const stop = new AbortController();
    const all = allSettledOrThrow([waits(stop.signal), allSettledOrThrow([waits(stop.signal), waits(stop.signal)])]);
    const ended = all.catch((error: unknown) => error);
    stop.abort(new Error('got SIGTERM'));
    expect(await ended).toBeInstanceOf(AggregateError);
    expect(isReasonOf(await ended, stop.signal)).toBe(true);
  });

  it('tells a real failure beside it, and any error before the signal fired', async () => {
    const stop = new AbortController();
    const failure = new Error('disk full');
    expect(isReasonOf(failure, stop.signal)).toBe(false);
    expect(isReasonOf(undefined, stop.signal)).toBe(false);
    const all = allSettledOrThrow([waits(stop.signal), Promise.reject(failure)]).catch((error: unknown) => error);
    stop.abort(new Error('got SIGTERM'));
    expect(isReasonOf(await all, stop.signal)).toBe(false);
  });
});
