import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '@geobuk/api';
import { availableInMs, isPodActive, isPodAvailable, isPodReady, podCondition, restartsOf } from '../pod-state.js';

/** One reconcile touches at most this many pods. Follows: BurstReplicas. */
const burstReplicas = 500;

export interface ReplicaSetDiff {
  /** How many pods to create. */
  readonly create: number;
  /** Pods to delete, worst first. */
  readonly remove: readonly Pod[];
  /** When the clock alone makes a pod available. */
  readonly wakeAfterMs: number | undefined;
}

/**
 * What has to be done so that `spec.replicas` active pods exist. Pure.
 * @param related counts pods per node over all ReplicaSets of the same owner: deletion spreads what remains. Asked only then.
 */
export function diffReplicaSet(
  rs: ReplicaSet,
  owned: readonly Pod[],
  now: number,
  related: () => ReadonlyMap<string, number> = () => countByNode(owned),
): ReplicaSetDiff {
  const active = owned.filter(isPodActive);
  const surplus = active.length - (rs.spec.replicas ?? 1);
  const wakeAfterMs = nextAvailableInMs(active, rs.spec.minReadySeconds ?? 0, now);
  if (surplus < 0) return { create: Math.min(-surplus, burstReplicas), remove: [], wakeAfterMs };
  const remove =
    surplus === 0 ? [] : [...active].sort(deletionOrder(related(), now)).slice(0, Math.min(surplus, burstReplicas));
  return { create: 0, remove, wakeAfterMs };
}

/** When the clock alone makes the next pod available. */
function nextAvailableInMs(active: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pod of active) {
    const wait = availableInMs(pod, minReadySeconds, now);
    if (wait !== undefined && wait > 0 && (next === undefined || wait < next)) next = wait;
  }
  return next;
}

export function countByNode(pods: readonly Pod[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const pod of pods) {
    if (!isPodActive(pod) || pod.spec.nodeName === undefined) continue;
    counts.set(pod.spec.nodeName, (counts.get(pod.spec.nodeName) ?? 0) + 1);
  }
  return counts;
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCost = (pod: Pod): number =>
  Number.parseInt(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0', 10) || 0;

/**
 * Which pods go first. Follows: ActivePodsWithRanks: unassigned, pending, not ready, lower deletion cost, more crowded node,
 * shorter ready (times compared by powers of ten), more restarts, younger.
 */
function deletionOrder(related: ReadonlyMap<string, number>, now: number): (a: Pod, b: Pod) => number {
  const rank = (pod: Pod): number => related.get(pod.spec.nodeName ?? '') ?? 0;
  return (a, b) =>
    Number(a.spec.nodeName !== undefined) - Number(b.spec.nodeName !== undefined) ||
    (phaseRank[a.status?.phase ?? 'Pending'] ?? 0) - (phaseRank[b.status?.phase ?? 'Pending'] ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    byAge(readySince(a), readySince(b), now) ||
    restartsOf(b) - restartsOf(a) ||
    byAge(createdAt(a), createdAt(b), now) ||
    (a.metadata.uid ?? '').localeCompare(b.metadata.uid ?? '');
}

/** The same order for pods that are not spread over siblings. */
export const removalOrder = (now: number): ((a: Pod, b: Pod) => number) => deletionOrder(new Map(), now);

const createdAt = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
const readySince = (pod: Pod): number =>
  isPodReady(pod) ? Date.parse(podCondition(pod, 'Ready')?.lastTransitionTime ?? '') || 0 : 0;

/** Younger first; ages within the same power of two count as equal. Follows: afterOrZero with LogarithmicScaleDown. */
function byAge(a: number, b: number, now: number): number {
  if (a === b) return 0;
  if (a === 0) return -1;
  if (b === 0) return 1;
  return Math.floor(Math.log2(Math.max(1, now - a))) - Math.floor(Math.log2(Math.max(1, now - b)));
}

/** The status that these pods amount to. */
export function replicaSetStatus(
  rs: ReplicaSet,
  owned: readonly Pod[],
  now: number,
  failure: unknown,
): ReplicaSetStatus {
  const templateLabels = Object.entries(rs.spec.template?.metadata?.labels ?? {});
  const minReadySeconds = rs.spec.minReadySeconds ?? 0;
  let replicas = 0;
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  let terminatingReplicas = 0;
  // One walk: a set of thousands comes here with every event of one of its pods.
  for (const pod of owned) {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    if (pod.metadata.deletionTimestamp !== undefined) {
      terminatingReplicas += 1;
      continue;
    }
    replicas += 1;
    const labels = pod.metadata.labels ?? {};
    if (templateLabels.every(([key, value]) => labels[key] === value)) fullyLabeledReplicas += 1;
    if (!isPodReady(pod)) continue;
    readyReplicas += 1;
    if (isPodAvailable(pod, minReadySeconds, now)) availableReplicas += 1;
  }
  const known = rs.status?.conditions ?? [];
  const conditions = withReplicaFailure(known, failure, rs.spec.replicas ?? 1, replicas, now);
  return {
    replicas,
    fullyLabeledReplicas,
    readyReplicas,
    availableReplicas,
    terminatingReplicas,
    observedGeneration: rs.metadata.generation,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function withReplicaFailure(
  conditions: readonly ReplicaSetCondition[],
  failure: unknown,
  wanted: number,
  found: number,
  now: number,
): readonly ReplicaSetCondition[] {
  const others = conditions.filter(({ type }) => type !== 'ReplicaFailure');
  if (failure === undefined) return found === wanted ? others : conditions;
  const reason = found < wanted ? 'FailedCreate' : 'FailedDelete';
  const known = conditions.find(({ type }) => type === 'ReplicaFailure');
  const lastTransitionTime =
    known?.status === 'True' ? known.lastTransitionTime : new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  const message = failure instanceof Error ? failure.message : 'unknown';
  return [...others, { type: 'ReplicaFailure', status: 'True', reason, message, lastTransitionTime }];
}
