import type {
  Addon,
  Deployment,
  Event,
  KubernetesObject,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Secret,
  Service,
} from '@geobuk/api';
import type { LoopState } from '@geobuk/client';

/** The moment everything was recorded at. */
export const recordedAt = Date.parse('2026-03-01T12:00:00Z');

const ago = (seconds: number): string => new Date(recordedAt - seconds * 1_000).toISOString().replace('.000Z', 'Z');

const uid = (text: string): string => `uid-${text}`;

export const namespaceObject = (name: string): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, uid: uid(name), creationTimestamp: ago(90_000) },
  spec: {},
  status: { phase: 'Active' },
});

export const nodeObject = (name: string, ready = true): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    uid: uid(name),
    creationTimestamp: ago(90_000),
    labels: { 'node-role.kubernetes.io/control-plane': '' },
  },
  spec: {},
  status: {
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [
      { type: 'Ready', status: ready ? 'True' : 'False', reason: ready ? 'KubeletReady' : 'KubeletNotReady' },
    ],
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    nodeInfo: {
      kubeletVersion: 'v1.34.1+geobuk',
      architecture: 'amd64',
      kernelVersion: '6.1.0',
      osImage: 'Debian GNU/Linux 12',
    } as NonNullable<Node['status']>['nodeInfo'],
  },
});

export interface PodShape {
  readonly namespace?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly restarts?: number;
  readonly ageSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: KubernetesObject;
  readonly containers?: readonly string[];
}

/** A pod that runs, unless the shape says otherwise. */
export function podObject(name: string, shape: PodShape = {}): Pod {
  const {
    namespace = 'default',
    node = 'geobuk-1',
    phase = 'Running',
    waiting,
    restarts = 0,
    ageSeconds = 3_600,
    labels,
    owner,
  } = shape;
  const { containers = ['main'] } = shape;
  const ready = phase === 'Running' && waiting === undefined;
  const scheduled = node !== '';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: uid(`${namespace}/${name}`),
      creationTimestamp: ago(ageSeconds),
      labels,
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: owner.apiVersion ?? '',
                kind: owner.kind ?? '',
                name: owner.metadata.name ?? '',
                uid: owner.metadata.uid ?? '',
                controller: true,
              },
            ],
          }),
    },
    spec: {
      ...(scheduled ? { nodeName: node } : {}),
      serviceAccountName: 'default',
      containers: containers.map((container) => ({
        name: container,
        image: 'local/web:1',
        ports: [{ containerPort: 8080, name: 'http' }],
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
      })),
    },
    status: {
      phase,
      ...(scheduled ? { podIP: '10.42.0.7' } : {}),
      conditions: [
        {
          type: 'PodScheduled',
          status: scheduled ? 'True' : 'False',
          ...(scheduled ? {} : { reason: 'Unschedulable', message: '0/2 nodes are available: 2 Insufficient cpu.' }),
        },
        { type: 'Ready', status: ready ? 'True' : 'False' },
      ],
      ...(scheduled
        ? {
            containerStatuses: containers.map((container) => ({
              name: container,
              image: 'local/web:1',
              imageID: 'sha256:1',
              ready,
              restartCount: restarts,
              state: waiting === undefined ? { running: { startedAt: ago(ageSeconds - 2) } } : { waiting },
              ...(restarts > 0
                ? { lastState: { terminated: { exitCode: 127, reason: 'Error', finishedAt: ago(30) } } }
                : {}),
            })),
          }
        : {}),
    },
  };
}

export const deploymentObject = (name: string, namespace: string, replicas: number, ready: number): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace, uid: uid(`dp/${name}`), creationTimestamp: ago(7_200), generation: 1 },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'local/web:1' }] } },
  },
  status: { replicas, readyReplicas: ready, availableReplicas: ready, updatedReplicas: replicas },
});

const web = deploymentObject('web', 'default', 3, 2);

const webSet: ReplicaSet = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: 'web-5d8f',
    namespace: 'default',
    uid: uid('rs/web-5d8f'),
    creationTimestamp: ago(7_200),
    labels: { app: 'web' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: uid('dp/web'), controller: true }],
  },
  spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: web.spec.template },
  status: { replicas: 3, readyReplicas: 2 },
};

const webService: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: uid('svc/web'), creationTimestamp: ago(7_200) },
  spec: {
    type: 'NodePort',
    clusterIP: '10.43.7.7',
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }],
  },
};

const password: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'web-password', namespace: 'default', uid: uid('secret'), creationTimestamp: ago(7_200) },
  type: 'Opaque',
  data: { password: Buffer.from('거북선-1592').toString('base64'), raw: Buffer.from([0, 255, 254]).toString('base64') },
};

const eventObject = (
  name: string,
  about: KubernetesObject,
  type: string,
  reason: string,
  message: string,
  seconds: number,
): Event => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: about.metadata.namespace, uid: uid(name), creationTimestamp: ago(seconds) },
  involvedObject: {
    kind: about.kind,
    namespace: about.metadata.namespace,
    name: about.metadata.name,
    uid: about.metadata.uid,
  },
  type,
  reason,
  message,
  count: 1,
  firstTimestamp: ago(seconds),
  lastTimestamp: ago(seconds),
  source: { component: 'kubelet' },
});

const addonObject = (name: string, enabled: boolean, status: NonNullable<Addon['status']>): Addon => ({
  apiVersion: 'addons.geobuk.dev/v1alpha1',
  kind: 'Addon',
  metadata: { name, uid: uid(`addon/${name}`), creationTimestamp: ago(80_000) },
  spec: { enabled },
  status,
});

const holds = (type: string, message = '') => ({
  type,
  status: 'True',
  reason: type,
  message,
  lastTransitionTime: ago(600),
});

const recordedAddons: readonly Addon[] = [
  addonObject('network', true, {
    phase: 'Ready',
    installedVersion: '0.1.0',
    availableVersion: '0.1.0',
    description: 'A network for pods, by CNI',
    provides: ['pod-network'],
    conditions: [holds('DependenciesMet'), holds('Applied'), holds('Ready')],
    resources: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'network', ready: true }],
  }),
  addonObject('dns', true, {
    phase: 'Degraded',
    installedVersion: '0.1.0',
    description: 'Names for Services and pods',
    provides: ['dns'],
    requires: ['pod-network'],
    conditions: [
      holds('Applied'),
      {
        type: 'Ready',
        status: 'False',
        reason: 'Unavailable',
        message: 'Deployment dns has 0 of 1 pods',
        lastTransitionTime: ago(60),
      },
    ],
    resources: [
      { apiVersion: 'v1', kind: 'Service', namespace: 'kube-system', name: 'dns', ready: true },
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'dns', ready: false },
    ],
  }),
  addonObject('dashboard', false, {
    phase: 'Disabled',
    availableVersion: '0.2.0',
    description: 'The cluster in a browser',
    provides: ['dashboard'],
    requires: ['dns'],
    permissions: [{ apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
  }),
];

const sick = podObject('web-5d8f-c', {
  waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container' },
  restarts: 4,
  labels: { app: 'web' },
  owner: webSet,
  ageSeconds: 300,
});

const homeless = podObject('big-0', { node: '', phase: 'Pending', ageSeconds: 65 });

/** A small cluster with something of everything: well, ill, waiting, done, Korean. */
export const recordedFleet: readonly KubernetesObject[] = [
  namespaceObject('default'),
  namespaceObject('kube-system'),
  namespaceObject('훈련소'),
  nodeObject('geobuk-1'),
  nodeObject('geobuk-2'),
  web,
  webSet,
  webService,
  password,
  podObject('web-5d8f-a', { labels: { app: 'web' }, owner: webSet }),
  podObject('web-5d8f-b', { labels: { app: 'web' }, owner: webSet, node: 'geobuk-2', containers: ['main', 'proxy'] }),
  sick,
  homeless,
  podObject('migrate-1', { phase: 'Succeeded', ageSeconds: 50_000 }),
  podObject('network-x1', { namespace: 'kube-system', labels: { 'addons.geobuk.dev/addon': 'network' } }),
  podObject('수병-1', { namespace: '훈련소', node: 'geobuk-2' }),
  eventObject('e1', sick, 'Warning', 'BackOff', 'Back-off restarting failed container main in pod web-5d8f-c', 20),
  eventObject('e2', homeless, 'Warning', 'FailedScheduling', '0/2 nodes are available: 2 Insufficient cpu.', 60),
  eventObject('e3', sick, 'Normal', 'Pulled', 'Container image "local/web:1" already present on machine', 290),
  ...recordedAddons,
];

/** What the control plane tells of its loops. */
export const recordedLoops: readonly LoopState[] = [
  {
    name: 'replicaset',
    queueLength: 1,
    delayed: 0,
    inFlight: 1,
    total: 812,
    retries: 3,
    passes: [
      {
        key: 'default/web-5d8f',
        startedAt: recordedAt - 4_000,
        durationMs: 3,
        found: ['3 pods wanted, 2 there'],
        did: ['created a pod'],
      },
      { key: 'default/web-5d8f', startedAt: recordedAt - 9_000, durationMs: 1, found: [], did: [] },
    ],
  },
  { name: 'endpointslice', queueLength: 0, delayed: 0, inFlight: 0, total: 90, retries: 0, passes: [] },
];

/** Lines of the pods' logs. */
export const recordedLogs: Readonly<Record<string, readonly string[]>> = {
  'web-5d8f-a/main': [
    '2026-03-01T11:00:00.000000000Z listening on :8080',
    '2026-03-01T11:00:01.000000000Z ERROR cannot reach the database',
    '2026-03-01T11:00:02.000000000Z {"level":30,"time":1772362802000,"msg":"안녕하세요","port":8080}',
  ],
};
