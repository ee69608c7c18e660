import type { Node, Pod } from '@geobuk/api';
import { deepEqual } from '@geobuk/api';

export type NodeChange = 'added' | 'allocatable' | 'labels' | 'taints' | 'unschedulable';

/** Something that happened in the cluster and may open a node to a pod that waits. Follows: framework.ClusterEvent. */
export type ClusterEvent =
  | { readonly kind: 'node'; readonly changes: ReadonlySet<NodeChange>; readonly node: Node }
  /** A pod came to a node, left it, or changed its labels there. */
  | { readonly kind: 'podPlaced' | 'podGone' | 'podRelabelled'; readonly pod: Pod }
  | { readonly kind: 'claim' | 'volume' | 'storageClass' | 'csiNode' | 'storageCapacity' }
  | { readonly kind: 'namespace' };

/** What of a node changed, as far as scheduling looks at it; nothing for a heartbeat. */
export function nodeChanges(now: Node, before: Node | undefined): ReadonlySet<NodeChange> {
  if (before === undefined) return new Set<NodeChange>(['added', 'allocatable', 'labels', 'taints', 'unschedulable']);
  const changes = new Set<NodeChange>();
  if (!deepEqual(now.status?.allocatable, before.status?.allocatable)) changes.add('allocatable');
  if (!deepEqual(now.metadata.labels, before.metadata.labels)) changes.add('labels');
  if (!deepEqual(now.spec.taints, before.spec.taints)) changes.add('taints');
  if ((now.spec.unschedulable ?? false) !== (before.spec.unschedulable ?? false)) changes.add('unschedulable');
  return changes;
}

/** Whether the event is a change of a node in one of these respects. */
export const nodeChanged = (event: ClusterEvent, ...changes: readonly NodeChange[]): boolean =>
  event.kind === 'node' && changes.some((change) => event.changes.has(change));
