import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { Authorizer } from '../authorization/authorizer.js';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.js';
import type { AdmissionPlugin } from './admission.js';
import { certificateRequestUser } from './certificate-request-user.js';
import { defaultTolerationSeconds } from './default-toleration-seconds.js';
import { namespaceLifecycle } from './namespace-lifecycle.js';
import { nodeRestriction } from './node-restriction.js';
import { priorityAdmission } from './priority.js';
import { rbacEscalation } from './rbac-escalation.js';
import { runtimeClassAdmission } from './runtime-class.js';
import { serviceAccountAdmission } from './service-account.js';
import { taintNodesByCondition } from './taint-nodes-by-condition.js';

export interface AdmissionDeps {
  readonly caches: WatchCaches;
  readonly rbac: RbacAuthorizer;
  readonly authorizer: Authorizer;
  random(): number;
}

/** Every plugin, in the order in which a write meets them. Follows: checklist 2.7.1. */
export const admissionPlugins = (deps: AdmissionDeps): readonly AdmissionPlugin[] => [
  namespaceLifecycle(deps), // nothing new in a namespace that ends
  serviceAccountAdmission(deps), // who a pod is, and its token
  nodeRestriction(deps), // nodes keep to themselves
  taintNodesByCondition, // no pods before a node has said that it is ready
  priorityAdmission(deps), // class to number
  defaultTolerationSeconds, // five minutes of a lost node
  runtimeClassAdmission(deps), // class to overhead; `host` for the privileged only
  certificateRequestUser, // who asks for a certificate; nobody becomes system:masters
  rbacEscalation(deps), // nobody gives away what he does not hold
];
