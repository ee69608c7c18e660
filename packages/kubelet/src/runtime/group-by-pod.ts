import { podLabels } from './pod-labels.js';
import type { ContainerState, PodState, SandboxState } from './runtime.js';

/** Puts what was seen together by pod. A container whose sandbox is gone is found by its labels. */
export function groupByPod(
  sandboxes: readonly SandboxState[],
  containers: readonly ContainerState[],
): readonly PodState[] {
  const pods = new Map<string, { pod: PodState['pod']; sandboxes: SandboxState[]; containers: ContainerState[] }>();
  const entry = (pod: PodState['pod']): { sandboxes: SandboxState[]; containers: ContainerState[] } => {
    const existing = pods.get(pod.uid);
    if (existing !== undefined) return existing;
    const { name, namespace, uid } = pod;
    const created = { pod: { name, namespace, uid }, sandboxes: [], containers: [] };
    pods.set(uid, created);
    return created;
  };
  for (const sandbox of sandboxes) entry(sandbox.pod).sandboxes.push(sandbox);
  for (const container of containers) entry(ownerOf(container)).containers.push(container);
  for (const pod of pods.values()) {
    pod.sandboxes.sort((a, b) => b.pod.attempt - a.pod.attempt || b.createdAt - a.createdAt);
    pod.containers.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
  }
  return [...pods.values()];
}

const ownerOf = ({ labels }: ContainerState): PodState['pod'] => ({
  name: labels[podLabels.name] ?? '',
  namespace: labels[podLabels.namespace] ?? '',
  uid: labels[podLabels.uid] ?? '',
});
