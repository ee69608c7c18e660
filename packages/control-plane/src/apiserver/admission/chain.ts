import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { Authorizer } from '../authorization/authorizer.js';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { AdmissionPlugin } from './admission.js';
import { certificateRequestUser } from './certificate-request-user.js';
import { certificateSigning } from './certificate-signing.js';
import { defaultIngressClass } from './default-ingress-class.js';
import { defaultTolerationSeconds } from './default-toleration-seconds.js';
import { limitRanger } from './limit-ranger.js';
import { namespaceLifecycle } from './namespace-lifecycle.js';
import { nodeRestriction } from './node-restriction.js';
import type { PodSecurityConfig } from './pod-security/pod-security-config.js';
import { podSecurity } from './pod-security/pod-security.js';
import { mutatingPolicies } from './policies/mutating-policies.js';
import { validatingPolicies } from './policies/validating-policies.js';
import { priorityAdmission } from './priority.js';
import { resourceQuota } from './quota/resource-quota.js';
import { rbacEscalation } from './rbac-escalation.js';
import { runtimeClassAdmission } from './runtime-class.js';
import { serviceAccountAdmission } from './service-account.js';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.js';
import { taintNodesByCondition } from './taint-nodes-by-condition.js';
import { mutatingWebhooks, validatingWebhooks } from './webhooks/webhooks.js';

export interface AdmissionDeps {
  readonly catalog: ResourceCatalog;
  readonly caches: WatchCaches;
  readonly rbac: RbacAuthorizer;
  readonly authorizer: Authorizer;
  readonly podSecurityConfig?: PodSecurityConfig | undefined;
  random(): number;
  now(): number;
}

/** Every plugin, in the order in which a write meets them. Follows: checklist 2.7.1. */
export function admissionPlugins(deps: AdmissionDeps): readonly AdmissionPlugin[] {
  const policies = mutatingPolicies(deps);
  return [
    namespaceLifecycle(deps), // nothing new in a namespace that ends
    limitRanger(deps), // defaults and bounds of what containers ask for
    serviceAccountAdmission(deps), // who a pod is, and its token
    nodeRestriction(deps), // nodes keep to themselves
    taintNodesByCondition, // no pods before a node has said that it is ready
    podSecurity(deps), // what a namespace lets its pods do
    priorityAdmission(deps), // class to number
    defaultTolerationSeconds, // five minutes of a lost node
    defaultStorageClass(deps), // a class for claims that name none
    storageObjectInUseProtection, // data stays while it is used
    persistentVolumeClaimResize(deps), // claims grow where their class allows it
    runtimeClassAdmission(deps), // class to overhead; `host` for the privileged only
    certificateSigning(deps), // certificates come from those who may sign
    certificateRequestUser, // who asks for a certificate; nobody becomes system:masters
    rbacEscalation(deps), // nobody gives away what he does not hold
    defaultIngressClass(deps), // a class for ingresses that name none
    policies.first, // what expressions change
    mutatingWebhooks(deps), // what others change
    policies.again, // what expressions want to change in what others made of it
    validatingPolicies(deps), // what expressions refuse
    validatingWebhooks(deps), // what others refuse
    resourceQuota(deps), // last: only what all others let in is booked
  ];
}
