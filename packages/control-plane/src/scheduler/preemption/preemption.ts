import type { PodDisruptionBudget } from '@geobuk/api';
import type { ClusterState } from '../cluster-state.js';
import type { Unschedulable } from '../decision.js';
import { describeRefusals } from '../decision.js';
import type { NodeRefusal, Nominations } from '../filtering.js';
import { prefilter, refusalWithNominated } from '../filtering.js';
import type { Framework } from '../framework.js';
import type { NodeInfo, PodInfo } from '../node-info.js';
import type { Victims } from './victims.js';
import { byImportance, leastPainful, splitByBudgets } from './victims.js';

export type Preemption =
  | { readonly kind: 'victims'; readonly victims: Victims }
  /** `keepNomination`: an earlier preemption is still under way. */
  | { readonly kind: 'none'; readonly message: string; readonly keepNomination: boolean };

export interface PreemptionInput {
  readonly pod: PodInfo;
  readonly cluster: ClusterState;
  readonly framework: Framework;
  readonly decision: Unschedulable;
  readonly nominations: Nominations;
  readonly budgets: readonly PodDisruptionBudget[];
  /** Index of the first candidate node. */
  readonly start: number;
}

const plugin = 'DefaultPreemption';
const noVictims: NodeRefusal = {
  plugin,
  refusal: { reason: 'No preemption victims found for incoming pod', preemptionHelps: false },
};
const notHelpful: NodeRefusal = {
  plugin,
  refusal: { reason: 'Preemption is not helpful for scheduling', preemptionHelps: false },
};

/**
 * Whom to push out for a pod that fits nowhere. Tries each node out in the cluster state itself and puts everything back.
 * Follows: DefaultPreemption.
 */
export function findVictims(input: PreemptionInput): Preemption {
  const { pod, cluster, framework, decision, start } = input;
  const refusal = ineligible(pod, cluster);
  if (refusal !== undefined) return { kind: 'none', message: refusal, keepNomination: true };

  const { nodes } = cluster;
  const refusals = new Map<string, NodeRefusal>();
  const candidates = nodes.filter(({ name }) => decision.refusals.get(name)?.refusal.preemptionHelps === true);
  for (const { name } of nodes) refusals.set(name, notHelpful);
  const { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 } = framework.preemptionArgs ?? {};
  const wanted = Math.max(
    Math.floor((candidates.length * minCandidateNodesPercentage) / 100),
    minCandidateNodesAbsolute,
  );
  const found: Victims[] = [];
  const before = candidates.length === 0 ? undefined : prefilter(pod, cluster, framework);
  if (before?.kind === 'filters') {
    for (let i = 0; i < candidates.length; i += 1) {
      const node = candidates[(start + i) % candidates.length] as NodeInfo;
      const result = tryNode(input, node, before.filters);
      if ('plugin' in result) refusals.set(node.name, result);
      else found.push(result);
      if (found.length >= wanted && found.some(({ violations }) => violations === 0)) break;
    }
  }
  const victims = leastPainful(found);
  if (victims !== undefined) return { kind: 'victims', victims };
  return { kind: 'none', message: describeRefusals(nodes.length, refusals), keepNomination: false };
}

/** Follows: PodEligibleToPreemptOthers. */
function ineligible({ pod, priority }: PodInfo, cluster: ClusterState): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const promised = cluster.byName.get(pod.status?.nominatedNodeName ?? '');
  for (const other of promised?.pods.values() ?? []) {
    const leaving =
      other.pod.metadata.deletionTimestamp !== undefined &&
      other.pod.status?.conditions?.some(
        ({ type, status, reason }) =>
          type === 'DisruptionTarget' && status === 'True' && reason === 'PreemptionByScheduler',
      );
    if (other.priority < priority && leaving === true)
      return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

/** Without all pods of lower priority; then the most important come back, as long as the pod still fits. */
function tryNode(
  { pod, cluster, budgets, nominations }: PreemptionInput,
  node: NodeInfo,
  filters: Parameters<typeof refusalWithNominated>[2],
): Victims | NodeRefusal {
  const lower: PodInfo[] = [];
  for (const other of node.pods.values()) if (other.priority < pod.priority) lower.push(other);
  if (lower.length === 0) return noVictims;
  lower.sort(byImportance);
  const gone = new Set(lower);
  for (const victim of lower) cluster.lift(victim, node);
  try {
    const refusal = refusalWithNominated(pod, node, filters, cluster, nominations);
    if (refusal !== undefined) return refusal;
    const { violating, others } = splitByBudgets(lower, budgets);
    let violations = 0;
    for (const victim of [...violating, ...others]) {
      cluster.place(victim, node);
      gone.delete(victim);
      if (refusalWithNominated(pod, node, filters, cluster, nominations) === undefined) continue;
      cluster.lift(victim, node);
      gone.add(victim);
      if (violating.includes(victim)) violations += 1;
    }
    if (gone.size === 0) return noVictims;
    return { node: node.name, pods: [...gone].sort(byImportance), violations };
  } finally {
    for (const victim of gone) cluster.place(victim, node);
  }
}
