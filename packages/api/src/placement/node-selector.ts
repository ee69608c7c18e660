import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '../generated/types.js';

/** As much of a node as placement looks at. */
export interface PlacementNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

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
      const limit = values[0] ?? '';
      if (value === undefined || !/^-?\d+$/.test(value) || !/^-?\d+$/.test(limit)) return false;
      return operator === 'Gt' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
    }
    default:
      return false;
  }
}

/** All requirements of a term hold; an empty term matches nothing. Follows: nodeaffinity.MatchNodeSelectorTerms. */
export function matchesNodeSelectorTerm(
  node: PlacementNode,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => matchesRequirement(node.labels[requirement.key], requirement)) &&
    matchFields.every(
      (requirement) => requirement.key === 'metadata.name' && matchesRequirement(node.name, requirement),
    )
  );
}

/** Whether `nodeSelector` and required node affinity let a pod onto a node. Follows: GetRequiredNodeAffinity. */
export function matchesNodeAffinity(node: PlacementNode, { nodeSelector, affinity }: PodSpec): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const key in nodeSelector) if (node.labels[key] !== nodeSelector[key]) return false;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(node, term));
}
