import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { DeadlineError, deadline } from './deadline.js';
import { FakeClock } from './testing/fake-clock.js';

describe('deadline', () => {
  it('fires after its time', async () => {
    const clock = new FakeClock();
    using limit = deadline(new AbortController().signal, 100, clock);
    await clock.advance(99);
    expect(limit.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(limit.signal.reason).toBeInstanceOf(DeadlineError);
  });

  it('follows its parent, also one that has fired already', () => {
    const parent = new AbortController();
    using early = deadline(parent.signal, 100);
    parent.abort(new Error('stop'));
    using late = deadline(parent.signal, 100);
    expect((early.signal.reason as Error).message).toBe('stop');
    expect((late.signal.reason as Error).message).toBe('stop');
  });

  it('listens once to its parent however often it is used, and leaves no timer behind', () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    for (let i = 0; i < 100; i += 1) {
      using _limit = deadline(parent.signal, 100, clock);
    }
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
