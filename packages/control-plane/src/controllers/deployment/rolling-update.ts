import type { Deployment, ReplicaSet } from '@geobuk/api';
import { oldestFirst } from './revisions.js';

/** Wanted number of pods of one ReplicaSet. */
export interface Scale {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

export const specReplicas = (rs: ReplicaSet): number => rs.spec.replicas ?? 1;
/** A set that is just told to shrink still shows the pods that are about to go: they must not be counted on. */
const available = (rs: ReplicaSet): number => Math.min(rs.status?.availableReplicas ?? 0, specReplicas(rs));
export const sum = (all: readonly ReplicaSet[], of: (rs: ReplicaSet) => number): number =>
  all.reduce((total, rs) => total + of(rs), 0);

/** An absolute number or a percentage of `total`. Surge rounds up, unavailability down. */
export function scaledValue(value: number | string | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) return scaledValue('25%', total, roundUp);
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) return Number.parseInt(value, 10) || 0;
  const exact = (Number(percent) * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}

/** How far a rollout may stray from `spec.replicas`. Follows: ResolveFenceposts: both zero would stand still, so one may go. */
export function fenceposts(deployment: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const replicas = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const maxSurge = scaledValue(rolling?.maxSurge, replicas, true);
  const maxUnavailable = scaledValue(rolling?.maxUnavailable, replicas, false);
  if (maxSurge === 0 && maxUnavailable === 0) return { maxSurge: 0, maxUnavailable: 1 };
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

/** Size of the new ReplicaSet in this step. Follows: NewRSNewReplicas. */
export function newReplicaSetSize(deployment: Deployment, current: number, total: number): number {
  const wanted = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === 'Recreate' || current >= wanted) return wanted;
  const room = wanted + fenceposts(deployment).maxSurge - total;
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}

/**
 * How far the old ReplicaSets may shrink in this step: unhealthy pods first, then as many as availability allows, oldest first.
 * Follows: reconcileOldReplicaSets.
 */
export function shrinkOld(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): readonly Scale[] {
  const active = old.filter((rs) => specReplicas(rs) > 0).sort(oldestFirst);
  if (active.length === 0) return [];
  const minAvailable = (deployment.spec.replicas ?? 1) - fenceposts(deployment).maxUnavailable;
  const all = [...active, newest];
  const newUnavailable = specReplicas(newest) - available(newest);
  let budget = sum(all, specReplicas) - minAvailable - newUnavailable;
  if (budget <= 0) return [];

  const sizes = new Map(active.map((rs) => [rs, specReplicas(rs)]));
  for (const rs of active) {
    const unhealthy = Math.min(budget, Math.max(0, specReplicas(rs) - available(rs)));
    sizes.set(rs, specReplicas(rs) - unhealthy);
    budget -= unhealthy;
  }
  let surplus = sum(all, available) - minAvailable;
  for (const rs of active) {
    if (surplus <= 0) break;
    const size = sizes.get(rs) ?? 0;
    const fewer = Math.min(size, surplus);
    sizes.set(rs, size - fewer);
    surplus -= fewer;
  }
  return active
    .map((replicaSet) => ({ replicaSet, replicas: sizes.get(replicaSet) ?? 0 }))
    .filter(({ replicaSet, replicas }) => replicas !== specReplicas(replicaSet));
}
