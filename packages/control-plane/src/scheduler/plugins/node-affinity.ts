import type { NodeSelectorTerm, Pod } from '@geobuk/api';
import { matchesNodeAffinity, matchesNodeSelectorTerm } from '@geobuk/api';
import { nodeChanged } from '../cluster-event.js';
import type { SchedulerPlugin } from '../plugin.js';
import { normalizeTo100 } from '../plugin.js';
import type { NodeAffinityArgs } from '../scheduler-config.js';

const refused = { reason: "node(s) didn't match Pod's node affinity/selector", preemptionHelps: false } as const;
const refusedByProfile = {
  reason: "node(s) didn't match scheduler-enforced node affinity",
  preemptionHelps: false,
} as const;

/**
 * Keeps pods on nodes that `nodeSelector` and required affinity name; prefers those of preferred terms. A profile can add
 * an affinity to all its pods.
 * Follows: NodeAffinity.
 */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): SchedulerPlugin {
  const addedTerms = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const addedPreferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    name: 'NodeAffinity',
    weight: 2,

    preFilter({ pod }) {
      const { nodeSelector, affinity } = pod.spec;
      const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
      if (addedTerms === undefined && terms === undefined && nodeSelector === undefined) return 'skip';
      return { state: undefined, only: namedNodes(terms) };
    },

    filter({ pod }, node) {
      if (addedTerms !== undefined && !addedTerms.some((term) => matchesNodeSelectorTerm(node, term)))
        return refusedByProfile;
      return matchesNodeAffinity(node, pod.spec) ? undefined : refused;
    },

    preScore: ({ pod }) =>
      addedPreferred.length === 0 && preferredTerms(pod).length === 0 ? 'skip' : { state: undefined },

    score({ pod }, node) {
      let total = 0;
      for (const terms of [addedPreferred, preferredTerms(pod)])
        for (const { weight, preference } of terms) if (matchesNodeSelectorTerm(node, preference)) total += weight;
      return total;
    },

    normalize: normalizeTo100,
    wokenBy: (event) => nodeChanged(event, 'added', 'labels'),
    helps: (event, { pod }) =>
      event.kind !== 'node' ||
      matchesNodeAffinity({ name: event.node.metadata.name ?? '', labels: event.node.metadata.labels ?? {} }, pod.spec),
  };
}

const preferredTerms = (pod: Pod) =>
  pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** The nodes that every term names by `metadata.name`, as DaemonSet pods do; absent when a term names none. */
function namedNodes(terms: readonly NodeSelectorTerm[] | undefined): ReadonlySet<string> | undefined {
  if (terms === undefined || terms.length === 0) return undefined;
  const named = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const byName = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    const [first, ...rest] = byName;
    if (first === undefined) return undefined;
    for (const name of first.values ?? []) if (rest.every(({ values }) => values?.includes(name))) named.add(name);
  }
  return named;
}
