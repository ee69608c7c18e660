import { asJson, isJsonArray, isJsonObject, valueAt } from '../json/json-value.js';
import { ApiError } from '../status.js';
import type { FieldRequirements } from './field-selector.js';
import type { KubernetesObject } from '../object.js';
import type { ResourceType } from '../resource-type.js';

/** The value of one field of an object as field selectors compare it; '' where it is absent. */
export type FieldGetter = (object: KubernetesObject) => string;

const at = (path: string): FieldGetter => {
  const steps = path.split('.');
  return (object) => textOf(valueAt(asJson(object), steps));
};

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return '';
}

const flag =
  (path: string): FieldGetter =>
  (object) =>
    at(path)(object) === 'true' ? 'true' : 'false';

const count =
  (path: string): FieldGetter =>
  (object) =>
    at(path)(object) || '0';

const named = (...paths: readonly string[]): readonly (readonly [string, FieldGetter])[] =>
  paths.map((path) => [path, at(path)] as const);

const reference = (prefix: string): readonly (readonly [string, FieldGetter])[] =>
  named(
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (field) => `${prefix}.${field}`,
    ),
  );

/** Besides `metadata.name` and `metadata.namespace`; by `group/Kind`. */
const ownFields: ReadonlyMap<string, readonly (readonly [string, FieldGetter])[]> = new Map([
  [
    '/Pod',
    [
      ...named(
        'spec.nodeName',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'status.phase',
        'status.podIP',
        'status.nominatedNodeName',
      ),
      ['spec.host', at('spec.nodeName')] as const,
      ['spec.hostNetwork', flag('spec.hostNetwork')] as const,
      ['status.podIPs', podIps] as const,
    ],
  ],
  ['/Node', [['spec.unschedulable', flag('spec.unschedulable')] as const]],
  ['/Namespace', [...named('status.phase'), ['name', at('metadata.name')] as const]],
  ['/Secret', named('type')],
  ['/Service', named('spec.clusterIP', 'spec.type')],
  ['/ReplicationController', [['status.replicas', count('status.replicas')] as const]],
  ['apps/ReplicaSet', [['status.replicas', count('status.replicas')] as const]],
  ['batch/Job', [['status.successful', count('status.succeeded')] as const]],
  [
    '/Event',
    [
      ...reference('involvedObject'),
      ...named('reason', 'type'),
      ['reportingComponent', at('reportingComponent')] as const,
      [
        'source',
        (object: KubernetesObject) => at('source.component')(object) || at('reportingComponent')(object),
      ] as const,
    ],
  ],
  ['events.k8s.io/Event', [...reference('regarding'), ...named('reason', 'reportingController', 'type')]],
  ['certificates.k8s.io/CertificateSigningRequest', named('spec.signerName')],
  ['certificates.k8s.io/ClusterTrustBundle', named('spec.signerName')],
  ['certificates.k8s.io/PodCertificateRequest', named('spec.signerName', 'spec.podName', 'spec.nodeName')],
  ['resource.k8s.io/ResourceSlice', named('spec.nodeName', 'spec.driver')],
]);

function podIps(object: KubernetesObject): string {
  const ips = valueAt(asJson(object), ['status', 'podIPs']);
  if (!isJsonArray(ips)) return '';
  return ips.map((entry) => (isJsonObject(entry) ? textOf(entry['ip']) : '')).join(',');
}

/** The fields that a selector may name for this type, with how to read each. */
export function selectableFields(
  type: Pick<ResourceType, 'group' | 'kind' | 'namespaced'>,
): ReadonlyMap<string, FieldGetter> {
  return new Map([
    ['metadata.name', at('metadata.name')],
    ...(type.namespaced ? [['metadata.namespace', at('metadata.namespace')] as const] : []),
    ...(ownFields.get(`${type.group}/${type.kind}`) ?? []),
  ]);
}

/**
 * Refuses a selector that names a field the type cannot be selected by.
 * @throws {ApiError} BadRequest `field label not supported: x`.
 */
export function checkFieldRequirements(
  requirements: FieldRequirements,
  fields: ReadonlyMap<string, FieldGetter>,
): void {
  for (const { field } of requirements) {
    if (!fields.has(field)) throw ApiError.badRequest(`field label not supported: ${field}`);
  }
}
