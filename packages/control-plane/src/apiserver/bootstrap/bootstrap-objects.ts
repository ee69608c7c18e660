import type { KubernetesObject } from '@geobuk/api';
import { renderClusterInfo } from '../../pki/admin-kubeconfig.js';

export interface BootstrapFacts {
  readonly advertiseAddress: string;
  readonly port: number;
  readonly serviceAddress: string;
  readonly caPem: string;
  readonly frontProxyCaPem: string;
}

const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

const priorityClass = (name: string, value: number, description: string): KubernetesObject =>
  ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description,
    preemptionPolicy: 'PreemptLowerPriority',
  }) as KubernetesObject;

export const bootstrapNamespaces: readonly KubernetesObject[] = [
  namespace('kube-system', { 'pod-security.kubernetes.io/enforce': 'privileged' }),
  namespace('kube-public'),
  namespace('kube-node-lease'),
  namespace('default'),
];

/** What every cluster has from its first moment, beside namespaces and roles. */
export const bootstrapObjects = (facts: BootstrapFacts): readonly KubernetesObject[] => [
  priorityClass(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
  priorityClass(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
  {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'host' },
    handler: 'host',
  } as KubernetesObject,
  ...kubernetesService(facts),
  clusterInfo(facts),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
    data: {
      'client-ca-file': facts.caPem,
      'requestheader-client-ca-file': facts.frontProxyCaPem,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    },
  } as KubernetesObject,
];

/** The API server as a Service, with the endpoint that no controller makes. */
function kubernetesService({ advertiseAddress, port, serviceAddress }: BootstrapFacts): readonly KubernetesObject[] {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const sliceLabels = { 'kubernetes.io/service-name': 'kubernetes' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name: 'kubernetes', labels },
      spec: {
        clusterIP: serviceAddress,
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
        type: 'ClusterIP',
      },
    } as KubernetesObject,
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        namespace: 'default',
        name: 'kubernetes',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
    } as KubernetesObject,
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: 'kubernetes', labels: sliceLabels },
      addressType: advertiseAddress.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    } as KubernetesObject,
  ];
}

/** What a machine that joins reads first. Follows: kubeadm's cluster-info. */
function clusterInfo({ advertiseAddress, port, caPem }: BootstrapFacts): KubernetesObject {
  const host = advertiseAddress.includes(':') ? `[${advertiseAddress}]` : advertiseAddress;
  const kubeconfig = renderClusterInfo(`https://${host}:${port}`, caPem);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'kube-public', name: 'cluster-info' },
    data: { kubeconfig },
  } as KubernetesObject;
}
