import type { Deployment, Job, Node, Pod, ReplicaSet, StatefulSet } from '@geobuk/api';

/** Objects as the API server would have them after defaulting; only what controllers look at. */
export const replicaSet = (name: string, replicas: number, extra: Partial<ReplicaSet> = {}): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, generation: 1 },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
  },
  ...extra,
});

export const deployment = (name: string, replicas: number, spec: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, generation: 1 },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    ...spec,
  },
});

export const statefulSet = (name: string, replicas: number, spec: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, generation: 1 },
  spec: {
    replicas,
    serviceName: name,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    ...spec,
  },
});

export const job = (name: string, spec: Partial<Job['spec']> = {}): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, generation: 1 },
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': `uid-${name}` } },
    template: {
      metadata: {
        labels: { 'batch.kubernetes.io/controller-uid': `uid-${name}`, 'batch.kubernetes.io/job-name': name },
      },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] },
    },
    ...spec,
  },
});

export interface PodWish {
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly ready?: boolean;
  readonly nodeName?: string;
  readonly readySince?: string;
  readonly created?: string;
  readonly restarts?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly spec?: Partial<Pod['spec']>;
}

export const pod = (name: string, wish: PodWish = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    creationTimestamp: wish.created ?? '2029-12-31T00:00:00Z',
    ...(wish.labels === undefined ? {} : { labels: wish.labels }),
    ...(wish.annotations === undefined ? {} : { annotations: wish.annotations }),
    ...(wish.owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'apps/v1', ...wish.owner, controller: true, blockOwnerDeletion: true }] }),
  },
  spec: {
    containers: [{ name: 'c', image: 'i:1' }],
    ...(wish.nodeName === undefined ? {} : { nodeName: wish.nodeName }),
    ...wish.spec,
  },
  status: {
    phase: wish.phase ?? 'Running',
    conditions: [
      {
        type: 'Ready',
        status: wish.ready === false ? 'False' : 'True',
        lastTransitionTime: wish.readySince ?? '2029-12-31T00:00:00Z',
      },
    ],
    containerStatuses: [
      { name: 'c', image: 'i:1', imageID: '', ready: wish.ready !== false, restartCount: wish.restarts ?? 0 },
    ],
    ...(wish.ip === undefined ? {} : { podIP: wish.ip, podIPs: [{ ip: wish.ip }] }),
  },
});

export const node = (name: string, extra: Partial<Node> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: `uid-${name}`, labels: { 'kubernetes.io/hostname': name } },
  spec: {},
  status: {
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
  },
  ...extra,
});
