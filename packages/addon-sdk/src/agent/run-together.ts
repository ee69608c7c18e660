import { allSettledOrThrow, followSignal } from '@geobuk/client';
import { isReasonOf } from './is-reason-of.js';

/**
 * Runs the long-lived parts of a program. When one cannot go on, the others are told to stop, so that the program ends and
 * its pod shows why, instead of living on with a part missing.
 * @throws what the first part to fail threw.
 */
export async function runTogether(
  parent: AbortSignal,
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  using all = followSignal(parent);
  await allSettledOrThrow(
    parts.map(async (part) => {
      try {
        await part(all.signal);
      } catch (error) {
        if (!all.signal.aborted) {
          all.abort(error);
          throw error;
        }
        // What others say because they were stopped is not the cause.
        if (!isReasonOf(error, all.signal)) throw error;
      }
    }),
  );
}
