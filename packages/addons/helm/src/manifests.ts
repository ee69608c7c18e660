import type { AddonCluster, Deployment, KubernetesObject, PolicyRule } from '@geobuk/api';
import { addonAccess, hostDeployment, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { HelmConfig } from './config.js';
import { helmReleaseDefinition } from './definition.js';
import { helmReleases } from './helm-release.js';

const core = '';

export const permissions: readonly PolicyRule[] = [
  { apiGroups: [helmReleases.group], resources: ['helmreleases'], verbs: ['list', 'watch', 'patch'] },
  { apiGroups: [helmReleases.group], resources: ['helmreleases/status'], verbs: ['patch'] },
  { apiGroups: [core], resources: ['configmaps', 'secrets'], verbs: ['get'] },
  { apiGroups: [core], resources: ['serviceaccounts'], verbs: ['impersonate'] },
  { apiGroups: [core], resources: ['events'], verbs: ['create', 'patch'] },
];

export const helmHealthPort = (clusterId: string): number => hostPort(clusterId, 1);

/** Pure: the definition of HelmRelease, and the program that runs helm for them. */
export function helmManifests(config: HelmConfig, cluster: AddonCluster, version: string): readonly KubernetesObject[] {
  return [...addonAccess('helm', permissions), helmReleaseDefinition, deployment(config, cluster, version)];
}

function deployment(config: HelmConfig, cluster: AddonCluster, version: string): Deployment {
  const made = hostDeployment({
    addon: 'helm',
    package: '@geobuk/addon-helm',
    version,
    cluster,
    config,
    replicas: 1,
    cpu: '20m',
    memory: '80Mi',
    readinessProbe: localHttpProbe(helmHealthPort(cluster.id), '/ready', { periodSeconds: 2 }),
    terminationGracePeriodSeconds: 30,
  });
  const template = made.spec?.template;
  const pod = template?.spec;
  if (config.node === '' || made.spec === undefined || template === undefined || pod === undefined) return made;
  const nodeSelector = { 'kubernetes.io/hostname': config.node };
  return { ...made, spec: { ...made.spec, template: { ...template, spec: { ...pod, nodeSelector } } } };
}
