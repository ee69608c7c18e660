import type { Logger } from 'pino';
import { allSettledOrThrow } from './all-settled-or-throw.js';
import type { Clock } from './clock.js';
import type { Controller } from './controller.js';
import type { Informers } from './informer.js';
import { createKeyRunner } from './key-runner.js';
import type { RunnerMetrics } from './key-runner.js';
import type { LoopState } from './pass-log.js';

export interface RunnerDeps {
  /** Each may have keys of its own kind. */
  readonly controllers: readonly Controller<unknown>[];
  /** Run by whoever composes; the runner only waits for those it needs. */
  readonly informers: Informers;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics?: RunnerMetrics | undefined;
}

/** Turns the loops of controllers. */
export interface Runner {
  /** Starts each controller when the informers it watches are synced; resolves after an abort, when all have ended. */
  run(signal: AbortSignal): Promise<void>;
  loops(): readonly LoopState[];
}

export function createRunner({ controllers, informers, log, clock, metrics }: RunnerDeps): Runner {
  const loops = controllers.map((controller) => {
    const { name, concurrency } = controller;
    const runner = createKeyRunner<unknown>({
      name,
      concurrency,
      clock,
      log: log.child({ controller: name }),
      metrics,
      interruptible: false,
      reconcile: (key, context) => controller.reconcile(key, context),
    });
    // Asked for here and not in run, so that the informers' own start finds them all.
    const sources = controller.watches.map((source) => ({ source, informer: informers.of(source.type, source.scope) }));
    return { runner, sources };
  });

  return {
    async run(signal) {
      await allSettledOrThrow(
        loops.map(async ({ runner, sources }) => {
          const subscriptions = sources.map(({ source, informer }) =>
            informer.subscribe({
              changed: (now, before) => {
                for (const key of source.keysOf(now, before)) runner.add(key);
              },
            }),
          );
          try {
            await allSettledOrThrow(sources.map(({ informer }) => informer.whenSynced(signal)));
            await runner.run(signal);
          } catch (error) {
            if (!signal.aborted) throw error;
          } finally {
            for (const subscription of subscriptions) subscription[Symbol.dispose]();
          }
        }),
      );
    },
    loops: () => loops.map(({ runner }) => runner.loop()),
  };
}
