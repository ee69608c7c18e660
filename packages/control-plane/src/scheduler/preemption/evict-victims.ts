import type { Pod } from '@geobuk/api';
import { ignoring, isConflict, isNotFound, keyOf, pods, uidOf } from '@geobuk/api';
import type { Client, Clock, EventRecorder } from '@geobuk/client';
import { allSettledOrThrow } from '@geobuk/client';
import type { PodInfo } from '../node-info.js';
import type { Victims } from './victims.js';

export interface EvictVictimsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: Pick<EventRecorder, 'record'>;
}

/**
 * Says on each victim why it goes, and deletes it with its own grace period. Pods of lower priority that were promised
 * the same node have to look for another.
 * Follows: prepareCandidate.
 */
export async function evictVictims(
  preemptor: Pod,
  { node, pods: victims }: Victims,
  lessImportant: readonly PodInfo[],
  { client, clock, recorder }: EvictVictimsDeps,
  signal: AbortSignal,
): Promise<void> {
  const gone = ignoring((error) => isNotFound(error) || isConflict(error));
  const lastTransitionTime = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const { schedulerName = 'default-scheduler' } = preemptor.spec;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
    lastTransitionTime,
  };
  await allSettledOrThrow([
    ...victims.map(async ({ pod }) => {
      if (pod.metadata.deletionTimestamp !== undefined) return;
      const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } };
      await client.patch(pods, keyOf(pod), { type: 'strategic', body }, { signal, subresource: 'status' }).catch(gone);
      await client.delete(pods, keyOf(pod), { signal, uid: uidOf(pod) }).catch(gone);
      recorder.record(pod, 'Normal', 'Preempted', `Preempted by pod ${uidOf(preemptor)} on node ${node}`);
    }),
    ...lessImportant.map(async ({ pod }) => {
      const body = { metadata: { uid: uidOf(pod) }, status: { nominatedNodeName: null } };
      await client.patch(pods, keyOf(pod), { type: 'merge', body }, { signal, subresource: 'status' }).catch(gone);
    }),
  ]);
}
