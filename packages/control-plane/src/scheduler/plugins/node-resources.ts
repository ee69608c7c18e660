import type { NodeInfo, PodInfo } from '../node-info.js';
import type { SchedulerPlugin } from '../plugin.js';
import { maxScore } from '../plugin.js';

const short = (resource: string, preemptionHelps: boolean): { reason: string; preemptionHelps: boolean } => ({
  reason: resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`,
  preemptionHelps,
});

/** The first resource of which the node has too little left. */
function missing(
  { requests }: PodInfo,
  { allocatable, requested }: NodeInfo,
): { reason: string; preemptionHelps: boolean } | undefined {
  if (requested.pods + 1 > allocatable.pods) return short('pods', allocatable.pods > 0);
  if (requests.cpuMillis > 0 && requested.cpuMillis + requests.cpuMillis > allocatable.cpuMillis)
    return short('cpu', requests.cpuMillis <= allocatable.cpuMillis);
  if (requests.memoryBytes > 0 && requested.memoryBytes + requests.memoryBytes > allocatable.memoryBytes)
    return short('memory', requests.memoryBytes <= allocatable.memoryBytes);
  if (
    requests.ephemeralStorageBytes > 0 &&
    requested.ephemeralStorageBytes + requests.ephemeralStorageBytes > allocatable.ephemeralStorageBytes
  ) {
    return short('ephemeral-storage', requests.ephemeralStorageBytes <= allocatable.ephemeralStorageBytes);
  }
  for (const [name, amount] of requests.scalar) {
    const total = allocatable.scalar.get(name) ?? 0;
    if (amount > 0 && (requested.scalar.get(name) ?? 0) + amount > total) return short(name, amount <= total);
  }
  return undefined;
}

/** Keeps pods off nodes without room; prefers the emptier node. Follows: NodeResourcesFit with LeastAllocated. */
export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  filter: missing,
  score(pod, node) {
    const free = (requested: number, total: number): number =>
      total === 0 || requested > total ? 0 : ((total - requested) * maxScore) / total;
    const cpu = free(node.nonZeroCpuMillis + pod.nonZeroCpuMillis, node.allocatable.cpuMillis);
    const memory = free(node.nonZeroMemoryBytes + pod.nonZeroMemoryBytes, node.allocatable.memoryBytes);
    return Math.floor((cpu + memory) / 2);
  },
};

/** Prefers nodes where CPU and memory are used evenly. Follows: NodeResourcesBalancedAllocation. */
export const nodeResourcesBalanced: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score(pod, node) {
    const { cpuMillis, memoryBytes } = node.allocatable;
    if (cpuMillis === 0 || memoryBytes === 0) return 0;
    const cpu = Math.min(1, (node.nonZeroCpuMillis + pod.nonZeroCpuMillis) / cpuMillis);
    const memory = Math.min(1, (node.nonZeroMemoryBytes + pod.nonZeroMemoryBytes) / memoryBytes);
    // The standard deviation of two fractions is half their distance.
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxScore);
  },
};
