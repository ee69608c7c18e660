import { backOff } from '@geobuk/client';
import type { Client, Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { readTrustAnchors } from './trust-anchors.js';
import type { TrustAnchors } from './trust-anchors.js';

export interface TrustAnchorsDeps {
  readonly client: Pick<Client, 'read'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Logger;
}

/** The front proxy's authority changes once in years; a look now and then is cheaper than a watch for ever. */
const lookEveryMs = 300_000;
/** An API server that starts beside this program, or is busy, answers within moments. */
const retry = { initialMs: 500, maxMs: 30_000, jitter: 0.2 };

/**
 * Tells `read` whom to trust, each time it was read, until the signal fires. While the API does not answer, what was told
 * last holds, and it is asked again: a program that has numbers to gather does not end for want of an answer.
 */
export async function followTrustAnchors(
  { client, clock, log }: TrustAnchorsDeps,
  read: (anchors: TrustAnchors) => void,
  signal: AbortSignal,
): Promise<void> {
  const delays = backOff(retry);
  while (!signal.aborted) {
    let waitMs = lookEveryMs;
    try {
      read(await readTrustAnchors(client, signal));
      delays.reset();
    } catch (error) {
      if (signal.aborted) throw error;
      waitMs = delays.next();
      log.warn({ err: error, againInMs: Math.round(waitMs) }, 'the API does not say whom to trust: it stays as it was');
    }
    await clock.after(waitMs, { signal });
  }
}
