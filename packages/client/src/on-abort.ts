/** What is to be done when a signal aborts. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `act` once when `signal` aborts, unless it is disposed of before; a signal that has aborted already calls nothing.
 * A signal walks through its listeners at every add and remove. This one has a single listener however many wait, so a long-lived signal
 * can be waited on by hundreds at once.
 */
export function onAbort(signal: AbortSignal, act: () => void): Disposable {
  const acts = waiting.get(signal) ?? listen(signal);
  // The same function may be given twice: each call stands for itself.
  const own = (): void => act();
  acts.add(own);
  return { [Symbol.dispose]: () => void acts.delete(own) };
}

function listen(signal: AbortSignal): Set<() => void> {
  const acts = new Set<() => void>();
  waiting.set(signal, acts);
  const aborted = (): void => {
    for (const act of [...acts]) act();
    acts.clear();
  };
  signal.addEventListener('abort', aborted, { once: true });
  return acts;
}
