import { fill, within, withinEach } from './fill.js';
import type { ClusterRoleBinding, RbacV1Subject, RoleBinding } from '../generated/types.js';

const rbacGroup = 'rbac.authorization.k8s.io';

/** Follows: SetDefaults_RoleBinding and SetDefaults_ClusterRoleBinding. */
export function defaultRoleBinding<T extends RoleBinding | ClusterRoleBinding>(binding: T): T {
  const result: RoleBinding | ClusterRoleBinding = binding;
  const named = within(result, 'roleRef', (role) => (role.apiGroup ? role : { ...role, apiGroup: rbacGroup }));
  return withinEach(named, 'subjects', defaultSubject) as T;
}

function defaultSubject(subject: RbacV1Subject): RbacV1Subject {
  if (subject.kind === 'User' || subject.kind === 'Group') return fill(subject, { apiGroup: rbacGroup });
  return subject;
}
