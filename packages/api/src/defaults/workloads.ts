import { defaultClaimSpec } from './volume.js';
import { defaultPodTemplate } from './pod.js';
import { fill, within, withinEach } from './fill.js';
import type {
  DaemonSet,
  Deployment,
  PersistentVolumeClaim,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../generated/types.js';

/** Follows: SetDefaults_Deployment (apps/v1). */
export const defaultDeployment = (deployment: Deployment): Deployment =>
  within(deployment, 'spec', (spec) => {
    let result = fill(spec, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    result = within(result, 'strategy', (given) => {
      const strategy = fill(given, { type: 'RollingUpdate' });
      if (strategy.type !== 'RollingUpdate') return strategy;
      return within(fill(strategy, { rollingUpdate: {} }), 'rollingUpdate', (update) =>
        fill(update, { maxUnavailable: '25%', maxSurge: '25%' }),
      );
    });
    return within(result, 'template', defaultPodTemplate);
  });

/** Follows: SetDefaults_ReplicaSet (apps/v1). */
export const defaultReplicaSet = (replicaSet: ReplicaSet): ReplicaSet =>
  within(replicaSet, 'spec', (spec) => within(fill(spec, { replicas: 1 }), 'template', defaultPodTemplate));

/** Follows: SetDefaults_ReplicationController: selector and labels come from the template. */
export function defaultReplicationController(controller: ReplicationController): ReplicationController {
  const labels = controller.spec?.template?.metadata?.labels;
  const labelled =
    labels === undefined || Object.keys(controller.metadata.labels ?? {}).length > 0
      ? controller
      : { ...controller, metadata: { ...controller.metadata, labels } };
  return within(labelled, 'spec', (spec) =>
    within(
      fill(spec, { replicas: 1, ...(labels === undefined ? {} : { selector: labels }) }),
      'template',
      defaultPodTemplate,
    ),
  );
}

/** Follows: SetDefaults_DaemonSet (apps/v1). */
export const defaultDaemonSet = (daemonSet: DaemonSet): DaemonSet =>
  within(daemonSet, 'spec', (spec) => {
    let result = fill(spec, { updateStrategy: {}, revisionHistoryLimit: 10 });
    result = within(result, 'updateStrategy', (given) => {
      const strategy = fill(given, { type: 'RollingUpdate' });
      if (strategy.type !== 'RollingUpdate') return strategy;
      return within(fill(strategy, { rollingUpdate: {} }), 'rollingUpdate', (update) =>
        fill(update, { maxUnavailable: 1, maxSurge: 0 }),
      );
    });
    return within(result, 'template', defaultPodTemplate);
  });

/** Follows: SetDefaults_StatefulSet (apps/v1). */
export const defaultStatefulSet = (statefulSet: StatefulSet): StatefulSet =>
  within(statefulSet, 'spec', (spec) => {
    let result = fill(spec, {
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: {},
      revisionHistoryLimit: 10,
      persistentVolumeClaimRetentionPolicy: {},
    });
    result = within(result, 'persistentVolumeClaimRetentionPolicy', (policy) =>
      fill(policy, { whenDeleted: 'Retain', whenScaled: 'Retain' }),
    );
    result = within(result, 'updateStrategy', (given) => {
      const strategy = fill(given, { type: 'RollingUpdate' });
      if (strategy.type !== 'RollingUpdate') return strategy;
      return within(fill(strategy, { rollingUpdate: {} }), 'rollingUpdate', (update) => fill(update, { partition: 0 }));
    });
    result = withinEach(result, 'volumeClaimTemplates', (claim: PersistentVolumeClaim) =>
      within(
        fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', status: { phase: 'Pending' } }),
        'spec',
        defaultClaimSpec,
      ),
    );
    return within(result, 'template', defaultPodTemplate);
  });

export const defaultPodTemplateObject = (object: PodTemplate): PodTemplate =>
  within(object, 'template', defaultPodTemplate);
