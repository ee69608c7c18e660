import type { Pod } from '@geobuk/api';
import type { AffinityTerm } from '../affinity-term.js';
import { onlyNamespace, termSelects } from '../affinity-term.js';
import type { ClusterEvent } from '../cluster-event.js';
import { nodeChanged } from '../cluster-event.js';
import type { DomainCounts } from '../domain-counts.js';
import type { PodInfo } from '../node-info.js';
import type { ClusterSnapshot, Scores, SchedulerPlugin } from '../plugin.js';
import { maxScore } from '../plugin.js';
import type { InterPodAffinityArgs } from '../scheduler-config.js';

const noAffinity = { reason: "node(s) didn't match pod affinity rules", preemptionHelps: false } as const;
const ownAnti = { reason: "node(s) didn't match pod anti-affinity rules", preemptionHelps: true } as const;
const othersAnti = {
  reason: "node(s) didn't satisfy existing pods anti-affinity rules",
  preemptionHelps: true,
} as const;

interface TermCounts {
  readonly term: AffinityTerm;
  /** Pods that the term selects, by its domains. */
  readonly counts: DomainCounts;
}

interface FilterState {
  readonly wanted: readonly TermCounts[];
  /** The pod fulfils all its own terms: the first of a group may start anywhere. */
  readonly selfSufficient: boolean;
  readonly unwanted: readonly TermCounts[];
  /** Domains of running pods that do not want this one near them. */
  readonly hostile: readonly DomainCounts[];
}

interface ScoreState {
  readonly parts: readonly { readonly counts: DomainCounts; readonly weight: number }[];
}

const none: readonly AffinityTerm[] = [];

/**
 * Keeps a pod in the domains of pods it must be near, and out of those of pods that it, or they, want apart; prefers as
 * preferred terms of both sides say.
 * Follows: InterPodAffinity.
 */
export function interPodAffinity(args: InterPodAffinityArgs = {}): SchedulerPlugin<FilterState & ScoreState> {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = args;
  return {
    name: 'InterPodAffinity',
    weight: 2,

    preFilter(pod, cluster) {
      const { affinity } = pod;
      const hostile: DomainCounts[] = [];
      for (const { term, owners } of cluster.termOwners.of('requiredAnti'))
        if (selects(term, pod.pod, cluster)) hostile.push(owners);
      const wanted = affinity?.required ?? none;
      const unwanted = affinity?.requiredAnti ?? none;
      if (wanted.length === 0 && unwanted.length === 0 && hostile.length === 0) return 'skip';
      const state: FilterState & ScoreState = {
        parts: [],
        wanted: wanted.map((term) => ({ term, counts: countsOfAll(wanted, term.topologyKey, cluster) })),
        selfSufficient: wanted.every((term) => selects(term, pod.pod, cluster)),
        unwanted: unwanted.map((term) => ({ term, counts: countsOfAll([term], term.topologyKey, cluster) })),
        hostile,
      };
      return { state };
    },

    filter(_pod, node, { wanted, selfSufficient, unwanted, hostile }) {
      if (wanted.length > 0) {
        let near = true;
        let nobodyYet = true;
        for (const { term, counts } of wanted) {
          if (node.labels[term.topologyKey] === undefined) return noAffinity;
          if ((counts.at(node) ?? 0) <= 0) near = false;
          if (counts.total > 0) nobodyYet = false;
        }
        if (!near && !(nobodyYet && selfSufficient)) return noAffinity;
      }
      for (const { counts } of unwanted) if ((counts.at(node) ?? 0) > 0) return ownAnti;
      for (const owners of hostile) if ((owners.at(node) ?? 0) > 0) return othersAnti;
      return undefined;
    },

    preScore(pod, _nodes, cluster) {
      const parts: { counts: DomainCounts; weight: number }[] = [];
      for (const [terms, sign] of [
        [pod.affinity?.preferred ?? none, 1],
        [pod.affinity?.preferredAnti ?? none, -1],
      ] as const) {
        for (const term of terms) {
          const counts = countsOfAll([term], term.topologyKey, cluster);
          if (counts.total > 0) parts.push({ counts, weight: sign * term.weight });
        }
      }
      const hardWeight = hardPodAffinityWeight;
      const preferring = !(ignorePreferredTermsOfExistingPods && !hasPreferences(pod));
      if (hardWeight > 0)
        for (const { term, owners } of cluster.termOwners.of('required'))
          if (selects(term, pod.pod, cluster)) parts.push({ counts: owners, weight: hardWeight });
      if (preferring) {
        for (const { term, owners } of cluster.termOwners.of('preferred'))
          if (selects(term, pod.pod, cluster)) parts.push({ counts: owners, weight: term.weight });
        for (const { term, owners } of cluster.termOwners.of('preferredAnti'))
          if (selects(term, pod.pod, cluster)) parts.push({ counts: owners, weight: -term.weight });
      }
      if (parts.length === 0) return 'skip';
      return { state: { parts, wanted: [], selfSufficient: false, unwanted: [], hostile: [] } };
    },

    score(_pod, node, { parts }) {
      let total = 0;
      for (const { counts, weight } of parts) total += (counts.at(node) ?? 0) * weight;
      return total;
    },

    /** The lowest becomes 0, the highest 100; all 0 when they are equal. */
    normalize(scores: Scores) {
      let least = Infinity;
      let most = -Infinity;
      for (const score of scores) {
        if (score < least) least = score;
        if (score > most) most = score;
      }
      for (let i = 0; i < scores.length; i += 1)
        scores[i] = most > least ? Math.trunc((maxScore * ((scores[i] as number) - least)) / (most - least)) : 0;
    },

    wokenBy: (event: ClusterEvent) =>
      event.kind === 'podPlaced' ||
      event.kind === 'podGone' ||
      event.kind === 'podRelabelled' ||
      event.kind === 'namespace' ||
      nodeChanged(event, 'added', 'labels'),
  };
}

const hasPreferences = ({ affinity }: PodInfo): boolean =>
  affinity !== undefined && affinity.preferred.length + affinity.preferredAnti.length > 0;

const selects = (term: AffinityTerm, pod: Pod, cluster: ClusterSnapshot): boolean =>
  termSelects(term, pod, (name) => cluster.labelsOfNamespace(name));

/** Pods that all the terms select, by the domains of one topology key. */
function countsOfAll(terms: readonly AffinityTerm[], topologyKey: string, cluster: ClusterSnapshot): DomainCounts {
  const key = `affinity ${topologyKey} ${terms.map((term) => term.key).join(' & ')}`;
  const [first] = terms;
  const namespace = first === undefined ? undefined : onlyNamespace(first);
  return cluster.counts(key, namespace, () => ({
    selects: ({ pod }) => terms.every((term) => selects(term, pod, cluster)),
    domainOf: ({ labels }) => labels[topologyKey],
  }));
}
