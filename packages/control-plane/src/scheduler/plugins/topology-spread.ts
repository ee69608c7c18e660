import type { LabelRequirements, LabelSelector, Pod, TopologySpreadConstraint } from '@geobuk/api';
import { formatLabelSelector, labelSelectorOf, matchesLabels, matchesNodeAffinity, untolerated } from '@geobuk/api';
import { ownLabels } from '../affinity-term.js';
import { nodeChanged } from '../cluster-event.js';
import type { DomainCounts } from '../domain-counts.js';
import type { NodeInfo, PodInfo } from '../node-info.js';
import type { ClusterSnapshot, SchedulerPlugin, Scores } from '../plugin.js';
import { maxScore } from '../plugin.js';
import type { PodTopologySpreadArgs } from '../scheduler-config.js';

const skewed = { reason: "node(s) didn't match pod topology spread constraints", preemptionHelps: true } as const;
const noDomain = {
  reason: "node(s) didn't match pod topology spread constraints (missing required label)",
  preemptionHelps: false,
} as const;

const hostname = 'kubernetes.io/hostname';

/** What a cluster asks of every workload that asks for nothing itself. Follows: systemDefaultConstraints. */
export const systemConstraints: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly counts: DomainCounts;
  /** 1 when the pod would count towards its own constraint. */
  readonly self: 0 | 1;
}

interface SpreadState {
  readonly constraints: readonly Constraint[];
  /** For scores: the rarer a domain, the more a pod in it weighs. */
  readonly weights: readonly number[];
  /** Nodes without all of these labels get no points. */
  readonly required: readonly string[];
}

export interface SpreadDeps {
  /** The selector of the Services and workloads that a pod is part of; absent when it is part of none. */
  readonly selectorOf: (pod: Pod) => LabelSelector | undefined;
}

/**
 * Spreads like pods over domains: hard constraints refuse nodes, soft ones score them.
 * Follows: PodTopologySpread.
 */
export function topologySpread(args: PodTopologySpreadArgs, { selectorOf }: SpreadDeps): SchedulerPlugin<SpreadState> {
  const { defaultingType = 'System', defaultConstraints = [] } = args;
  const defaults = defaultingType === 'System' ? systemConstraints : defaultConstraints;

  /** The pod's own constraints, or the default ones with the selector of its workload. */
  const constraintsOf = (pod: Pod, mode: string): readonly TopologySpreadConstraint[] => {
    const own = pod.spec.topologySpreadConstraints ?? [];
    if (own.length > 0) return own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === mode);
    const wanted = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === mode);
    if (wanted.length === 0) return wanted;
    const labelSelector = selectorOf(pod);
    return labelSelector === undefined ? [] : wanted.map((constraint) => ({ ...constraint, labelSelector }));
  };

  return {
    name: 'PodTopologySpread',
    weight: 2,

    preFilter(pod, cluster) {
      const constraints = constraintsOf(pod.pod, 'DoNotSchedule');
      if (constraints.length === 0) return 'skip';
      return { state: { ...stateOf(pod, constraints, true, cluster), weights: [] } };
    },

    filter(_pod, node, { constraints }) {
      for (const { topologyKey, maxSkew, minDomains, counts, self } of constraints) {
        if (node.labels[topologyKey] === undefined) return noDomain;
        // Too few domains count as if an empty one were missing.
        const fewest = counts.size < minDomains ? 0 : counts.fewest;
        if ((counts.at(node) ?? 0) + self - fewest > maxSkew) return skewed;
      }
      return undefined;
    },

    preScore(pod, nodes, cluster) {
      const constraints = constraintsOf(pod.pod, 'ScheduleAnyway');
      if (constraints.length === 0) return 'skip';
      const own = (pod.pod.spec.topologySpreadConstraints ?? []).length > 0;
      const requireAll = own || defaultingType !== 'System';
      const state = stateOf(pod, constraints, requireAll, cluster);
      const weights = state.constraints.map(({ topologyKey }) =>
        Math.log(domainsAmong(nodes, topologyKey, state.required) + 2),
      );
      return { state: { ...state, weights } };
    },

    score(_pod, node, { constraints, weights, required }) {
      if (lacks(node, required)) return -1;
      let score = 0;
      for (let i = 0; i < constraints.length; i += 1) {
        const { topologyKey, counts, maxSkew } = constraints[i] as Constraint;
        if (node.labels[topologyKey] === undefined) continue;
        // A small skew allowed makes few pods matter less. Follows: scoreForCount.
        score += (counts.at(node) ?? 0) * (weights[i] as number) + (maxSkew - 1);
      }
      return Math.round(score);
    },

    /** The emptiest domain becomes 100; nodes that are in none of the domains 0. */
    normalize(scores: Scores) {
      let least = Infinity;
      let most = -Infinity;
      for (const score of scores) {
        if (score < 0) continue;
        if (score < least) least = score;
        if (score > most) most = score;
      }
      for (let i = 0; i < scores.length; i += 1) {
        const score = scores[i] as number;
        if (score < 0) scores[i] = 0;
        else scores[i] = most === 0 ? maxScore : Math.trunc((maxScore * (most + least - score)) / most);
      }
    },

    wokenBy: (event) =>
      event.kind === 'podPlaced' ||
      event.kind === 'podGone' ||
      event.kind === 'podRelabelled' ||
      nodeChanged(event, 'added', 'labels', 'taints'),
    helps(event, { pod }) {
      if (event.kind !== 'podPlaced' && event.kind !== 'podGone') return true;
      return constraintsOf(pod, 'DoNotSchedule').some((constraint) =>
        matchesLabels(selectorFor(pod, constraint), event.pod.metadata.labels),
      );
    },
  };
}

function stateOf(
  pod: PodInfo,
  wanted: readonly TopologySpreadConstraint[],
  requireAll: boolean,
  cluster: ClusterSnapshot,
): Omit<SpreadState, 'weights'> {
  const required = requireAll ? wanted.map(({ topologyKey }) => topologyKey) : [];
  const constraints = wanted.map((constraint): Constraint => {
    const selector = selectorFor(pod.pod, constraint);
    const { topologyKey, maxSkew, minDomains = 1 } = constraint;
    const counts = countsFor(pod.pod, constraint, selector, required, cluster);
    return { topologyKey, maxSkew, minDomains, counts, self: matchesLabels(selector, pod.pod.metadata.labels) ? 1 : 0 };
  });
  return { constraints, required };
}

const selectorFor = (
  pod: Pod,
  { labelSelector, matchLabelKeys }: Pick<TopologySpreadConstraint, 'labelSelector' | 'matchLabelKeys'>,
): LabelRequirements => [...labelSelectorOf(labelSelector), ...ownLabels(pod, matchLabelKeys, 'in')];

/**
 * Pods of the selector by domain, of nodes that take part: those with all topology keys and, as the policies say, those
 * that the pod's affinity names and whose taints it tolerates.
 */
function countsFor(
  pod: Pod,
  { topologyKey, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: TopologySpreadConstraint,
  selector: LabelRequirements,
  required: readonly string[],
  cluster: ClusterSnapshot,
): DomainCounts {
  const namespace = pod.metadata.namespace ?? '';
  const { nodeSelector, affinity, tolerations } = pod.spec;
  const wants = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const byAffinity = nodeAffinityPolicy === 'Honor' && (nodeSelector !== undefined || wants !== undefined);
  const byTaints = nodeTaintsPolicy === 'Honor';
  const key = JSON.stringify([
    'spread',
    namespace,
    topologyKey,
    formatLabelSelector(selector),
    required,
    byAffinity ? [nodeSelector, wants] : 0,
    byTaints ? [tolerations] : 0,
  ]);
  return cluster.counts(key, namespace, () => ({
    // Pods on their way out make room soon, so they no longer count.
    selects: (other) =>
      other.pod.metadata.namespace === namespace &&
      other.pod.metadata.deletionTimestamp === undefined &&
      matchesLabels(selector, other.pod.metadata.labels),
    domainOf(node) {
      if (lacks(node, required)) return undefined;
      if (byAffinity && !matchesNodeAffinity(node, pod.spec)) return undefined;
      if (byTaints && untolerated(tolerations, node.hardTaints) !== undefined) return undefined;
      return node.labels[topologyKey];
    },
  }));
}

function lacks({ labels }: NodeInfo, required: readonly string[]): boolean {
  for (const key of required) if (labels[key] === undefined) return true;
  return false;
}

function domainsAmong(nodes: readonly NodeInfo[], topologyKey: string, required: readonly string[]): number {
  if (topologyKey === hostname) {
    let count = 0;
    for (const node of nodes) if (!lacks(node, required)) count += 1;
    return count;
  }
  const seen = new Set<string>();
  for (const node of nodes) {
    const domain = node.labels[topologyKey];
    if (domain !== undefined && !lacks(node, required)) seen.add(domain);
  }
  return seen.size;
}
