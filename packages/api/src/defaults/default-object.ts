import { defaultCronJob, defaultJob } from './batch.js';
import {
  defaultCsiDriver,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultStorageClass,
} from './storage.js';
import {
  defaultDaemonSet,
  defaultDeployment,
  defaultPodTemplateObject,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './workloads.js';
import {
  defaultEndpoints,
  defaultEndpointSlice,
  defaultIngressClass,
  defaultNetworkPolicy,
  defaultService,
} from './network.js';
import { defaultApiService, defaultCustomResourceDefinition } from './extension.js';
import { defaultFlowSchema, defaultPriorityLevel } from './flow-control.js';
import { defaultHorizontalPodAutoscaler, defaultHorizontalPodAutoscalerV1 } from './autoscaling.js';
import { defaultLimitRange, defaultNamespace, defaultNode, defaultSecret } from './core.js';
import {
  defaultMutatingPolicy,
  defaultMutatingPolicyBinding,
  defaultMutatingWebhooks,
  defaultValidatingPolicy,
  defaultValidatingPolicyBinding,
  defaultValidatingWebhooks,
} from './admission-registration.js';
import { defaultPod } from './pod.js';
import { defaultPriorityClass, defaultResourceClaim, defaultResourceClaimTemplate } from './scheduling.js';
import { defaultRoleBinding } from './rbac.js';
import type { ResourceType } from '../resource-type.js';

type Defaulter = (object: never) => object;

/** By `group/version/Kind`. A kind that is not here has no defaults: ConfigMap, Lease, Role, Ingress and the like. */
const defaulters: ReadonlyMap<string, Defaulter> = new Map<string, Defaulter>([
  ['/v1/Pod', defaultPod],
  ['/v1/PodTemplate', defaultPodTemplateObject],
  ['/v1/ReplicationController', defaultReplicationController],
  ['/v1/Service', defaultService],
  ['/v1/Endpoints', defaultEndpoints],
  ['/v1/Secret', defaultSecret],
  ['/v1/Namespace', defaultNamespace],
  ['/v1/Node', defaultNode],
  ['/v1/LimitRange', defaultLimitRange],
  ['/v1/PersistentVolume', defaultPersistentVolume],
  ['/v1/PersistentVolumeClaim', defaultPersistentVolumeClaim],
  ['apps/v1/Deployment', defaultDeployment],
  ['apps/v1/ReplicaSet', defaultReplicaSet],
  ['apps/v1/DaemonSet', defaultDaemonSet],
  ['apps/v1/StatefulSet', defaultStatefulSet],
  ['batch/v1/Job', defaultJob],
  ['batch/v1/CronJob', defaultCronJob],
  ['autoscaling/v1/HorizontalPodAutoscaler', defaultHorizontalPodAutoscalerV1],
  ['autoscaling/v2/HorizontalPodAutoscaler', defaultHorizontalPodAutoscaler],
  ['discovery.k8s.io/v1/EndpointSlice', defaultEndpointSlice],
  ['networking.k8s.io/v1/NetworkPolicy', defaultNetworkPolicy],
  ['networking.k8s.io/v1/IngressClass', defaultIngressClass],
  ['rbac.authorization.k8s.io/v1/RoleBinding', defaultRoleBinding],
  ['rbac.authorization.k8s.io/v1/ClusterRoleBinding', defaultRoleBinding],
  ['scheduling.k8s.io/v1/PriorityClass', defaultPriorityClass],
  ['storage.k8s.io/v1/StorageClass', defaultStorageClass],
  ['storage.k8s.io/v1/CSIDriver', defaultCsiDriver],
  ['resource.k8s.io/v1/ResourceClaim', defaultResourceClaim],
  ['resource.k8s.io/v1/ResourceClaimTemplate', defaultResourceClaimTemplate],
  ['apiextensions.k8s.io/v1/CustomResourceDefinition', defaultCustomResourceDefinition],
  ['apiregistration.k8s.io/v1/APIService', defaultApiService],
  ['admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration', defaultValidatingWebhooks],
  ['admissionregistration.k8s.io/v1/MutatingWebhookConfiguration', defaultMutatingWebhooks],
  ['admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy', defaultValidatingPolicy],
  ['admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding', defaultValidatingPolicyBinding],
  ['admissionregistration.k8s.io/v1/MutatingAdmissionPolicy', defaultMutatingPolicy],
  ['admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding', defaultMutatingPolicyBinding],
  ['flowcontrol.apiserver.k8s.io/v1/FlowSchema', defaultFlowSchema],
  ['flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration', defaultPriorityLevel],
]);

/**
 * Fills what a decoded object of a built-in kind leaves out. Idempotent; the very object where nothing was missing.
 * What needs the cluster is not here: allocated addresses and ports, generated selectors, admission's priorities.
 * Follows: the SetDefaults functions of Kubernetes 1.34.
 */
export function defaultObject<T>(type: Pick<ResourceType, 'group' | 'version' | 'kind'>, object: T): T {
  const defaulter = defaulters.get(`${type.group}/${type.version}/${type.kind}`);
  return defaulter === undefined ? object : (defaulter(object as never) as T);
}
