import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@geobuk/api';
import { fenceposts, specReplicas, sum } from './rolling-update.js';

const rfc3339 = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');

/** What a reconcile did, as far as the Progressing condition must tell of it. */
export type RolloutNews =
  | { readonly reason: 'NewReplicaSetCreated' | 'FoundNewReplicaSet'; readonly message: string }
  | { readonly reason: 'FailedCreate' | 'ReplicaSetCreateError'; readonly message: string }
  | undefined;

/** All pods are of the new template, available, and no other is left. Follows: DeploymentComplete. */
export const isComplete = (deployment: Deployment, status: DeploymentStatus): boolean => {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
};

/** The status that these ReplicaSets amount to. Pure. Follows: calculateStatus and syncRolloutStatus. */
export function deploymentStatus(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  now: number,
  news?: RolloutNews,
): DeploymentStatus {
  const all = newest === undefined ? old : [...old, newest];
  const before = deployment.status ?? {};
  const availableReplicas = sum(all, (rs) => rs.status?.availableReplicas ?? 0);
  const counts = {
    replicas: sum(all, (rs) => rs.status?.replicas ?? 0),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, (rs) => rs.status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(all, specReplicas) - availableReplicas),
  };
  const terminating = sum(all, (rs) => rs.status?.terminatingReplicas ?? 0);
  const status: DeploymentStatus = {
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0)),
    terminatingReplicas: terminating,
    observedGeneration: deployment.metadata.generation,
    ...(before.collisionCount === undefined ? {} : { collisionCount: before.collisionCount }),
  };
  const set = new Map((before.conditions ?? []).map((condition) => [condition.type, condition]));
  const put = (condition: Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>): void => {
    const known = set.get(condition.type);
    if (known?.status === condition.status && known.reason === condition.reason && known.message === condition.message)
      return;
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : rfc3339(now);
    set.set(condition.type, { ...condition, lastTransitionTime, lastUpdateTime: rfc3339(now) });
  };

  const enough = availableReplicas >= (deployment.spec.replicas ?? 1) - fenceposts(deployment).maxUnavailable;
  put(
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
  );
  const failure = all
    .flatMap((rs) => rs.status?.conditions ?? [])
    .find(({ type, status: value }) => type === 'ReplicaFailure' && value === 'True');
  if (failure === undefined) set.delete('ReplicaFailure');
  else put({ type: 'ReplicaFailure', status: 'True', reason: failure.reason, message: failure.message });
  const progressing = progressCondition(deployment, newest, status, now, news);
  if (progressing !== undefined) put(progressing);
  return { ...status, conditions: [...set.values()] };
}

/** A deadline of this length means that there is none. */
const noDeadlineSeconds = 2_147_483_647;

function progressCondition(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  status: DeploymentStatus,
  now: number,
  news: RolloutNews,
): Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'> | undefined {
  const before = deployment.status ?? {};
  const current = before.conditions?.find(({ type }) => type === 'Progressing');
  const deadline = deployment.spec.progressDeadlineSeconds ?? 600;
  if (deadline === noDeadlineSeconds) return undefined;
  if (deployment.spec.paused === true) {
    if (current?.reason === 'ProgressDeadlineExceeded') return undefined;
    return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
  }
  if (news !== undefined) {
    return {
      type: 'Progressing',
      status: news.reason.startsWith('Failed') || news.reason.endsWith('Error') ? 'False' : 'True',
      ...news,
    };
  }
  if (current?.reason === 'DeploymentPaused') {
    return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  }
  const what =
    newest === undefined
      ? `Deployment "${deployment.metadata.name ?? ''}"`
      : `ReplicaSet "${newest.metadata.name ?? ''}"`;
  if (isComplete(deployment, status)) {
    // A finished rollout stays finished while pods come and go.
    return {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `${what} has successfully progressed.`,
    };
  }
  if (
    current?.reason === 'NewReplicaSetAvailable' &&
    (status.updatedReplicas ?? 0) === (status.replicas ?? 0) &&
    before.observedGeneration === status.observedGeneration
  ) {
    return undefined;
  }
  if (hasProgressed(before, status)) {
    return { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `${what} is progressing.` };
  }
  if (hasTimedOut(deployment, current, now)) {
    return {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${what} has timed out progressing.`,
    };
  }
  return undefined;
}

/** More new pods, fewer old ones, or more ready or available. Follows: DeploymentProgressing. */
function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, current: DeploymentCondition | undefined, now: number): boolean {
  if (current === undefined || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  return (progressDeadlineInMs(deployment, current, now) ?? 1) <= 0;
}

/** Milliseconds until the rollout counts as stuck; undefined when nothing is under way. */
export function progressDeadlineInMs(
  deployment: Deployment,
  condition: DeploymentCondition | undefined,
  now: number,
): number | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds ?? 600;
  if (condition === undefined || seconds === noDeadlineSeconds || deployment.spec.paused === true) return undefined;
  if (condition.reason === 'NewReplicaSetAvailable' || condition.reason === 'ProgressDeadlineExceeded')
    return undefined;
  return Date.parse(condition.lastUpdateTime ?? '') + seconds * 1000 - now;
}
