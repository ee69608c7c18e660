import type { AddonCluster, IngressClass, KubernetesObject, Lease, PolicyRule } from '@geobuk/api';
import { addonAccess, addonLabels, addonNamespace, hostDaemonSet, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { IngressConfig } from './config.js';
import { gatewayDefinitions } from './gateway/definitions.js';
import { gatewayGroup } from './gateway/gateway-api.js';
import type { GatewayClass } from './gateway/gateway-api.js';
import { controllerName } from './ingress/ingress-class.js';

const core = '';
const watch = ['list', 'watch'];

export const permissions: readonly PolicyRule[] = [
  { apiGroups: [core], resources: ['services', 'namespaces', 'pods', 'secrets'], verbs: watch },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: watch },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses'], verbs: watch },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['patch'] },
  {
    apiGroups: [gatewayGroup],
    resources: ['gatewayclasses', 'gateways', 'httproutes', 'referencegrants'],
    verbs: watch,
  },
  {
    apiGroups: [gatewayGroup],
    resources: ['gatewayclasses/status', 'gateways/status', 'httproutes/status'],
    verbs: ['patch'],
  },
  { apiGroups: [core], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['ingress'], verbs: ['get', 'update'] },
  { apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: ['ingress'], verbs: ['get'] },
];

export const ingressHealthPort = (clusterId: string, configured: number): number =>
  configured === 0 ? hostPort(clusterId, 7) : configured;

export const className = 'geobuk';

/** Pure: the classes, the definitions of the Gateway API, and the proxy on every node. */
export function ingressManifests(
  config: IngressConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  const port = ingressHealthPort(cluster.id, config.healthPort);
  return [
    ...addonAccess('ingress', permissions),
    ...(config.gatewayApi === 'bring' ? gatewayDefinitions : []),
    ingressClass(config.defaultClass),
    ...(config.gatewayApi === 'off' ? [] : [gatewayClass]),
    lease,
    hostDaemonSet({
      addon: 'ingress',
      package: '@geobuk/addon-ingress',
      version,
      cluster,
      config,
      cpu: '50m',
      memory: '100Mi',
      readinessProbe: localHttpProbe(port, '/ready', { periodSeconds: 2 }),
      livenessProbe: localHttpProbe(port, '/health', { initialDelaySeconds: 60, periodSeconds: 10 }),
      terminationGracePeriodSeconds: 30,
    }),
  ];
}

const ingressClass = (isDefault: boolean): IngressClass => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: {
    name: className,
    labels: addonLabels('ingress'),
    annotations: { 'ingressclass.kubernetes.io/is-default-class': String(isDefault) },
  },
  spec: { controller: controllerName },
});

const gatewayClass: GatewayClass = {
  apiVersion: `${gatewayGroup}/v1`,
  kind: 'GatewayClass',
  metadata: { name: className, labels: addonLabels('ingress') },
  spec: { controllerName },
};

/** Which node writes statuses; brought along, so that it goes with the addon. */
const lease: Lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { namespace: addonNamespace, name: 'ingress', labels: addonLabels('ingress') },
  spec: {},
};
