import { onAbort } from './on-abort.js';

/** Where time comes from, so that tests can hold it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once after `ms`, unless disposed of before. */
  timer(ms: number, callback: () => void): Disposable;
  /** Resolves after `ms`; rejects with `signal.reason` after an abort. */
  after(ms: number, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** The longest delay setTimeout takes; more would fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

function systemTimer(ms: number, callback: () => void): Disposable {
  const delay = Math.max(0, ms);
  let handle: NodeJS.Timeout;
  const arm = (left: number): void => {
    const step = Math.min(left, longestTimeoutMs);
    handle = setTimeout(() => (left > step ? arm(left - step) : callback()), step);
  };
  arm(delay);
  return { [Symbol.dispose]: () => clearTimeout(handle) };
}

/** The promise form of a clock's timer; shared by every clock. */
export function afterBy(
  timer: Clock['timer'],
  ms: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const running = timer(ms, () => {
      waiting[Symbol.dispose]();
      resolve();
    });
    const waiting = onAbort(signal, () => {
      running[Symbol.dispose]();
      reject(signal.reason as Error);
    });
  });
}

export const systemClock: Clock = {
  now: () => Date.now(),
  timer: systemTimer,
  after: (ms, options) => afterBy(systemTimer, ms, options),
};
