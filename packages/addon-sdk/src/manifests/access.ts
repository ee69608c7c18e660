import type { ClusterRole, ClusterRoleBinding, KubernetesObject, PolicyRule, ServiceAccount } from '@geobuk/api';
import { addonLabels, addonNamespace } from './labels.js';

/** The role of an addon has the same name in every cluster. */
export const addonRoleName = (addon: string): string => `geobuk:addon:${addon}`;

/** What an addon's pods act as: a ServiceAccount of the addon's name with exactly these rules, cluster-wide. */
export function addonAccess(addon: string, permissions: readonly PolicyRule[]): readonly KubernetesObject[] {
  const labels = addonLabels(addon);
  const role = addonRoleName(addon);
  const account: ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: addonNamespace, name: addon, labels },
  };
  const clusterRole: ClusterRole = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: role, labels },
    rules: permissions,
  };
  const binding: ClusterRoleBinding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: role, labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', namespace: addonNamespace, name: addon }],
  };
  return [account, clusterRole, binding];
}
