import type { Pod, StatefulSet, StatefulSetStatus } from '@geobuk/api';
import { scaledValue } from '../deployment/rolling-update.js';
import { hashOf } from '../history/controller-history.js';
import { availableInMs, isPodAvailable, isPodReady } from '../pod-state.js';
import { ordinalOf, startOrdinal } from './stateful-set-identity.js';

/** Names of the two revisions a set moves between. */
export interface Revisions {
  readonly current: string;
  readonly update: string;
}

export interface StatefulSetDiff {
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[];
  readonly remove: readonly Pod[];
  /** Those of `remove` that go because the set shrank: their claims follow the retention policy. */
  readonly condemned: readonly Pod[];
  /** When the clock alone lets the next step be taken. */
  readonly wakeAfterMs: number | undefined;
}

const leaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const finished = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
const runsReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);

/**
 * The next step of a set. Pure. Its name being its identity, a pod is made only when no pod of that name is left.
 * Follows: StatefulSet control: replicas in ascending order, then those beyond the range in descending order, then the update
 * from the highest ordinal down; `OrderedReady` takes one step and waits until it is done, `Parallel` takes all.
 */
export function diffStatefulSet(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  now: number,
): StatefulSetDiff {
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const minReady = set.spec.minReadySeconds ?? 0;
  const available = (pod: Pod): boolean => runsReady(pod) && isPodAvailable(pod, minReady, now);
  const healthy = (pod: Pod | undefined): boolean => pod !== undefined && !leaving(pod) && available(pod);
  const { replicas, condemned } = sorted(set, pods);
  const waits = pods.map((pod) => availableInMs(pod, minReady, now)).filter((wait) => wait !== undefined && wait > 0);
  const plan = {
    create: [] as { ordinal: number; revision: string }[],
    remove: [] as Pod[],
    condemned: [] as Pod[],
    wakeAfterMs: waits.length === 0 ? undefined : Math.min(...(waits as number[])),
  };
  if (leavingSet(set)) return plan;

  let failed = false;
  for (const [index, pod] of replicas.entries()) {
    if (pod === undefined) plan.create.push(newReplica(set, startOrdinal(set) + index, revisions));
    else if (finished(pod)) {
      failed = true;
      if (!leaving(pod)) plan.remove.push(pod);
    }
    if (ordered && !(healthy(pod) && !failed)) return plan;
  }
  if (failed) return plan;

  // The first pod that is not well may go; the others wait for it.
  const firstUnhealthy = [...replicas, ...condemned].find((pod) => pod !== undefined && !healthy(pod));
  for (const pod of condemned) {
    if (leaving(pod)) {
      if (ordered) return plan;
      continue;
    }
    if (ordered && !available(pod) && pod !== firstUnhealthy) return plan;
    plan.remove.push(pod);
    plan.condemned.push(pod);
    if (ordered) return plan;
  }

  if (set.spec.updateStrategy?.type === 'OnDelete') return plan;
  plan.remove.push(...outdated(set, replicas, revisions, healthy));
  return plan;
}

const leavingSet = (set: StatefulSet): boolean => set.metadata.deletionTimestamp !== undefined;

/** Pods by place in the set; those outside, highest first. */
function sorted(
  set: StatefulSet,
  pods: readonly Pod[],
): { readonly replicas: readonly (Pod | undefined)[]; readonly condemned: readonly Pod[] } {
  const start = startOrdinal(set);
  const count = set.spec.replicas ?? 1;
  const replicas = Array.from({ length: count }, (): Pod | undefined => undefined);
  const outside: { readonly pod: Pod; readonly ordinal: number }[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    if (ordinal >= start && ordinal < start + count) replicas[ordinal - start] = pod;
    else outside.push({ pod, ordinal });
  }
  return { replicas, condemned: outside.sort((a, b) => b.ordinal - a.ordinal).map(({ pod }) => pod) };
}

/** Below the partition, and while no update runs over all, a lost pod comes back as it was. */
function newReplica(set: StatefulSet, ordinal: number, revisions: Revisions): { ordinal: number; revision: string } {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  const kept =
    rollingUpdate === undefined
      ? type === 'RollingUpdate'
        ? (set.status?.currentReplicas ?? 0)
        : 0
      : (rollingUpdate.partition ?? 0);
  return { ordinal, revision: ordinal < startOrdinal(set) + kept ? revisions.current : revisions.update };
}

/** Pods of an old revision that may go now: from the highest ordinal down, as many as may be unavailable. */
function outdated(
  set: StatefulSet,
  replicas: readonly (Pod | undefined)[],
  revisions: Revisions,
  healthy: (pod: Pod | undefined) => boolean,
): readonly Pod[] {
  const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const limit = Math.max(1, scaledValue(maxUnavailable ?? 1, replicas.length, true));
  // With a limit of one an unhealthy pod is passed only once it is of the new revision: it may be the one to replace.
  let budget = limit === 1 ? 1 : limit - replicas.filter((pod) => !healthy(pod)).length;
  const remove: Pod[] = [];
  for (let index = replicas.length - 1; index >= partition && budget > 0; index -= 1) {
    const pod = replicas[index];
    if (pod !== undefined && hashOf(pod) !== revisions.update && !leaving(pod)) {
      remove.push(pod);
      budget -= 1;
    } else if (limit === 1 && !healthy(pod)) return remove;
  }
  return remove;
}

/** The status that these pods amount to. */
export function statefulSetStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  now: number,
): StatefulSetStatus {
  const minReady = set.spec.minReadySeconds ?? 0;
  const mine = pods.filter((pod) => ordinalOf(set, pod) !== undefined);
  const present = mine.filter((pod) => !leaving(pod));
  const ready = mine.filter(runsReady);
  const count = (revision: string): number => present.filter((pod) => hashOf(pod) === revision).length;
  const available = ready.filter((pod) => isPodAvailable(pod, minReady, now)).length;
  const updated = count(revisions.update);
  const complete =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    updated === mine.length &&
    available === mine.length &&
    mine.length === (set.spec.replicas ?? 1);
  return {
    replicas: mine.length,
    readyReplicas: ready.length,
    availableReplicas: available,
    currentReplicas: complete ? updated : count(revisions.current),
    updatedReplicas: updated,
    currentRevision: complete ? revisions.update : revisions.current,
    updateRevision: revisions.update,
    observedGeneration: set.metadata.generation,
    collisionCount: set.status?.collisionCount ?? 0,
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  };
}
