import type { FlowSchema, KubernetesObject, PriorityLevelConfiguration } from '@geobuk/api';
import type { FlowSubject, ResourceRule, Rules } from './flow-schemas.js';

/** `true`: the object is kept as this version has it; anything else: it is its owner's. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
const metadata = (name: string) => ({ name, annotations: { [autoUpdateAnnotation]: 'true' } });

function limited(
  name: string,
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queuing?: { readonly queues: number; readonly handSize: number },
): PriorityLevelConfiguration {
  return {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: metadata(name),
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares,
        lendablePercent,
        limitResponse:
          queuing === undefined ? { type: 'Reject' } : { type: 'Queue', queuing: { ...queuing, queueLengthLimit: 50 } },
      },
    },
  };
}

/** Follows: checklist 1.17.2. */
export const mandatoryPriorityLevels: readonly PriorityLevelConfiguration[] = [
  {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: metadata('exempt'),
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  },
  limited('catch-all', 5, 0),
];

export const suggestedPriorityLevels: readonly PriorityLevelConfiguration[] = [
  limited('system', 30, 33, { queues: 64, handSize: 6 }),
  limited('node-high', 40, 25, { queues: 64, handSize: 6 }),
  limited('leader-election', 10, 0, { queues: 16, handSize: 4 }),
  limited('workload-high', 40, 50, { queues: 128, handSize: 6 }),
  limited('workload-low', 100, 90, { queues: 128, handSize: 6 }),
  limited('global-default', 20, 50, { queues: 128, handSize: 6 }),
];

const groups = (...names: readonly string[]): FlowSubject[] =>
  names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: readonly string[]): FlowSubject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const kubeSystemAccounts: FlowSubject[] = [
  { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } },
];
const everybody = groups('system:unauthenticated', 'system:authenticated');

const everyResource: ResourceRule = {
  verbs: ['*'],
  apiGroups: ['*'],
  resources: ['*'],
  namespaces: ['*'],
  clusterScope: true,
};
const everything = {
  resourceRules: [everyResource],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const leases = (verbs: readonly string[]): ResourceRule => ({
  verbs,
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: ['*'],
});

const flowSchema = (
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  subjects: readonly FlowSubject[],
  rules: Omit<Rules, 'subjects'> = everything,
): FlowSchema => ({
  apiVersion,
  kind: 'FlowSchema',
  metadata: metadata(name),
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(distinguisher === undefined ? {} : { distinguisherMethod: { type: distinguisher } }),
    rules: [{ subjects, ...rules }],
  },
});

export const mandatoryFlowSchemas: readonly FlowSchema[] = [
  flowSchema('exempt', 'exempt', 1, undefined, groups('system:masters')),
  flowSchema('catch-all', 'catch-all', 10_000, 'ByUser', everybody),
];

export const suggestedFlowSchemas: readonly FlowSchema[] = [
  flowSchema('probes', 'exempt', 2, undefined, everybody, {
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  flowSchema(
    'system-leader-election',
    'leader-election',
    100,
    'ByUser',
    [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...kubeSystemAccounts],
    { resourceRules: [leases(['get', 'create', 'update'])] },
  ),
  flowSchema('workload-leader-election', 'leader-election', 200, 'ByUser', kubeSystemAccounts, {
    resourceRules: [leases(['get', 'create', 'update'])],
  }),
  flowSchema('system-node-high', 'node-high', 400, 'ByUser', groups('system:nodes'), {
    resourceRules: [
      { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], namespaces: ['*'], clusterScope: true },
      leases(['*']),
    ],
  }),
  flowSchema('system-nodes', 'system', 500, 'ByUser', groups('system:nodes')),
  flowSchema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', users('system:kube-controller-manager')),
  flowSchema('kube-scheduler', 'workload-high', 800, 'ByNamespace', users('system:kube-scheduler')),
  flowSchema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', kubeSystemAccounts),
  flowSchema('service-accounts', 'workload-low', 9000, 'ByUser', groups('system:serviceaccounts')),
  flowSchema('global-default', 'global-default', 9900, 'ByUser', everybody),
];

const mandatory = new Set(['exempt', 'catch-all']);

/** Every object of flow control that a new cluster gets, levels first. */
export const defaultFlowControl: readonly KubernetesObject[] = [
  ...mandatoryPriorityLevels,
  ...suggestedPriorityLevels,
  ...mandatoryFlowSchemas,
  ...suggestedFlowSchemas,
] as unknown as readonly KubernetesObject[];

/** Those without which requests could not be sorted: they are made again whenever they go or change. */
export const mandatoryFlowControl: readonly KubernetesObject[] = [
  ...mandatoryPriorityLevels,
  ...mandatoryFlowSchemas,
] as unknown as readonly KubernetesObject[];

/** Whether the spec of a present object is this version's to keep, whatever else changed it. */
export function isKeptBySystem({ metadata: { name = '', annotations = {} } }: KubernetesObject): boolean {
  return mandatory.has(name) || annotations[autoUpdateAnnotation] === 'true';
}
