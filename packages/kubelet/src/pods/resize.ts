import type { Container, Pod, PodCondition } from '@geobuk/api';
import { bytesOf, cpuMillis, deepEqual } from '@geobuk/api';
import { podRequests } from './resources.js';

export type Resources = NonNullable<Container['resources']>;

/** What each container may have, by name: the spec's wish once the node agreed to it. */
export type Allocation = ReadonlyMap<string, Resources>;

export interface PendingResize {
  /** The node can never give it, or not now. */
  readonly reason: 'Infeasible' | 'Deferred';
  readonly message: string;
}

export interface ResizeFacts {
  readonly allocatable: Readonly<Record<string, string>>;
  /** The other pods on the node, as they were allocated. */
  readonly others: readonly Pod[];
}

const containersOf = (pod: Pod): readonly Container[] => [...(pod.spec.initContainers ?? []), ...pod.spec.containers];

export const wishOf = (pod: Pod): Allocation =>
  new Map(containersOf(pod).map(({ name, resources = {} }) => [name, resources]));

/** What an earlier kubelet gave its running containers; the wish where nothing ran yet. */
export function writtenAllocation(pod: Pod): Allocation {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const written = new Map(
    [...containerStatuses, ...initContainerStatuses].flatMap(({ name, resources }) =>
      resources === undefined ? [] : [[name, resources] as const],
    ),
  );
  return new Map(containersOf(pod).map(({ name, resources = {} }) => [name, written.get(name) ?? resources]));
}

/** The pod as the node has agreed to run it. */
export function allocatedPod(pod: Pod, allocation: Allocation): Pod {
  const { spec } = pod;
  const changed = containersOf(pod).some(({ name, resources = {} }) => !sameAmounts(resources, allocation.get(name)));
  if (!changed) return pod;
  const given = (container: Container): Container => ({
    ...container,
    resources: { ...container.resources, ...allocation.get(container.name) },
  });
  return {
    ...pod,
    spec: {
      ...spec,
      containers: spec.containers.map(given),
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(given) }),
    },
  };
}

/** Whether the node can give a running pod what it wants now. Follows: canResizePod. Pure. */
export function pendingResize(pod: Pod, { allocatable, others }: ResizeFacts): PendingResize | undefined {
  const wanted = podRequests(pod);
  const used = others.map(podRequests);
  const amounts = [
    ['cpu', wanted.cpuMillis, used.reduce((sum, one) => sum + one.cpuMillis, 0), cpuMillis(allocatable['cpu'] ?? '0')],
    [
      'memory',
      wanted.memoryBytes,
      used.reduce((sum, one) => sum + one.memoryBytes, 0),
      bytesOf(allocatable['memory'] ?? '0'),
    ],
  ] as const;
  for (const [name, requested, , capacity] of amounts) {
    if (requested <= capacity) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
    return { reason: 'Infeasible', message };
  }
  for (const [name, requested, taken, capacity] of amounts) {
    if (requested + taken <= capacity) continue;
    const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${taken}, capacity: ${capacity}`;
    return { reason: 'Deferred', message };
  }
  return undefined;
}

/** Only cpu and memory can change in place. */
const amountsOf = (resources: Resources | undefined): Readonly<Record<string, number>> => {
  const found: Record<string, number> = {};
  for (const list of ['limits', 'requests'] as const) {
    const { cpu, memory } = resources?.[list] ?? {};
    if (cpu !== undefined) found[`${list}.cpu`] = cpuMillis(cpu);
    if (memory !== undefined) found[`${list}.memory`] = bytesOf(memory);
  }
  return found;
};

export const sameAmounts = (a: Resources | undefined, b: Resources | undefined): boolean =>
  deepEqual(amountsOf(a), amountsOf(b));

export const sameAllocation = (a: Allocation, b: Allocation): boolean =>
  [...a].every(([name, resources]) => sameAmounts(resources, b.get(name)));

/** Whether the change needs a new start of the container. Follows: resizePolicy. */
export function needsRestart({ resources, resizePolicy = [] }: Container, applied: Resources): boolean {
  const [now, before] = [amountsOf(resources), amountsOf(applied)];
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      ['limits', 'requests'].some((list) => now[`${list}.${resourceName}`] !== before[`${list}.${resourceName}`]),
  );
}

type Wanted = Pick<PodCondition, 'type' | 'status'> & Partial<Pick<PodCondition, 'reason' | 'message'>>;

/** How a resize stands, for people. */
export function resizeConditions(
  pending: PendingResize | undefined,
  inProgress: { readonly error: string | undefined } | undefined,
): readonly Wanted[] {
  const found: Wanted[] = [];
  if (pending !== undefined) found.push({ type: 'PodResizePending', status: 'True', ...pending });
  if (inProgress !== undefined) {
    const { error } = inProgress;
    const why = error === undefined ? {} : { reason: 'Error', message: error };
    found.push({ type: 'PodResizeInProgress', status: 'True', ...why });
  }
  return found;
}
