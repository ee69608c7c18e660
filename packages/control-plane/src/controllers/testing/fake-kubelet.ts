import type { Pod } from '@geobuk/api';
import { keyOf, pods } from '@geobuk/api';
import type { FakeClient, FakeClock } from '@geobuk/client/testing';
import { rfc3339 } from '../rfc3339.js';

export interface FakeKubelet {
  readonly client: FakeClient;
  readonly clock: FakeClock;
}

const signal = new AbortController().signal;

const write = async ({ client }: FakeKubelet, pod: Pod, status: NonNullable<Pod['status']>): Promise<void> => {
  await client.updateStatus(pods, { ...pod, status: { ...pod.status, ...status } }, { signal });
};

/** Makes a pod run and be ready. */
export async function startPod(kubelet: FakeKubelet, pod: Pod): Promise<void> {
  const lastTransitionTime = rfc3339(kubelet.clock.now());
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
  await write(kubelet, pod, { phase: 'Running', conditions, startTime: lastTransitionTime });
}

/** Ends a pod as its container's exit code has it. */
export async function finishPod(kubelet: FakeKubelet, pod: Pod, exitCode: number): Promise<void> {
  const finishedAt = rfc3339(kubelet.clock.now());
  const ended = { name: 'c', image: 'i:1', imageID: '', ready: false, restartCount: 0 };
  await write(kubelet, pod, {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: finishedAt }],
    containerStatuses: [{ ...ended, state: { terminated: { exitCode, finishedAt } } }],
  });
}

/** Takes a pod away that is being deleted. */
export async function removePod({ client }: FakeKubelet, pod: Pod): Promise<void> {
  await client.delete(pods, keyOf(pod), { signal, gracePeriodSeconds: 0 });
}

/** Every pod that should run does, and every pod that should go is gone. */
export async function turnKubelet(kubelet: FakeKubelet): Promise<void> {
  for (const pod of kubelet.client.stored(pods)) {
    if (pod.metadata.deletionTimestamp !== undefined) await removePod(kubelet, pod);
    else if ((pod.status?.phase ?? 'Pending') === 'Pending') await startPod(kubelet, pod);
  }
}
