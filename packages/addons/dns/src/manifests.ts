import type { AddonCluster, KubernetesObject, Service } from '@geobuk/api';
import { addonAccess, addonLabels, addonNamespace, hostDeployment, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { DnsConfig } from './config.js';
import { permissions } from './permissions.js';

export const dnsPortOf = (config: DnsConfig, cluster: AddonCluster): number =>
  config.port === 0 ? hostPort(cluster.id, 0) : config.port;

export const metricsPortOf = (config: DnsConfig, cluster: AddonCluster): number =>
  config.metricsPort === 0 ? hostPort(cluster.id, 1) : config.metricsPort;

export function dnsManifests(config: DnsConfig, cluster: AddonCluster, version: string): readonly KubernetesObject[] {
  const metricsPort = metricsPortOf(config, cluster);
  return [
    ...addonAccess('dns', permissions),
    dnsService(config, cluster),
    hostDeployment({
      addon: 'dns',
      package: '@geobuk/addon-dns',
      version,
      cluster,
      config,
      replicas: config.replicas,
      cpu: '100m',
      memory: '70Mi',
      readinessProbe: localHttpProbe(metricsPort, '/ready', { periodSeconds: 1 }),
      livenessProbe: localHttpProbe(metricsPort, '/health', { initialDelaySeconds: 10 }),
    }),
  ];
}

/** Its name and labels are what tools look for. Follows: kube-dns Service. */
const dnsService = (config: DnsConfig, cluster: AddonCluster): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    namespace: addonNamespace,
    name: 'kube-dns',
    labels: {
      ...addonLabels('dns'),
      'k8s-app': 'kube-dns',
      'kubernetes.io/cluster-service': 'true',
      'kubernetes.io/name': 'CoreDNS',
    },
  },
  spec: {
    type: 'ClusterIP',
    clusterIP: cluster.dnsAddress,
    selector: { 'app.kubernetes.io/name': 'dns', 'app.kubernetes.io/component': 'dns' },
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: dnsPortOf(config, cluster) },
      { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: dnsPortOf(config, cluster) },
      { name: 'metrics', protocol: 'TCP', port: 9153, targetPort: metricsPortOf(config, cluster) },
    ],
  },
});
