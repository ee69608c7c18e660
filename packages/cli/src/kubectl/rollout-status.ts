import type { DaemonSet, Deployment, StatefulSet } from '@geobuk/api';
import { CliError } from '../cli-error.js';

export interface RolloutStatus {
  readonly message: string;
  readonly done: boolean;
}

/** Follows: kubectl rollout status, texts included. @throws {CliError} a rollout that has failed or has no status. */
export function rolloutStatus(object: Deployment | DaemonSet | StatefulSet): RolloutStatus {
  switch (object.kind) {
    case 'Deployment':
      return ofDeployment(object as Deployment);
    case 'DaemonSet':
      return ofDaemonSet(object as DaemonSet);
    default:
      return ofStatefulSet(object as StatefulSet);
  }
}

const waiting = (why: string): RolloutStatus => ({ message: why, done: false });
const unobserved = (kind: string): RolloutStatus => waiting(`Waiting for ${kind} spec update to be observed...`);
const isUnobserved = ({ metadata, status }: Deployment | DaemonSet | StatefulSet): boolean =>
  (metadata.generation ?? 0) > (status?.observedGeneration ?? 0);

function ofDeployment(deployment: Deployment): RolloutStatus {
  const { metadata, spec, status = {} } = deployment;
  const name = metadata.name ?? '';
  if (isUnobserved(deployment)) return unobserved('deployment');
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded')
    throw new CliError(`deployment "${name}" exceeded its progress deadline`);
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec?.replicas ?? 1;
  const start = `Waiting for deployment "${name}" rollout to finish:`;
  if (updatedReplicas < wanted)
    return waiting(`${start} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  if (replicas > updatedReplicas)
    return waiting(`${start} ${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas) {
    return waiting(`${start} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  }
  return { message: `deployment "${name}" successfully rolled out`, done: true };
}

function ofDaemonSet(daemonSet: DaemonSet): RolloutStatus {
  const { metadata, spec, status } = daemonSet;
  const name = metadata.name ?? '';
  if (spec?.updateStrategy?.type === 'OnDelete')
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  if (isUnobserved(daemonSet)) return unobserved('daemon set');
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  const start = `Waiting for daemon set "${name}" rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled) {
    return waiting(`${start} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`);
  }
  if (numberAvailable < desiredNumberScheduled) {
    return waiting(`${start} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`);
  }
  return { message: `daemon set "${name}" successfully rolled out`, done: true };
}

function ofStatefulSet(statefulSet: StatefulSet): RolloutStatus {
  const { spec, status } = statefulSet;
  if (spec?.updateStrategy?.type === 'OnDelete')
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  if (isUnobserved(statefulSet)) return waiting('Waiting for statefulset spec update to be observed...');
  const wanted = spec?.replicas ?? 1;
  const {
    readyReplicas = 0,
    updatedReplicas = 0,
    currentReplicas = 0,
    updateRevision = '',
    currentRevision = '',
  } = status ?? {};
  if (readyReplicas < wanted) return waiting(`Waiting for ${wanted - readyReplicas} pods to be ready...`);
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0) {
    const due = wanted - partition;
    if (updatedReplicas < due) {
      return waiting(
        `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${due} new pods have been updated...`,
      );
    }
    return { message: `partitioned roll out complete: ${updatedReplicas} new pods have been updated...`, done: true };
  }
  if (updateRevision !== currentRevision) {
    return waiting(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`,
    );
  }
  return {
    message: `statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`,
    done: true,
  };
}
