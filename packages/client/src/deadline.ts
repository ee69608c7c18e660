import { systemClock } from './clock.js';
import type { Clock } from './clock.js';
import { onAbort } from './on-abort.js';

/** The reason of a signal that {@link deadline} fired. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';

  constructor(timeoutMs: number) {
    super(`gave up after ${timeoutMs} ms`);
  }
}

/**
 * A signal that follows `parent` and fires by itself after `timeoutMs`. Dispose it when the work is over.
 * Linked by hand: `AbortSignal.any` over a long-lived parent keeps memory for every call.
 */
export function deadline(
  parent: AbortSignal,
  timeoutMs: number,
  clock: Clock = systemClock,
): Disposable & { readonly signal: AbortSignal } {
  const linked = followSignal(parent);
  const timer = clock.timer(timeoutMs, () => linked.abort(new DeadlineError(timeoutMs)));
  return {
    signal: linked.signal,
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
      linked[Symbol.dispose]();
    },
  };
}

/** A signal that follows `parent` and can be fired alone. Dispose it when the work is over. */
export function followSignal(
  parent: AbortSignal,
): Disposable & { readonly signal: AbortSignal; abort(reason: unknown): void } {
  const own = new AbortController();
  if (parent.aborted) own.abort(parent.reason);
  const following = onAbort(parent, () => own.abort(parent.reason));
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    [Symbol.dispose]: () => following[Symbol.dispose](),
  };
}
