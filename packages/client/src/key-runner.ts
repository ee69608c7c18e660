import type { Logger } from 'pino';
import { isConflict } from '@geobuk/api';
import { allSettledOrThrow } from './all-settled-or-throw.js';
import type { BackOffPolicy } from './back-off.js';
import type { Clock } from './clock.js';
import type { ReconcileContext, ReconcileResult } from './controller.js';
import { followSignal } from './deadline.js';
import { keyId } from './key-id.js';
import { PassLog } from './pass-log.js';
import type { LoopState } from './pass-log.js';
import { WorkQueue } from './work-queue.js';
import type { WorkQueueMetrics } from './work-queue.js';

/** Told of every pass; for counters. Must be quick and must not throw. */
export interface RunnerMetrics extends WorkQueueMetrics {
  reconciled(
    loop: string,
    outcome: 'settled' | 'requeued' | 'conflict' | 'failed' | 'interrupted',
    tookMs: number,
  ): void;
}

export interface KeyRunnerOptions<Key> {
  /** In logs, metrics and the loop view. */
  readonly name: string;
  reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Keys worked on at the same time; 5 unless said. */
  readonly concurrency?: number | undefined;
  /** After failures in a row of one key; 5 ms doubling to 1000 s unless said. */
  readonly backOff?: BackOffPolicy | undefined;
  readonly metrics?: RunnerMetrics | undefined;
  /** Keys with the same id are the same key; {@link keyId} unless said. */
  readonly idOf?: ((key: Key) => string) | undefined;
  /** Whether {@link KeyRunner.interrupt} may be called; yes unless said. */
  readonly interruptible?: boolean | undefined;
}

/** The loop around one `reconcile`: queue, workers, back-off, log. What is run is always the newest wish for a key. */
export interface KeyRunner<Key> {
  add(key: Key): void;
  addAfter(key: Key, ms: number): void;
  /**
   * Aborts the pass that works on this key, if there is one, and runs the key again at once: what it was about has
   * changed too much to be worth finishing.
   */
  interrupt(key: Key): void;
  loop(): LoopState;
  /** Resolves after an abort, when every pass has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** The reason of the signal of a pass that {@link KeyRunner.interrupt} ended. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Follows: controller-runtime's controller (result, error and back-off), client-go's queue. */
export function createKeyRunner<Key>(options: KeyRunnerOptions<Key>): KeyRunner<Key> {
  const { name, clock, log, metrics, concurrency = 5, backOff, idOf = keyId, interruptible = true } = options;
  const queue = new WorkQueue<Key>({ name, clock, idOf, backOff, metrics });
  const passes = new PassLog(clock);
  const interrupts = new Map<string, (reason: Interrupted) => void>();

  const failed = (key: Key, error: unknown): 'conflict' | 'failed' => {
    queue.addBackedOff(key);
    // Somebody else wrote first: everyday life of optimistic concurrency, not a fault.
    if (isConflict(error)) {
      log.debug({ loop: name, key: idOf(key) }, 'conflict, trying again');
      return 'conflict';
    }
    log.warn(
      { loop: name, key: idOf(key), failures: queue.failures(key), err: error },
      'reconcile failed, trying again',
    );
    return 'failed';
  };

  const pass = async (key: Key, signal: AbortSignal): Promise<void> => {
    const id = idOf(key);
    // A signal of its own costs more than many a pass.
    using own = interruptible ? followSignal(signal) : undefined;
    const passSignal = own?.signal ?? signal;
    if (own !== undefined) interrupts.set(id, own.abort);
    const entry = passes.begin(id);
    const startedAt = clock.now();
    try {
      const result = await options.reconcile(key, { signal: passSignal, log, trace: entry.trace });
      entry.end();
      queue.forget(key);
      const { requeueAfterMs } = result;
      if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
      metrics?.reconciled(name, requeueAfterMs === undefined ? 'settled' : 'requeued', clock.now() - startedAt);
    } catch (error) {
      entry.end(error);
      if (passSignal.aborted) {
        // An interrupted key stands in the queue already.
        metrics?.reconciled(name, 'interrupted', clock.now() - startedAt);
        return;
      }
      const outcome = failed(key, error);
      metrics?.reconciled(name, outcome, clock.now() - startedAt);
    } finally {
      if (own !== undefined) interrupts.delete(id);
    }
  };

  const work = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const taken = await queue.take({ signal }).then(
        (key) => ({ key }),
        () => undefined,
      );
      if (taken === undefined) return;
      try {
        await pass(taken.key, signal);
      } finally {
        queue.done(taken.key);
      }
    }
  };

  return {
    add: (key) => queue.add(key),
    addAfter: (key, ms) => queue.addAfter(key, ms),
    interrupt: (key) => {
      queue.add(key);
      interrupts.get(idOf(key))?.(new Interrupted('interrupted'));
    },
    loop: () => ({
      name,
      queueLength: queue.length,
      delayed: queue.delayed,
      inFlight: queue.inFlight,
      ...passes.state(),
    }),
    run: async (signal) => {
      await allSettledOrThrow(Array.from({ length: concurrency }, () => work(signal)));
      queue.clear();
    },
  };
}
