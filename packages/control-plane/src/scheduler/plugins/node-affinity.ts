import type { NodeSelectorRequirement, NodeSelectorTerm } from '@geobuk/api';
import type { NodeInfo } from '../node-info.js';
import type { SchedulerPlugin } from '../plugin.js';
import { normalizeTo100 } from '../plugin.js';

function matchesRequirement(value: string | undefined, { operator, values = [] }: NodeSelectorRequirement): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (value === undefined || !/^-?\d+$/.test(value)) return false;
      const limit = BigInt(values[0] ?? '0');
      return operator === 'Gt' ? BigInt(value) > limit : BigInt(value) < limit;
    }
    default:
      return false;
  }
}

/** All requirements of a term hold; an empty term matches nothing. */
export function matchesTerm(node: NodeInfo, { matchExpressions = [], matchFields = [] }: NodeSelectorTerm): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => matchesRequirement(node.labels[requirement.key], requirement)) &&
    matchFields.every(
      (requirement) => requirement.key === 'metadata.name' && matchesRequirement(node.name, requirement),
    )
  );
}

/** Keeps pods on nodes that `nodeSelector` and required affinity name; prefers those of preferred terms. Follows: NodeAffinity. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,

  filter({ pod }, node) {
    const { nodeSelector, affinity } = pod.spec;
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const selected =
      nodeSelector === undefined || Object.entries(nodeSelector).every(([key, value]) => node.labels[key] === value);
    if (selected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(node, term))))
      return undefined;
    return { reason: "node(s) didn't match Pod's node affinity/selector", preemptionHelps: false };
  },

  score({ pod }, node) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return preferred.reduce((total, { weight, preference }) => total + (matchesTerm(node, preference) ? weight : 0), 0);
  },

  normalize: normalizeTo100,
};
