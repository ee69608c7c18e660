import type { Container, Pod } from '@geobuk/api';
import { bytesOf, cpuMillis } from '@geobuk/api';
import type { LinuxResources } from '../runtime/runtime.js';
import { isSidecar } from './pod-containers.js';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

interface Amounts {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

type ResourceList = Readonly<Record<string, string>> | undefined;

const cpuOf = (list: ResourceList): number => (list?.['cpu'] === undefined ? 0 : cpuMillis(list['cpu']));
const memoryOf = (list: ResourceList): number => (list?.['memory'] === undefined ? 0 : bytesOf(list['memory']));
const amountsOf = (list: ResourceList): Amounts => ({ cpuMillis: cpuOf(list), memoryBytes: memoryOf(list) });

const plus = (a: Amounts, b: Amounts): Amounts => ({
  cpuMillis: a.cpuMillis + b.cpuMillis,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});
const larger = (a: Amounts, b: Amounts): Amounts => ({
  cpuMillis: Math.max(a.cpuMillis, b.cpuMillis),
  memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
});
const nothing: Amounts = { cpuMillis: 0, memoryBytes: 0 };

/** A container that has a limit and no request asks for its limit. */
const requestsOf = (container: Container): ResourceList => ({
  ...container.resources?.limits,
  ...container.resources?.requests,
});

/**
 * What the pod asks of the node: main containers and sidecars together, or the hungriest init container with the
 * sidecars that started before it. Follows: resource.PodRequests, pod overhead included.
 */
export function podRequests(pod: Pod): Amounts {
  return overLife(pod, (container) => amountsOf(requestsOf(container)));
}

function overLife(pod: Pod, amountOf: (container: Container) => Amounts): Amounts {
  let sidecars = nothing;
  let init = nothing;
  for (const container of pod.spec.initContainers ?? []) {
    const own = amountOf(container);
    if (isSidecar(container)) sidecars = plus(sidecars, own);
    init = larger(init, isSidecar(container) ? sidecars : plus(sidecars, own));
  }
  const main = pod.spec.containers.reduce((sum, container) => plus(sum, amountOf(container)), sidecars);
  return plus(larger(main, init), amountsOf(pod.spec.overhead));
}

/** Follows: GetPodQOS; only cpu and memory count. */
export function qosClassOf(pod: Pod): QosClass {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass as QosClass;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    const limits = amountsOf(resources?.limits);
    const requests = amountsOf({ ...resources?.limits, ...resources?.requests });
    any ||= requests.cpuMillis > 0 || requests.memoryBytes > 0;
    guaranteed &&= limits.cpuMillis > 0 && limits.memoryBytes > 0;
    guaranteed &&= limits.cpuMillis === requests.cpuMillis && limits.memoryBytes === requests.memoryBytes;
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const cpuPeriodUs = 100_000;
const leastShares = 2;
const leastQuotaUs = 1000;

/** Follows: MilliCPUToShares. */
export const cpuShares = (millis: number): number =>
  millis === 0 ? leastShares : Math.min(262_144, Math.max(leastShares, Math.floor((millis * 1024) / 1000)));

const cpuQuota = (millis: number): number =>
  millis === 0 ? 0 : Math.max(leastQuotaUs, Math.floor((millis * cpuPeriodUs) / 1000));

/**
 * Who dies first when memory runs out. Follows: GetContainerOOMScoreAdjust: -997 for guaranteed, 1000 for best
 * effort, else the less the more memory was asked for.
 */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= 2_000_000_000) return -997;
  const qos = qosClassOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const request = memoryOf(requestsOf(container));
  const score = 1000 - Math.floor((1000 * request) / Math.max(1, nodeMemoryBytes));
  return Math.min(999, Math.max(3, score));
}

export function containerResources(pod: Pod, container: Container, nodeMemoryBytes: number): LinuxResources {
  const { limits } = container.resources ?? {};
  return {
    cpuShares: cpuShares(cpuOf(requestsOf(container))),
    cpuPeriod: cpuPeriodUs,
    cpuQuota: cpuQuota(cpuOf(limits)),
    memoryLimitBytes: memoryOf(limits),
    oomScoreAdj: oomScoreAdj(pod, container, nodeMemoryBytes),
  };
}

/** The pod's own cgroup: requests as shares; limits only when every container has one. Follows: ResourceConfigForPod. */
export function podResources(pod: Pod): LinuxResources {
  const limitsOf = (container: Container): Amounts => amountsOf(container.resources?.limits);
  const limits = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(limitsOf);
  const sum = overLife(pod, limitsOf);
  return {
    cpuShares: cpuShares(podRequests(pod).cpuMillis),
    cpuPeriod: cpuPeriodUs,
    cpuQuota: limits.every((limit) => limit.cpuMillis > 0) ? cpuQuota(sum.cpuMillis) : 0,
    memoryLimitBytes: limits.every((limit) => limit.memoryBytes > 0) ? sum.memoryBytes : 0,
    oomScoreAdj: -998,
  };
}

/** `/kubepods/burstable/pod<uid>`, below a root of the cluster's own when there is one. */
export function cgroupParentOf(pod: Pod, root: string): string {
  const qos = qosClassOf(pod);
  const group = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`;
  return `${root}/kubepods${group}/pod${pod.metadata.uid ?? ''}`;
}
