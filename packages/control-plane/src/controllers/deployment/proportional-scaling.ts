import type { Deployment, ReplicaSet } from '@geobuk/api';
import { desiredReplicasAnnotation, maxReplicasAnnotation, oldestFirst } from './revisions.js';
import type { Scale } from './rolling-update.js';
import { fenceposts, specReplicas, sum } from './rolling-update.js';

const annotated = (rs: ReplicaSet, annotation: string): number | undefined => {
  const value = Number.parseInt(rs.metadata.annotations?.[annotation] ?? '', 10);
  return Number.isNaN(value) ? undefined : value;
};

/** Whether `spec.replicas` changed since the ReplicaSets were last sized. Follows: isScalingEvent. */
export const isScalingEvent = (deployment: Deployment, owned: readonly ReplicaSet[]): boolean =>
  owned.some((rs) => {
    const desired = annotated(rs, desiredReplicasAnnotation);
    return specReplicas(rs) > 0 && desired !== undefined && desired !== (deployment.spec.replicas ?? 1);
  });

/**
 * Sizes after a change of `spec.replicas`: a single active ReplicaSet takes it all; in the middle of a rollout each takes a
 * share in proportion to its size, the remainder going to the largest. Follows: deployment scale().
 */
export function scaleProportionally(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Scale[] {
  const wanted = deployment.spec.replicas ?? 1;
  const everyone = newest === undefined ? old : [...old, newest];
  const active = everyone.filter((rs) => specReplicas(rs) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? [...old].sort(oldestFirst).at(-1);
    return only === undefined || specReplicas(only) === wanted ? [] : [{ replicaSet: only, replicas: wanted }];
  }
  if (newest !== undefined && isSaturated(deployment, newest)) {
    return old.filter((rs) => specReplicas(rs) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  }
  if (deployment.spec.strategy?.type === 'Recreate') return [];

  const allowed = wanted > 0 ? wanted + fenceposts(deployment).maxSurge : 0;
  const toAdd = allowed - sum(active, specReplicas);
  if (toAdd === 0) return [];
  const bySize = [...active].sort(
    (a, b) => specReplicas(b) - specReplicas(a) || (toAdd > 0 ? oldestFirst(b, a) : oldestFirst(a, b)),
  );
  const shares = new Map<ReplicaSet, number>();
  let added = 0;
  for (const rs of bySize) {
    const share = fraction(deployment, rs, allowed);
    const left = toAdd - added;
    const taken = toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    shares.set(rs, taken);
    added += taken;
  }
  return bySize.map((replicaSet, i) => ({
    replicaSet,
    replicas: Math.max(0, specReplicas(replicaSet) + (shares.get(replicaSet) ?? 0) + (i === 0 ? toAdd - added : 0)),
  }));
}

function fraction(deployment: Deployment, rs: ReplicaSet, allowed: number): number {
  if ((deployment.spec.replicas ?? 1) === 0) return -specReplicas(rs);
  const before = annotated(rs, maxReplicasAnnotation) || deployment.status?.replicas || allowed;
  return Math.round((specReplicas(rs) * allowed) / before) - specReplicas(rs);
}

function isSaturated(deployment: Deployment, rs: ReplicaSet): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    specReplicas(rs) === wanted &&
    annotated(rs, desiredReplicasAnnotation) === wanted &&
    (rs.status?.availableReplicas ?? 0) === wanted
  );
}
