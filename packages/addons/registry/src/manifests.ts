import type { AddonCluster, ClusterRole, Deployment, KubernetesObject, PolicyRule, Service } from '@geobuk/api';
import {
  addonAccess,
  addonLabels,
  addonNamespace,
  hostDaemonSet,
  hostDeployment,
  hostPort,
  localHttpProbe,
} from '@geobuk/addon-sdk';
import { registryGroup } from './auth/cluster-access.js';
import type { RegistryConfig } from './config.js';

const core = '';
export const serviceName = 'registry';
/** The program on every node that tells its runtime of the registry. */
export const nodeProgram = 'registry-node';
/** Where the claim appears in the pod. */
export const claimMount = '/registry';

export const permissions: readonly PolicyRule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests'],
    verbs: ['create', 'get', 'delete'],
  },
  { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames: ['kubernetes.io/legacy-unknown'],
    verbs: ['approve'],
  },
  { apiGroups: [core], resources: ['services'], verbs: ['list', 'watch'] },
  { apiGroups: [core], resources: ['nodes'], verbs: ['get'] },
  { apiGroups: [core], resources: ['configmaps'], resourceNames: ['kube-root-ca.crt'], verbs: ['get'] },
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'daemonsets'],
    resourceNames: [serviceName, nodeProgram],
    verbs: ['get'],
  },
  { apiGroups: ['addons.geobuk.dev'], resources: ['addons'], resourceNames: ['registry'], verbs: ['get'] },
];

export const registryPort = (clusterId: string, configured: number): number =>
  configured === 0 ? hostPort(clusterId, 0) : configured;

/** Pure: the server on one node, its Service, and what tells every node of it. */
export function registryManifests(
  config: RegistryConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  const common = { addon: 'registry', package: '@geobuk/addon-registry', version, cluster, config };
  return [
    ...addonAccess('registry', permissions),
    role('pull', ['get']),
    role('push', ['get', 'update', 'delete']),
    service(registryPort(cluster.id, config.port)),
    server(config, common, registryPort(cluster.id, config.port)),
    hostDaemonSet({ ...common, name: nodeProgram, args: ['node'], cpu: '5m', memory: '40Mi' }),
  ];
}

/** For RoleBindings of whoever shall pull or push. */
const role = (name: string, verbs: readonly string[]): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: `geobuk:registry:${name}`, labels: addonLabels('registry') },
  rules: [{ apiGroups: [registryGroup], resources: ['repositories'], verbs }],
});

const service = (targetPort: number): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: addonNamespace, name: serviceName, labels: addonLabels('registry') },
  spec: {
    selector: { 'app.kubernetes.io/name': 'registry', 'app.kubernetes.io/component': 'registry' },
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort }],
  },
});

function server(
  { node, claim }: RegistryConfig,
  common: Pick<Parameters<typeof hostDeployment>[0], 'addon' | 'package' | 'version' | 'cluster' | 'config'>,
  port: number,
): Deployment {
  const probe = { httpGet: { host: '127.0.0.1', port, path: '/healthz', scheme: 'HTTPS' } };
  const deployment = hostDeployment({
    ...common,
    args: ['serve'],
    replicas: 1,
    cpu: '50m',
    memory: '100Mi',
    env: [{ name: 'GEOBUK_HOST_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } } }],
    readinessProbe: localHttpProbe(port, '/healthz', { ...probe, periodSeconds: 2 }),
    livenessProbe: localHttpProbe(port, '/healthz', { ...probe, initialDelaySeconds: 60, periodSeconds: 10 }),
    terminationGracePeriodSeconds: 30,
  });
  const template = deployment.spec?.template;
  const pod = template?.spec;
  if (deployment.spec === undefined || template === undefined || pod === undefined) return deployment;
  const mounts = claim === '' ? {} : { volumeMounts: [{ name: 'images', mountPath: claimMount }] };
  const spec = {
    ...pod,
    ...(node === '' ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
    ...(claim === '' ? {} : { volumes: [{ name: 'images', persistentVolumeClaim: { claimName: claim } }] }),
    containers: pod.containers.map((container) => ({ ...container, ...mounts })),
  };
  return { ...deployment, spec: { ...deployment.spec, template: { ...template, spec } } };
}
