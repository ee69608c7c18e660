import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '@geobuk/api';
import { scaledValue } from '../deployment/rolling-update.js';
import { isPodReady } from '../pod-state.js';
import { rfc3339 } from '../rfc3339.js';

/** An eviction that was allowed but whose deletion nobody saw is believed for this long. Follows: DeletionTimeout. */
const deletionTimeoutMs = 120_000;

export interface BudgetDiff {
  readonly status: PodDisruptionBudgetStatus;
  readonly wakeAfterMs: number | undefined;
}

/** Whether a budget is counted against what the pods' owners want, and not against the pods there are. */
export const countsOwners = ({ spec }: PodDisruptionBudget): boolean =>
  spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';

/**
 * What a budget allows. Pure. Follows: disruption controller.
 * @param scale sum of the replicas that the pods' owners want; what matters for percentages and `maxUnavailable`.
 */
export function diffBudget(budget: PodDisruptionBudget, pods: readonly Pod[], scale: number, now: number): BudgetDiff {
  const { maxUnavailable, minAvailable } = budget.spec;
  const expectedPods = countsOwners(budget) ? scale : pods.length;
  const desiredHealthy =
    maxUnavailable === undefined
      ? minAvailable === undefined
        ? 0
        : scaledValue(minAvailable, expectedPods, true)
      : Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, true));
  const disrupted = new Map<string, string>();
  let wakeAfterMs: number | undefined;
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const left = Date.parse(time) + deletionTimeoutMs - now;
    if (left <= 0) continue;
    disrupted.set(name, time);
    wakeAfterMs = Math.min(wakeAfterMs ?? left, left);
  }
  const currentHealthy = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && isPodReady(pod) && !disrupted.has(pod.metadata.name ?? ''),
  ).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  return {
    status: {
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      ...(disrupted.size === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }),
      observedGeneration: budget.metadata.generation,
      conditions: withCondition(
        budget,
        disruptionsAllowed > 0 ? 'True' : 'False',
        disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
        '',
        now,
      ),
    },
    wakeAfterMs,
  };
}

/** Nothing may be disrupted while the numbers are not known. */
export const failedBudget = (budget: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus => ({
  ...budget.status,
  disruptionsAllowed: 0,
  observedGeneration: budget.metadata.generation,
  conditions: withCondition(budget, 'False', 'SyncFailed', message, now),
});

function withCondition(
  { status: before, metadata }: PodDisruptionBudget,
  status: 'True' | 'False',
  reason: string,
  message: string,
  now: number,
): readonly Condition[] {
  const type = 'DisruptionAllowed';
  const known = before?.conditions?.find((condition) => condition.type === type);
  const lastTransitionTime = known?.status === status ? known.lastTransitionTime : rfc3339(now);
  const { generation: observedGeneration } = metadata;
  const condition = { type, status, reason, message, lastTransitionTime, observedGeneration };
  return [...(before?.conditions ?? []).filter((other) => other.type !== type), condition];
}
