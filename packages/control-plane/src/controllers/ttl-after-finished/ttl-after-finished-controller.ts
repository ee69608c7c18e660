import type { Job, ObjectKey } from '@geobuk/api';
import { ignoring, isNotFound, jobs, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import { conditionOf } from '../job/job-diff.js';

export interface TtlAfterFinishedControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

/** When a finished Job is to go: epoch milliseconds; undefined for never, or not yet known. Pure. */
export function jobExpiresAt(job: Job): number | undefined {
  const { ttlSecondsAfterFinished: ttl } = job.spec;
  const ended = conditionOf(job, 'Complete') ?? conditionOf(job, 'Failed');
  if (ttl === undefined || ended === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
  const at = Date.parse(ended.lastTransitionTime ?? '');
  return Number.isNaN(at) ? undefined : at + ttl * 1000;
}

/** Deletes finished Jobs when their time is over. Follows: TTL-after-finished controller. */
export class TtlAfterFinishedController implements Controller {
  readonly name = 'ttl-after-finished';
  readonly watches = [primary(jobs)];
  readonly #deps: TtlAfterFinishedControllerDeps;
  readonly #jobs: Lister<Job>;

  constructor(deps: TtlAfterFinishedControllerDeps) {
    this.#deps = deps;
    this.#jobs = deps.informers.of(jobs).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const job = this.#jobs.get(key); // check
    const at = job === undefined ? undefined : jobExpiresAt(job);
    if (at === undefined) return settled;
    if (at > clock.now()) return { requeueAfterMs: at - clock.now() };
    // Somebody may have given it more time: what the cache shows is not enough to delete by.
    const fresh = await client.read(jobs, key, { signal }).catch(ignoring(isNotFound));
    const freshAt = fresh === undefined ? undefined : jobExpiresAt(fresh);
    if (fresh === undefined || freshAt === undefined) return settled;
    if (freshAt > clock.now()) return { requeueAfterMs: freshAt - clock.now() };
    trace.found('its time after the end is over');
    const { resourceVersion } = fresh.metadata;
    await client
      .delete(jobs, key, { signal, uid: uidOf(fresh), resourceVersion, propagationPolicy: 'Foreground' })
      .catch(ignoring(isNotFound));
    trace.did('deleted it');
    return settled;
  }
}
