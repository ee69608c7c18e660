/**
 * What each controller of Kubernetes needs, one controller a line: `name: verbs group/resource,…; …`. `r` is
 * get, list and watch. Follows: the controller roles of the
 * bootstrap policy, for controller managers that use credentials of their own for each controller, and for those who
 * bind to these roles by name; checklist 2.4.7.
 */
const table = `
attachdetach-controller: r persistentvolumes,persistentvolumeclaims,pods,nodes; patch,update nodes/status; r,create,delete,patch storage.k8s.io/volumeattachments; r storage.k8s.io/csidrivers,csinodes
certificate-controller: r,delete certificates.k8s.io/certificatesigningrequests; update certificates.k8s.io/certificatesigningrequests/status,certificatesigningrequests/approval; approve,sign certificates.k8s.io/signers; create authorization.k8s.io/subjectaccessreviews
clusterrole-aggregation-controller: r,escalate,update,patch rbac.authorization.k8s.io/clusterroles
cronjob-controller: r,update batch/cronjobs; r,create,delete,patch,update batch/jobs; update batch/cronjobs/status,cronjobs/finalizers; list,delete pods
daemon-set-controller: r apps/daemonsets; update apps/daemonsets/status,daemonsets/finalizers; r nodes; r,create,delete,patch pods; create pods/binding; r,create,delete,update,patch apps/controllerrevisions
deployment-controller: r,update apps/deployments; update apps/deployments/status,deployments/finalizers; r,create,update,patch,delete apps/replicasets; r,update pods
disruption-controller: r apps/deployments,replicasets,statefulsets; r replicationcontrollers,pods; patch,update pods/status; r policy/poddisruptionbudgets; update policy/poddisruptionbudgets/status; get */scale
endpoint-controller: r services,pods; r,create,update,delete endpoints; create endpoints/restricted
endpointslice-controller: r services,pods,nodes; update services/finalizers; r,create,update,delete discovery.k8s.io/endpointslices; create discovery.k8s.io/endpointslices/restricted
endpointslicemirroring-controller: r services,endpoints; update services/finalizers,endpoints/finalizers; r,create,update,delete discovery.k8s.io/endpointslices; create discovery.k8s.io/endpointslices/restricted
ephemeral-volume-controller: r pods; update pods/finalizers; r,create persistentvolumeclaims
expand-controller: r,update,patch persistentvolumes; update,patch persistentvolumeclaims/status; r persistentvolumeclaims; r storage.k8s.io/storageclasses; get services,endpoints,secrets
generic-garbage-collector: r,patch,update,delete */*
horizontal-pod-autoscaler: r autoscaling/horizontalpodautoscalers; update autoscaling/horizontalpodautoscalers/status; get,update */scale; list pods; list,get metrics.k8s.io/pods; get,list custom.metrics.k8s.io/*; get,list external.metrics.k8s.io/*
job-controller: r,update,patch batch/jobs; update batch/jobs/status,jobs/finalizers; r,create,delete,patch pods
legacy-service-account-token-cleaner: get configmaps; patch,delete secrets
namespace-controller: r,delete namespaces; update namespaces/finalize,namespaces/status; get,list,delete,deletecollection */*
node-controller: r,update,delete,patch nodes; patch,update nodes/status; patch,update pods/status; r,delete pods; r,create,delete networking.k8s.io/clustercidrs
persistent-volume-binder: r,update,create,delete persistentvolumes; update persistentvolumes/status; r,update persistentvolumeclaims; update persistentvolumeclaims/status; r,create,delete pods; r storage.k8s.io/storageclasses; get,create,delete,update services,endpoints; get,list secrets; r nodes
pod-garbage-collector: r,delete pods; get,list nodes; patch,update pods/status
pv-protection-controller: r,update persistentvolumes
pvc-protection-controller: r,update persistentvolumeclaims; r pods
replicaset-controller: r,update apps/replicasets; update apps/replicasets/status,replicasets/finalizers; r,create,delete,patch pods
replication-controller: r,update replicationcontrollers; update replicationcontrollers/status,replicationcontrollers/finalizers; r,create,delete,patch pods
resourcequota-controller: list,watch */*; update resourcequotas/status
root-ca-cert-publisher: create,update configmaps
route-controller: r nodes; patch nodes/status
selinux-warning-controller: r pods,persistentvolumes,persistentvolumeclaims; r storage.k8s.io/csidrivers
service-account-controller: create serviceaccounts
service-cidrs-controller: r,patch,update networking.k8s.io/servicecidrs; patch,update networking.k8s.io/servicecidrs/status,servicecidrs/finalizers; r networking.k8s.io/ipaddresses
service-controller: r services; patch,update services/status; r nodes
statefulset-controller: r pods; r apps/statefulsets; update apps/statefulsets/status,statefulsets/finalizers; get,create,delete,update,patch pods; r,create,delete,update,patch apps/controllerrevisions; get,create,delete,update persistentvolumeclaims
taint-eviction-controller: r,delete pods; patch,update pods/status; get,list,watch nodes
ttl-after-finished-controller: r,delete batch/jobs
ttl-controller: r,patch,update nodes
validatingadmissionpolicy-status-controller: r admissionregistration.k8s.io/validatingadmissionpolicies; get,patch,update admissionregistration.k8s.io/validatingadmissionpolicies/status; list,watch apiextensions.k8s.io/customresourcedefinitions
volumeattributesclass-protection-controller: r,update storage.k8s.io/volumeattributesclasses; r persistentvolumes,persistentvolumeclaims
`;

export interface ControllerRole {
  readonly name: string;
  readonly rules: readonly {
    readonly group: string;
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** `apps/deployments` has a group before its resource; `pods/status` and what is of the core group has none. */
function resourcesOf(text: string): { readonly group: string; readonly resources: readonly string[] } {
  const [first = '', ...rest] = text.split(',');
  if (first === '*/*') return { group: '*', resources: ['*'] };
  if (first.startsWith('*/')) return { group: '*', resources: [first] };
  const slash = first.indexOf('/');
  const group = slash < 0 ? '' : first.slice(0, slash);
  const isGroup = group.includes('.') || ['apps', 'batch', 'policy', 'autoscaling'].includes(group);
  return isGroup ? { group, resources: [first.slice(slash + 1), ...rest] } : { group: '', resources: [first, ...rest] };
}

export const controllerRoles: readonly ControllerRole[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const colon = line.indexOf(':');
    const rules = line
      .slice(colon + 1)
      .split(';')
      .map((rule) => {
        const [verbs = '', resources = ''] = rule.trim().split(' ');
        return {
          ...resourcesOf(resources),
          verbs: verbs.split(',').flatMap((verb) => (verb === 'r' ? ['get', 'list', 'watch'] : [verb])),
        };
      });
    // Every controller tells what it does.
    const events = [
      { group: '', resources: ['events'], verbs: ['create', 'patch', 'update'] },
      { group: 'events.k8s.io', resources: ['events'], verbs: ['create', 'patch', 'update'] },
    ];
    return { name: line.slice(0, colon), rules: [...rules, ...events] };
  });
