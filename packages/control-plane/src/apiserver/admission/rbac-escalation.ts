import { ApiError } from '@geobuk/api';
import type { ClusterRole, PolicyRule, RoleBinding } from '@geobuk/api';
import type { User } from '../authentication/user.js';
import type { Authorizer } from '../authorization/authorizer.js';
import { describeRule, uncovered } from '../authorization/policy-rules.js';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.js';
import { subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from './admission.js';

const group = 'rbac.authorization.k8s.io';

export interface RbacEscalationDeps {
  readonly rbac: RbacAuthorizer;
  readonly authorizer: Authorizer;
}

/** Nobody gives away what he does not hold. Follows: RBAC escalation checks, checklist 2.4.4. */
export function rbacEscalation({ rbac, authorizer }: RbacEscalationDeps): AdmissionPlugin {
  const may = (user: User, verb: string, resource: string, namespace: string, name: string): boolean =>
    authorizer.authorize(user, {
      isResource: true,
      verb,
      group,
      version: 'v1',
      resource,
      subresource: '',
      namespace,
      name,
      path: '',
    }).kind === 'allow';

  const held = (user: User, namespace: string): readonly PolicyRule[] => [
    ...rbac.rulesOf(user, ''),
    ...(namespace === '' ? [] : rbac.rulesOf(user, namespace)),
  ];

  return {
    name: 'RBACEscalation',
    validate(object, request, old) {
      const { resource, user, namespace = '', name, operation } = request;
      if (resource.type.group !== group || object === undefined || user.groups.includes('system:masters')) return;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return;
      const isRole = resource.type.plural === 'roles' || resource.type.plural === 'clusterroles';
      if (isRole) {
        const rules = (object as ClusterRole).rules ?? [];
        if (old !== undefined && JSON.stringify((old as ClusterRole).rules ?? []) === JSON.stringify(rules)) return;
        if (may(user, 'escalate', resource.type.plural, namespace, name)) return;
        refuseMissing(request, user, uncovered(held(user, namespace), rules));
        return;
      }
      const { roleRef } = object as RoleBinding;
      const bound = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      if (may(user, 'bind', bound, namespace, roleRef.name)) return;
      refuseMissing(request, user, uncovered(held(user, namespace), rbac.rulesOfRole(roleRef, namespace)));
    },
  };
}

function refuseMissing(request: AdmissionRequest, user: User, missing: readonly PolicyRule[]): void {
  if (missing.length === 0) return;
  const why =
    `user "${user.name}" (groups=${JSON.stringify(user.groups)}) is attempting to grant RBAC permissions not currently held:\n` +
    missing.map(describeRule).join('\n');
  throw ApiError.forbidden(subjectOf(request.resource), request.name, why);
}
