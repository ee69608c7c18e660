import type { AddonCluster, APIService, KubernetesObject, PolicyRule, Service } from '@geobuk/api';
import { addonAccess, addonLabels, addonNamespace, hostDeployment, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { ClusterRole, Probe } from '@geobuk/api';
import type { MetricsConfig } from './config.js';

export const metricsServiceName = 'metrics';
export const apiServiceName = 'v1beta1.metrics.k8s.io';
/** What API servers expect in the certificate of what stands behind the Service. */
export const servingNames = [`${metricsServiceName}.${addonNamespace}.svc`, `${metricsServiceName}.${addonNamespace}`];

export const permissions: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: ['extension-apiserver-authentication'],
    verbs: ['get'],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  { apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['apiregistration.k8s.io'],
    resources: ['apiservices'],
    resourceNames: [apiServiceName],
    verbs: ['patch'],
  },
];

export const metricsPort = (clusterId: string, configured: number): number =>
  configured === 0 ? hostPort(clusterId, 8) : configured;

/** Pure: the API's registration, the Service it names, and what answers there. */
export function metricsManifests(
  config: MetricsConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  const port = metricsPort(cluster.id, config.port);
  const probe = (path: string, rest: Partial<Probe>): Probe =>
    localHttpProbe(port, path, { httpGet: { host: '127.0.0.1', port, path, scheme: 'HTTPS' }, ...rest });
  return [
    ...addonAccess('metrics', permissions),
    readerRole(),
    service(port),
    hostDeployment({
      addon: 'metrics',
      package: '@geobuk/addon-metrics',
      version,
      cluster,
      config,
      replicas: 1,
      cpu: '20m',
      memory: '70Mi',
      readinessProbe: probe('/readyz', { periodSeconds: 2 }),
      livenessProbe: probe('/livez', { periodSeconds: 10 }),
    }),
    apiService(),
  ];
}

/** Who may view a namespace may view what its pods use. */
function readerRole(): ClusterRole {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: {
      name: 'geobuk:addon:metrics-reader',
      labels: {
        ...addonLabels('metrics'),
        'rbac.authorization.k8s.io/aggregate-to-view': 'true',
        'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
        'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
      },
    },
    rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list'] }],
  };
}

function service(port: number): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: addonNamespace, name: metricsServiceName, labels: addonLabels('metrics') },
    spec: {
      selector: { 'app.kubernetes.io/name': 'metrics', 'app.kubernetes.io/component': 'metrics' },
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
    },
  };
}

/** Without `caBundle`: the program adds the authority of its certificate when it has one. */
function apiService(): APIService {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: apiServiceName, labels: addonLabels('metrics') },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { namespace: addonNamespace, name: metricsServiceName, port: 443 },
    },
  };
}
