import type { Pod, PodDisruptionBudget } from '@geobuk/api';
import { labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { PodInfo } from '../node-info.js';

/** Pods on one node that would have to go. */
export interface Victims {
  readonly node: string;
  /** The most important first. */
  readonly pods: readonly PodInfo[];
  /** How many of them a disruption budget protects. */
  readonly violations: number;
}

const startOf = ({ metadata, status }: Pod): string => status?.startTime ?? metadata.creationTimestamp ?? '';

/** The most important first: priority, then running longer. Follows: MoreImportantPod. */
export const byImportance = (a: PodInfo, b: PodInfo): number =>
  a.priority !== b.priority ? b.priority - a.priority : startOf(a.pod) < startOf(b.pod) ? -1 : 1;

/** Splits pods into those whose loss breaks a disruption budget, in this order, and the rest. Follows: filterPodsWithPDBViolation. */
export function splitByBudgets(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: readonly PodInfo[]; readonly others: readonly PodInfo[] } {
  const left = budgets.map((budget) => ({
    namespace: budget.metadata.namespace,
    selector: labelSelectorOf(budget.spec?.selector),
    disrupted: budget.status?.disruptedPods ?? {},
    allowed: budget.status?.disruptionsAllowed ?? 0,
  }));
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) {
    const { metadata } = info.pod;
    let violates = false;
    for (const budget of left) {
      if (budget.namespace !== metadata.namespace || budget.selector.length === 0) continue;
      if (!matchesLabels(budget.selector, metadata.labels)) continue;
      if (budget.disrupted[metadata.name ?? ''] !== undefined) continue; // counted by the budget already
      budget.allowed -= 1;
      if (budget.allowed < 0) violates = true;
    }
    (violates ? violating : others).push(info);
  }
  return { violating, others };
}

/**
 * The node whose victims hurt least: fewest broken budgets, then the lowest highest priority, the lowest sum of
 * priorities, the fewest, and of these the one whose most important victims started last.
 * Follows: pickOneNodeForPreemption.
 */
export function leastPainful(candidates: readonly Victims[]): Victims | undefined {
  let best: Victims | undefined;
  for (const candidate of candidates) if (best === undefined || compare(candidate, best) < 0) best = candidate;
  return best;
}

function compare(a: Victims, b: Victims): number {
  const [first, other] = [a.pods[0]?.priority ?? 0, b.pods[0]?.priority ?? 0];
  return (
    a.violations - b.violations ||
    first - other ||
    weightOf(a) - weightOf(b) ||
    a.pods.length - b.pods.length ||
    (earliestTop(a) > earliestTop(b) ? -1 : earliestTop(a) < earliestTop(b) ? 1 : 0)
  );
}

/** Negative priorities must not make more victims look better than fewer, so all are lifted above zero. */
const weightOf = ({ pods }: Victims): number => pods.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0);

function earliestTop({ pods }: Victims): string {
  const top = pods[0]?.priority;
  let earliest = '\uffff';
  for (const { pod, priority } of pods) if (priority === top && startOf(pod) < earliest) earliest = startOf(pod);
  return earliest;
}
