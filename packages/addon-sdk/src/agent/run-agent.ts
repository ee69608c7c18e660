import type { Clock, HttpClient, Informers } from '@geobuk/client';
import { allSettledOrThrow, createHttpClient, createInformers, inClusterConfig, systemClock } from '@geobuk/client';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { agentEnvironment } from './agent-environment.js';
import type { AgentEnvironment } from './agent-environment.js';
import { isReasonOf } from './is-reason-of.js';

export interface AgentContext<Config> extends AgentEnvironment<Config> {
  readonly client: HttpClient;
  /** They run already, and stop after `run` has ended. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The life of an addon's program: environment, log to stdout as JSON, API access by the pod's ServiceAccount, a signal
 * that SIGTERM and SIGINT fire. Exits 0 when asked to, 1 when `run` fails.
 */
export async function runAgent<Config>(
  name: string,
  run: (context: AgentContext<Config>, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => stop.abort(new Error(`got ${signal}`));
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  let log = pino({ name });
  // A program that waits for nothing but the signal must not end for want of work.
  const alive = setInterval(() => undefined, 1 << 30);
  try {
    const environment = agentEnvironment<Config>(process.env);
    log = pino({ name, level: environment.logLevel });
    const client = createHttpClient(await inClusterConfig());
    const informers = createInformers({ client, log, clock: systemClock });
    const watching = new AbortController();
    const informersRun = informers.run(watching.signal);
    log.info({ node: environment.nodeName, cluster: environment.cluster.id }, 'started');
    try {
      await allSettledOrThrow([
        run({ ...environment, client, informers, clock: systemClock, log }, stop.signal).finally(() =>
          watching.abort(),
        ),
        informersRun,
      ]);
    } finally {
      await client[Symbol.asyncDispose]();
    }
    log.info('stopped');
  } catch (error) {
    if (!isReasonOf(error, stop.signal)) {
      log.fatal({ err: error }, 'cannot go on');
      process.exitCode = 1;
    }
  } finally {
    clearInterval(alive);
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}
