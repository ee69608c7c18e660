import { matchesNodeAffinity, matchesNodeSelectorTerm } from '@geobuk/api';
import type { SchedulerPlugin } from '../plugin.js';
import { normalizeTo100 } from '../plugin.js';

/** Keeps pods on nodes that `nodeSelector` and required affinity name; prefers those of preferred terms. Follows: NodeAffinity. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,

  filter: ({ pod }, node) =>
    matchesNodeAffinity(node, pod.spec)
      ? undefined
      : { reason: "node(s) didn't match Pod's node affinity/selector", preemptionHelps: false },

  score({ pod }, node) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return preferred.reduce(
      (total, { weight, preference }) => total + (matchesNodeSelectorTerm(node, preference) ? weight : 0),
      0,
    );
  },

  normalize: normalizeTo100,
};
