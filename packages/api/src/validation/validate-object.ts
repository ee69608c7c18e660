import * as batch from './batch.js';
import * as config from './config.js';
import * as limits from './limits.js';
import * as network from './network.js';
import * as policy from './policy.js';
import * as rbac from './rbac.js';
import * as storage from './storage.js';
import * as workloads from './workloads.js';
import { forbidden } from '../fields/field-error.js';
import {
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionUpdate,
} from './custom-resource-definition.js';
import { validateMetadata, validateMetadataUpdate } from './metadata.js';
import { validatePod, validatePodUpdate } from './pod.js';
import type { FieldError } from '../status.js';
import type { KubernetesObject } from '../object.js';
import type { Pod } from '../generated/types.js';
import type { ResourceType } from '../resource-type.js';

interface KindRules {
  /** What holds for every state of the object. */
  readonly always?: (object: never) => readonly FieldError[];
  /** What holds for new ones only. */
  readonly create?: (object: never) => readonly FieldError[];
  /** What a change may not do. */
  readonly update?: (object: never, old: never) => readonly FieldError[];
}

const noEphemeralContainers = ({ spec }: Pod): readonly FieldError[] =>
  (spec?.ephemeralContainers?.length ?? 0) > 0
    ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')]
    : [];

/** By `group/Kind`. Kinds that are not here have the rules of metadata only. */
const rules: ReadonlyMap<string, KindRules> = new Map<string, KindRules>([
  ['/Pod', { always: validatePod, create: noEphemeralContainers, update: validatePodUpdate }],
  ['/Service', { always: network.validateService, update: network.validateServiceUpdate }],
  ['/Endpoints', { always: network.validateEndpoints }],
  ['/ConfigMap', { always: config.validateConfigMap, update: config.validateConfigMapUpdate }],
  ['/Secret', { always: config.validateSecret, update: config.validateSecretUpdate }],
  ['/LimitRange', { always: limits.validateLimitRange }],
  ['/ResourceQuota', { always: limits.validateResourceQuota, update: limits.validateResourceQuotaUpdate }],
  ['networking.k8s.io/IPAddress', { always: network.validateIpAddress, update: network.validateIpAddressUpdate }],
  ['/Namespace', { always: config.validateNamespace }],
  ['/Node', { always: config.validateNode, update: config.validateNodeUpdate }],
  ['/PersistentVolume', { always: storage.validatePersistentVolume, update: storage.validatePersistentVolumeUpdate }],
  [
    '/PersistentVolumeClaim',
    { always: storage.validatePersistentVolumeClaim, update: storage.validatePersistentVolumeClaimUpdate },
  ],
  ['/ReplicationController', { always: workloads.validateReplicationController }],
  ['apps/Deployment', { always: workloads.validateDeployment, update: workloads.validateDeploymentUpdate }],
  ['apps/ReplicaSet', { always: workloads.validateReplicaSet, update: workloads.validateReplicaSetUpdate }],
  ['apps/DaemonSet', { always: workloads.validateDaemonSet, update: workloads.validateDaemonSetUpdate }],
  ['apps/StatefulSet', { always: workloads.validateStatefulSet, update: workloads.validateStatefulSetUpdate }],
  ['apps/ControllerRevision', { update: policy.validateControllerRevisionUpdate }],
  ['batch/Job', { always: batch.validateJob, update: batch.validateJobUpdate }],
  ['batch/CronJob', { always: batch.validateCronJob }],
  ['autoscaling/HorizontalPodAutoscaler', { always: policy.validateHorizontalPodAutoscaler }],
  ['policy/PodDisruptionBudget', { always: policy.validatePodDisruptionBudget }],
  ['networking.k8s.io/Ingress', { always: network.validateIngress }],
  [
    'networking.k8s.io/IngressClass',
    { always: network.validateIngressClass, update: network.validateIngressClassUpdate },
  ],
  ['networking.k8s.io/NetworkPolicy', { always: network.validateNetworkPolicy }],
  [
    'discovery.k8s.io/EndpointSlice',
    { always: network.validateEndpointSlice, update: network.validateEndpointSliceUpdate },
  ],
  ['rbac.authorization.k8s.io/Role', { always: rbac.validateRole }],
  ['rbac.authorization.k8s.io/ClusterRole', { always: rbac.validateClusterRole }],
  ['rbac.authorization.k8s.io/RoleBinding', { always: rbac.validateRoleBinding, update: rbac.validateBindingUpdate }],
  [
    'rbac.authorization.k8s.io/ClusterRoleBinding',
    { always: rbac.validateClusterRoleBinding, update: rbac.validateBindingUpdate },
  ],
  [
    'certificates.k8s.io/CertificateSigningRequest',
    { create: policy.validateCertificateSigningRequest, update: policy.validateCertificateSigningRequestUpdate },
  ],
  ['coordination.k8s.io/Lease', { always: policy.validateLease }],
  ['node.k8s.io/RuntimeClass', { always: policy.validateRuntimeClass, update: policy.validateRuntimeClassUpdate }],
  [
    'scheduling.k8s.io/PriorityClass',
    { always: policy.validatePriorityClass, update: policy.validatePriorityClassUpdate },
  ],
  ['storage.k8s.io/StorageClass', { always: storage.validateStorageClass, update: storage.validateStorageClassUpdate }],
  ['storage.k8s.io/CSIDriver', { update: storage.validateCsiDriverUpdate }],
  [
    'storage.k8s.io/VolumeAttachment',
    { always: storage.validateVolumeAttachment, update: storage.validateVolumeAttachmentUpdate },
  ],
  [
    'apiextensions.k8s.io/CustomResourceDefinition',
    { always: validateCustomResourceDefinition, update: validateCustomResourceDefinitionUpdate },
  ],
]);

type ValidatedType = Pick<ResourceType, 'group' | 'kind' | 'namespaced'>;

const rulesOf = ({ group, kind }: ValidatedType): KindRules => rules.get(`${group}/${kind}`) ?? {};

/**
 * All that is wrong with a new, decoded and defaulted object; none means it may be stored. Custom resources get the
 * rules of metadata here and those of their schema from `validateValue`.
 * Follows: the validation of Kubernetes 1.34, texts included.
 */
export function validateObject(type: ValidatedType, object: KubernetesObject): readonly FieldError[] {
  const { always, create } = rulesOf(type);
  const metadata = validateMetadata(object.metadata, type);
  return [...metadata, ...(always?.(object as never) ?? []), ...(create?.(object as never) ?? [])];
}

/** The same for a changed object, and what a change may not do. */
export function validateUpdate(
  type: ValidatedType,
  object: KubernetesObject,
  old: KubernetesObject,
): readonly FieldError[] {
  const { always, update } = rulesOf(type);
  return [
    ...validateMetadata(object.metadata, type),
    ...validateMetadataUpdate(object.metadata, old.metadata),
    ...(always?.(object as never) ?? []),
    ...(update?.(withSpec(object) as never, withSpec(old) as never) ?? []),
  ];
}

/** What is wrong with a pod of which a subresource changed a part: plain updates may not, so their rules do not hold. */
export const validatePodPart = (pod: KubernetesObject): readonly FieldError[] => validatePod(pod as Pod);

/** A missing spec is reported as missing fields; the rules of updates need not ask for it again. */
const withSpec = (object: KubernetesObject): object =>
  'spec' in object && object.spec ? object : { ...object, spec: {} };
