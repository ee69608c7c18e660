import { join } from 'node:path';
import type { AddonCluster, KubernetesObject, PolicyRule, StorageClass } from '@geobuk/api';
import { addonAccess, addonLabels, hostDaemonSet, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { StorageConfig } from './config.js';
import { provisioner } from './local-volume.js';

const core = '';
export const permissions: readonly PolicyRule[] = [
  {
    apiGroups: [core],
    resources: ['persistentvolumes'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [core], resources: ['persistentvolumeclaims'], verbs: ['list', 'watch', 'patch'] },
  { apiGroups: [core], resources: ['persistentvolumeclaims/status'], verbs: ['patch'] },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['list', 'watch'] },
  { apiGroups: [core], resources: ['nodes'], verbs: ['get'] },
  { apiGroups: [core], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: ['storage'], verbs: ['get'] },
  { apiGroups: ['addons.geobuk.dev'], resources: ['addons'], resourceNames: ['storage'], verbs: ['get'] },
];

export const storageHealthPort = (clusterId: string, configured: number): number =>
  configured === 0 ? hostPort(clusterId, 9) : configured;

/** Where a node keeps its volumes. Several nodes may share one machine, so each has a folder of its name. */
export const volumesDirectory = (configured: string, clusterId: string, nodeName: string): string =>
  join(configured === '' ? join('/var/lib/geobuk-volumes', clusterId) : configured, nodeName);

/** Pure: the classes, and the program that makes volumes on every node. */
export function storageManifests(
  config: StorageConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  const port = storageHealthPort(cluster.id, config.healthPort);
  return [
    ...addonAccess('storage', permissions),
    storageClass('local', 'Delete', config.defaultClass),
    storageClass('local-retain', 'Retain', false),
    hostDaemonSet({
      addon: 'storage',
      package: '@geobuk/addon-storage',
      version,
      cluster,
      config,
      cpu: '10m',
      memory: '50Mi',
      readinessProbe: localHttpProbe(port, '/ready', { periodSeconds: 2 }),
      livenessProbe: localHttpProbe(port, '/health', { periodSeconds: 10 }),
      terminationGracePeriodSeconds: 60, // Data may have to be deleted.
    }),
  ];
}

/** Volumes are made where the first pod that uses them is put: a local one can be nowhere else. */
function storageClass(name: string, reclaimPolicy: 'Delete' | 'Retain', isDefault: boolean): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name,
      labels: addonLabels('storage'),
      annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
    },
    provisioner,
    reclaimPolicy,
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
}
