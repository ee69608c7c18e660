import { selectableFields } from '@geobuk/api';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { definitionStrategy } from '../custom-resources/definition-strategy.js';
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

/** What field selectors may name besides name and namespace, which every list knows by itself. */
function fieldsOf(type: ResourceType): Strategy['fields'] {
  const isEvent = type.group === 'events.k8s.io';
  const stored = selectableFields(isEvent ? { ...type, group: '' } : type); // events are stored as core/v1 has them
  const storedName = (name: string) => (isEvent ? storedEventField(name) : name);
  return Object.fromEntries(
    [...selectableFields(type).keys()]
      .filter((name) => !name.startsWith('metadata.'))
      .map((name) => [name, stored.get(storedName(name))!]),
  );
}

/** The strategy of a built-in kind. Selectors look at what is stored. */
export function builtInStrategy(type: ResourceType): Strategy {
  const hasStatus = type.subresources['status'] !== undefined;
  const base: Strategy = {
    ...plainStrategy,
    hasStatus,
    hasGeneration: (hasStatus && !noGenerations.has(type.plural)) || countsGenerations.has(type.plural),
    createsOnUpdate: createsOnUpdate.has(type.plural),
    needsVersionOnUpdate: needsVersionOnUpdate.has(type.plural),
    deleteShowsObject: deleteShowsObject.has(type.plural),
    fields: fieldsOf(type),
  };
  if (type.group === '' && type.plural === 'pods') return podStrategy(base);
  if (type.group === '' && type.plural === 'namespaces') return namespaceStrategy(base);
  if (type.group === 'batch' && type.plural === 'jobs') return jobStrategy(base);
  // A kubelet registers with the status it has, so that nothing is placed before its capacity is known.
  if (type.group === '' && type.plural === 'nodes') return { ...base, prepareForCreate: (object) => object };
  if (type.group === '' && type.plural === 'replicationcontrollers') return { ...base, defaultPropagation: 'Orphan' };
  if (type.group === '' && type.plural === 'persistentvolumes') {
    const status = ({ metadata }: KubernetesObject) => ({
      phase: 'Pending',
      lastPhaseTransitionTime: metadata.creationTimestamp,
    });
    return { ...base, prepareForCreate: (object) => ({ ...object, status: status(object) }) };
  }
  if (type.group === '' && type.plural === 'persistentvolumeclaims') {
    return { ...base, prepareForCreate: (object) => ({ ...object, status: { phase: 'Pending' } }) as KubernetesObject };
  }
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
