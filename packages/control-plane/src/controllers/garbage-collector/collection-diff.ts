import type { OwnerReference } from '@geobuk/api';
import type { GraphNode } from './ownership-graph.js';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** How one owner of an object stands. */
export interface OwnerState {
  readonly reference: OwnerReference;
  readonly state: 'present' | 'absent' | 'deletingForeground';
}

export type Collection =
  | { readonly kind: 'nothing' }
  /** Some owners remain: the references to the others go. */
  | { readonly kind: 'unreference'; readonly uids: readonly string[] }
  | { readonly kind: 'delete'; readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan' };

/**
 * What becomes of an object in the light of its owners. Pure.
 * Follows: garbage collector attemptToDeleteItem: any solid owner keeps it; else it goes the way its finalizers ask, and in the
 * foreground when an owner waits for it and it has dependants of its own.
 */
export function diffOwners(node: GraphNode, owners: readonly OwnerState[], hasDependants: boolean): Collection {
  if (node.owners.length === 0 || node.deleting) return { kind: 'nothing' };
  const solid = owners.filter(({ state }) => state === 'present');
  const waiting = owners.filter(({ state }) => state === 'deletingForeground');
  const absent = owners.filter(({ state }) => state === 'absent');
  if (solid.length > 0) {
    const gone = [...absent, ...waiting].map(({ reference }) => reference.uid);
    return gone.length === 0 ? { kind: 'nothing' } : { kind: 'unreference', uids: gone };
  }
  if (waiting.length > 0 && hasDependants) return { kind: 'delete', propagationPolicy: 'Foreground' };
  if (node.finalizers.includes(orphanFinalizer)) return { kind: 'delete', propagationPolicy: 'Orphan' };
  if (node.finalizers.includes(foregroundFinalizer)) return { kind: 'delete', propagationPolicy: 'Foreground' };
  return { kind: 'delete', propagationPolicy: 'Background' };
}
