import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { definitionStrategy } from '../custom-resources/definition-strategy.js';
import { fieldAt } from './field-at.js';
import { jobStrategy } from './job-strategy.js';
import { namespaceStrategy } from './namespace-strategy.js';
import { storedEventField } from '../events/event-conversion.js';
import { podStrategy } from './pod-strategy.js';
import { plainStrategy } from './strategy.js';
import type { Strategy } from './strategy.js';

const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const createsOnUpdate = names(
  'endpoints services events leases limitranges runtimeclasses roles rolebindings clusterroles clusterrolebindings',
);
const needsVersionOnUpdate = names(
  'customresourcedefinitions apiservices leases poddisruptionbudgets runtimeclasses mutatingwebhookconfigurations ' +
    'validatingwebhookconfigurations volumeattachments csidrivers csinodes csistoragecapacities',
);
const deleteShowsObject = names(
  'pods services persistentvolumes persistentvolumeclaims serviceaccounts podtemplates resourcequotas storageclasses ' +
    'csidrivers csinodes volumeattachments namespaces',
);
/** Kinds without status that count generations all the same (1.7.8). */
const countsGenerations = names(
  'networkpolicies ingresses mutatingwebhookconfigurations validatingwebhookconfigurations ' +
    'validatingadmissionpolicies validatingadmissionpolicybindings mutatingadmissionpolicies mutatingadmissionpolicybindings',
);
/** Kinds with status that never did. */
const noGenerations = names(
  'nodes namespaces services persistentvolumes persistentvolumeclaims resourcequotas apiservices certificatesigningrequests componentstatuses',
);

/** Selectable fields that are simply a path: label, then where its value stands. */
const pathFields: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  '/nodes': ['spec.unschedulable'],
  '/namespaces': ['status.phase'],
  '/secrets': ['type'],
  '/replicationcontrollers': ['status.replicas'],
  'apps/replicasets': ['status.replicas'],
  'batch/jobs': ['status.successful'],
  '/services': ['spec.clusterIP', 'spec.type'],
  '/events': [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (f) => `involvedObject.${f}`,
    ),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  'events.k8s.io/events': [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((f) => `regarding.${f}`),
    'reason',
    'reportingController',
    'type',
  ],
  'certificates.k8s.io/certificatesigningrequests': ['spec.signerName'],
  'resource.k8s.io/resourceslices': ['spec.nodeName', 'spec.driver'],
};

/** The strategy of a built-in kind. Selectors look at what is stored. */
export function builtInStrategy(type: ResourceType): Strategy {
  const hasStatus = type.subresources['status'] !== undefined;
  const storedField = type.group === 'events.k8s.io' ? storedEventField : (name: string) => name;
  const fieldNames = pathFields[`${type.group}/${type.plural}`] ?? [];
  const base: Strategy = {
    ...plainStrategy,
    hasStatus,
    hasGeneration: (hasStatus && !noGenerations.has(type.plural)) || countsGenerations.has(type.plural),
    createsOnUpdate: createsOnUpdate.has(type.plural),
    needsVersionOnUpdate: needsVersionOnUpdate.has(type.plural),
    deleteShowsObject: deleteShowsObject.has(type.plural),
    fields: Object.fromEntries(fieldNames.map((name) => [name, fieldAt(storedField(name))])),
  };
  if (type.group === '' && type.plural === 'pods') return podStrategy(base);
  if (type.group === '' && type.plural === 'namespaces') return namespaceStrategy(base);
  if (type.group === 'batch' && type.plural === 'jobs') return jobStrategy(base);
  // A kubelet registers with the status it has, so that nothing is placed before its capacity is known.
  if (type.group === '' && type.plural === 'nodes') return { ...base, prepareForCreate: (object) => object };
  if (type.group === '' && type.plural === 'replicationcontrollers') return { ...base, defaultPropagation: 'Orphan' };
  if (type.group === 'certificates.k8s.io') return certificateStrategy(base);
  if (type.plural === 'customresourcedefinitions') return definitionStrategy(base);
  return base;
}

/** The request itself never changes; approval and certificate have subresources of their own. Follows: checklist 2.6.1. */
const certificateStrategy = (base: Strategy): Strategy => ({
  ...base,
  prepareForUpdate: (object, current) =>
    ({ ...object, spec: (current as { spec?: unknown }).spec }) as KubernetesObject,
});
