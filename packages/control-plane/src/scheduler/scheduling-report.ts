import type { Pod } from '@geobuk/api';
import { ignoring, isConflict, isNotFound, keyOf, pods, uidOf } from '@geobuk/api';
import type { Client, Clock, EventRecorder } from '@geobuk/client';
import type { Logger } from 'pino';

export interface ReportDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly log: Logger;
}

/** Follows: SchedulingGates. */
export const isGated = ({ spec }: Pod): boolean => (spec.schedulingGates?.length ?? 0) > 0;

const gatedMessage = 'Scheduling is blocked due to non-empty scheduling gates';

/** Says in Event and condition why a pod waits, and which node it was promised. Never rejects. */
export async function reportRefusal(
  pod: Pod,
  message: string,
  nominatedNodeName: string | undefined,
  deps: ReportDeps,
  signal: AbortSignal,
): Promise<void> {
  deps.recorder.record(pod, 'Warning', 'FailedScheduling', message);
  await writeCondition(pod, 'Unschedulable', message, nominatedNodeName, deps, signal);
}

/** The API server says this at creation; it is said again where it did not. */
export const reportGated = (pod: Pod, deps: ReportDeps, signal: AbortSignal): Promise<void> =>
  writeCondition(pod, 'SchedulingGated', gatedMessage, pod.status?.nominatedNodeName, deps, signal);

async function writeCondition(
  pod: Pod,
  reason: string,
  message: string,
  nominatedNodeName: string | undefined,
  { client, clock, log }: ReportDeps,
  signal: AbortSignal,
): Promise<void> {
  const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const promised = pod.status?.nominatedNodeName ?? '';
  const said = known?.status === 'False' && known.reason === reason && known.message === message;
  if (said && promised === (nominatedNodeName ?? '')) return;
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const lastTransitionTime = known?.status === 'False' ? known.lastTransitionTime : now;
  const condition = { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime };
  const nomination = promised === (nominatedNodeName ?? '') ? {} : { nominatedNodeName: nominatedNodeName ?? null };
  const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition], ...nomination } };
  await client
    .patch(pods, keyOf(pod), { type: 'strategic', body }, { signal, subresource: 'status' })
    .catch(ignoring((error) => isNotFound(error) || isConflict(error)))
    .catch((error: unknown) => {
      if (!signal.aborted) log.warn({ pod: keyOf(pod), err: error }, 'could not write the PodScheduled condition');
    });
}
