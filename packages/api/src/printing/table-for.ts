import { ageCell, createdAtCell, nameCell, printer } from './table.js';
import * as autoscaling from './autoscaling.js';
import * as core from './core.js';
import * as network from './network.js';
import * as policy from './policy.js';
import * as resource from './resource.js';
import * as storage from './storage.js';
import * as workloads from './workloads.js';
import { podPrinter, podTemplatePrinter } from './pod.js';
import type { KubernetesObject } from '../object.js';
import type { PrintContext, PrintedTable, Printer } from './table.js';
import type { ResourceType } from '../resource-type.js';

/** By `group/version/Kind`. */
const printers: ReadonlyMap<string, Printer> = new Map([
  ['/v1/Pod', podPrinter],
  ['/v1/PodTemplate', podTemplatePrinter],
  ['/v1/Node', core.nodePrinter],
  ['/v1/Namespace', core.namespacePrinter],
  ['/v1/ConfigMap', core.configMapPrinter],
  ['/v1/Secret', core.secretPrinter],
  ['/v1/ServiceAccount', core.serviceAccountPrinter],
  ['/v1/Event', core.eventPrinter],
  ['events.k8s.io/v1/Event', core.eventsV1Printer],
  ['/v1/LimitRange', core.limitRangePrinter],
  ['/v1/ResourceQuota', core.resourceQuotaPrinter],
  ['/v1/Service', network.servicePrinter],
  ['/v1/Endpoints', network.endpointsPrinter],
  ['discovery.k8s.io/v1/EndpointSlice', network.endpointSlicePrinter],
  ['networking.k8s.io/v1/Ingress', network.ingressPrinter],
  ['networking.k8s.io/v1/IngressClass', network.ingressClassPrinter],
  ['networking.k8s.io/v1/NetworkPolicy', network.networkPolicyPrinter],
  ['networking.k8s.io/v1/IPAddress', network.ipAddressPrinter],
  ['networking.k8s.io/v1/ServiceCIDR', network.serviceCidrPrinter],
  ['apps/v1/Deployment', workloads.deploymentPrinter],
  ['apps/v1/ReplicaSet', workloads.replicaSetPrinter],
  ['/v1/ReplicationController', workloads.replicationControllerPrinter],
  ['apps/v1/StatefulSet', workloads.statefulSetPrinter],
  ['apps/v1/DaemonSet', workloads.daemonSetPrinter],
  ['apps/v1/ControllerRevision', workloads.controllerRevisionPrinter],
  ['batch/v1/Job', workloads.jobPrinter],
  ['batch/v1/CronJob', workloads.cronJobPrinter],
  ['autoscaling/v2/HorizontalPodAutoscaler', autoscaling.horizontalPodAutoscalerPrinter],
  ['autoscaling/v1/HorizontalPodAutoscaler', autoscaling.horizontalPodAutoscalerV1Printer],
  ['/v1/PersistentVolume', storage.persistentVolumePrinter],
  ['/v1/PersistentVolumeClaim', storage.persistentVolumeClaimPrinter],
  ['storage.k8s.io/v1/StorageClass', storage.storageClassPrinter],
  ['storage.k8s.io/v1/VolumeAttributesClass', storage.volumeAttributesClassPrinter],
  ['storage.k8s.io/v1/VolumeAttachment', storage.volumeAttachmentPrinter],
  ['storage.k8s.io/v1/CSIDriver', storage.csiDriverPrinter],
  ['storage.k8s.io/v1/CSINode', storage.csiNodePrinter],
  ['storage.k8s.io/v1/CSIStorageCapacity', storage.csiStorageCapacityPrinter],
  ['rbac.authorization.k8s.io/v1/Role', policy.rolePrinter],
  ['rbac.authorization.k8s.io/v1/ClusterRole', policy.rolePrinter],
  ['rbac.authorization.k8s.io/v1/RoleBinding', policy.roleBindingPrinter],
  ['rbac.authorization.k8s.io/v1/ClusterRoleBinding', policy.roleBindingPrinter],
  ['certificates.k8s.io/v1/CertificateSigningRequest', policy.certificateSigningRequestPrinter],
  ['coordination.k8s.io/v1/Lease', policy.leasePrinter],
  ['node.k8s.io/v1/RuntimeClass', policy.runtimeClassPrinter],
  ['scheduling.k8s.io/v1/PriorityClass', policy.priorityClassPrinter],
  ['policy/v1/PodDisruptionBudget', policy.podDisruptionBudgetPrinter],
  ['apiextensions.k8s.io/v1/CustomResourceDefinition', policy.customResourceDefinitionPrinter],
  ['apiregistration.k8s.io/v1/APIService', policy.apiServicePrinter],
  ['admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration', policy.webhookConfigurationPrinter],
  ['admissionregistration.k8s.io/v1/MutatingWebhookConfiguration', policy.webhookConfigurationPrinter],
  ['admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy', policy.validatingPolicyPrinter],
  ['admissionregistration.k8s.io/v1/MutatingAdmissionPolicy', policy.mutatingPolicyPrinter],
  ['admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding', policy.policyBindingPrinter],
  ['admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding', policy.policyBindingPrinter],
  ['/v1/ComponentStatus', resource.componentStatusPrinter],
  ['resource.k8s.io/v1/ResourceClaim', resource.resourceClaimPrinter],
  ['resource.k8s.io/v1/ResourceClaimTemplate', resource.nameAndAgePrinter],
  ['resource.k8s.io/v1/ResourceSlice', resource.resourceSlicePrinter],
  ['resource.k8s.io/v1/DeviceClass', resource.nameAndAgePrinter],
  ['flowcontrol.apiserver.k8s.io/v1/FlowSchema', policy.flowSchemaPrinter],
  ['flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration', policy.priorityLevelPrinter],
]);

const builtInDefault = printer({ Name: nameCell, 'Created At': { type: 'date', cell: createdAtCell } });
const customDefault = printer({ Name: nameCell, Age: { type: 'date', cell: ageCell } });

/** How a kind is printed; custom kinds without columns of their own have NAME and AGE. */
export const printerFor = (type: Pick<ResourceType, 'group' | 'version' | 'kind' | 'definition'>): Printer =>
  printers.get(`${type.group}/${type.version}/${type.kind}`) ??
  (type.definition === undefined ? customDefault : builtInDefault);

/**
 * The server-printed form of objects: wide columns too, marked by their priority.
 * Follows: the printers behind `kubectl get`.
 */
export function tableFor(
  type: Pick<ResourceType, 'group' | 'version' | 'kind' | 'definition'>,
  objects: readonly KubernetesObject[],
  context: PrintContext,
): PrintedTable {
  const kindPrinter = printerFor(type);
  return {
    columnDefinitions: kindPrinter.columns,
    rows: objects.map((object) => kindPrinter.row(object, context)),
  };
}
