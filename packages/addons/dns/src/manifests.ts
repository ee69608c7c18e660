import type { AddonCluster, Deployment, KubernetesObject, PolicyRule, Service } from '@geobuk/api';
import { addonAccess, addonLabels, addonNamespace, hostDeployment, localHttpProbe } from '@geobuk/addon-sdk';
import type { DnsConfig } from './config.js';
import { dnsPorts } from './ports.js';

/** The name that everything in Kubernetes knows cluster DNS by. */
export const dnsServiceName = 'kube-dns';

export const permissions: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['services', 'namespaces', 'pods'], verbs: ['list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
];

/** Pure: the Service at the cluster's DNS address, and what answers there. */
export function dnsManifests(config: DnsConfig, cluster: AddonCluster, version: string): readonly KubernetesObject[] {
  return [...addonAccess('dns', permissions), service(config, cluster), deployment(config, cluster, version)];
}

function service(config: DnsConfig, cluster: AddonCluster): Service {
  const { dns, status } = dnsPorts(cluster.id, config.port);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace: addonNamespace,
      name: dnsServiceName,
      labels: { ...addonLabels('dns'), 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      clusterIP: cluster.dnsAddress,
      selector: { 'app.kubernetes.io/name': 'dns', 'app.kubernetes.io/component': 'dns' },
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: dns },
        { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: dns },
        { name: 'metrics', protocol: 'TCP', port: 9153, targetPort: status },
      ],
    },
  };
}

function deployment(config: DnsConfig, cluster: AddonCluster, version: string): Deployment {
  const { status } = dnsPorts(cluster.id, config.port);
  return hostDeployment({
    addon: 'dns',
    package: '@geobuk/addon-dns',
    version,
    cluster,
    config,
    // Answers must come from the address that was asked: a wildcard socket would send them from whichever link is nearest.
    env: [{ name: 'GEOBUK_HOST_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } } }],
    replicas: config.replicas,
    cpu: '50m',
    memory: '70Mi',
    readinessProbe: localHttpProbe(status, '/ready', { periodSeconds: 2 }),
    livenessProbe: localHttpProbe(status, '/health', { periodSeconds: 10 }),
  });
}
