/** Public facts of the Kubernetes API that its OpenAPI description does not hold. Keys are `plural.group`. */

export const shortNames = {
  'pods.': ['po'],
  'services.': ['svc'],
  'nodes.': ['no'],
  'namespaces.': ['ns'],
  'configmaps.': ['cm'],
  'serviceaccounts.': ['sa'],
  'events.': ['ev'],
  'endpoints.': ['ep'],
  'persistentvolumes.': ['pv'],
  'persistentvolumeclaims.': ['pvc'],
  'replicationcontrollers.': ['rc'],
  'resourcequotas.': ['quota'],
  'limitranges.': ['limits'],
  'componentstatuses.': ['cs'],
  'deployments.apps': ['deploy'],
  'replicasets.apps': ['rs'],
  'daemonsets.apps': ['ds'],
  'statefulsets.apps': ['sts'],
  'cronjobs.batch': ['cj'],
  'horizontalpodautoscalers.autoscaling': ['hpa'],
  'ingresses.networking.k8s.io': ['ing'],
  'networkpolicies.networking.k8s.io': ['netpol'],
  'ipaddresses.networking.k8s.io': ['ip'],
  'poddisruptionbudgets.policy': ['pdb'],
  'priorityclasses.scheduling.k8s.io': ['pc'],
  'storageclasses.storage.k8s.io': ['sc'],
  'volumeattributesclasses.storage.k8s.io': ['vac'],
  'certificatesigningrequests.certificates.k8s.io': ['csr'],
  'events.events.k8s.io': ['ev'],
  'customresourcedefinitions.apiextensions.k8s.io': ['crd', 'crds'],
};

export const categories = {
  'pods.': ['all'],
  'services.': ['all'],
  'replicationcontrollers.': ['all'],
  'deployments.apps': ['all'],
  'replicasets.apps': ['all'],
  'daemonsets.apps': ['all'],
  'statefulsets.apps': ['all'],
  'jobs.batch': ['all'],
  'cronjobs.batch': ['all'],
  'horizontalpodautoscalers.autoscaling': ['all'],
  'customresourcedefinitions.apiextensions.k8s.io': ['api-extensions'],
  'apiservices.apiregistration.k8s.io': ['api-extensions'],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': ['api-extensions'],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': ['api-extensions'],
  'validatingadmissionpolicies.admissionregistration.k8s.io': ['api-extensions'],
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': ['api-extensions'],
  'mutatingadmissionpolicies.admissionregistration.k8s.io': ['api-extensions'],
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': ['api-extensions'],
};

/** Discovery order of groups, highest first. */
export const groupPriorities = {
  'apiregistration.k8s.io': 20000,
  '': 18000,
  apps: 17800,
  'events.k8s.io': 17750,
  'authentication.k8s.io': 17700,
  'authorization.k8s.io': 17600,
  autoscaling: 17500,
  batch: 17400,
  'certificates.k8s.io': 17300,
  'networking.k8s.io': 17200,
  policy: 17100,
  'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800,
  'admissionregistration.k8s.io': 16700,
  'apiextensions.k8s.io': 16700,
  'scheduling.k8s.io': 16600,
  'coordination.k8s.io': 16500,
  'node.k8s.io': 16300,
  'discovery.k8s.io': 16200,
  'flowcontrol.apiserver.k8s.io': 16100,
  'resource.k8s.io': 16000,
};

/** GA versions are served, betas and alphas are not, as in Kubernetes since 1.24. */
export const servedGroupVersions = (group, version) =>
  /^v\d+$/.test(version) && group !== 'internal.apiserver.k8s.io' && group !== 'storagemigration.k8s.io';

/** TypeScript names for definitions whose plain name says too little or collides with the language. */
export const typeAliases = {
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler': 'HorizontalPodAutoscaler',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec': 'HorizontalPodAutoscalerSpec',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus': 'HorizontalPodAutoscalerStatus',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerList': 'HorizontalPodAutoscalerList',
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler': 'AutoscalingV1HorizontalPodAutoscaler',
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec': 'AutoscalingV1HorizontalPodAutoscalerSpec',
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus': 'AutoscalingV1HorizontalPodAutoscalerStatus',
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerList': 'AutoscalingV1HorizontalPodAutoscalerList',
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResource': 'APIResource',
};
