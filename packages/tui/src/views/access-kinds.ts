import type {
  ClusterRole,
  ClusterRoleBinding,
  CustomResourceDefinition,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  RbacV1Subject,
} from '@geobuk/api';
import {
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  podDisruptionBudgets,
  roleBindings,
  roles,
} from '@geobuk/api';
import { orNone } from './make-rows.js';
import { tableView } from './view.js';

const subjectsText = (subjects: readonly RbacV1Subject[] | undefined): string =>
  orNone((subjects ?? []).map(({ name }) => name).join(','));

const subjectKinds = (subjects: readonly RbacV1Subject[] | undefined): string =>
  orNone([...new Set((subjects ?? []).map(({ kind }) => kind))].join(','));

export const rolesView = tableView<Role>({
  resource: roles,
  columns: [{ title: 'RULES', align: 'right', cell: ({ rules }) => String(rules?.length ?? 0) }],
  opens: 'rules',
});

export const clusterRolesView = tableView<ClusterRole>({
  resource: clusterRoles,
  columns: [{ title: 'RULES', align: 'right', cell: ({ rules }) => String(rules?.length ?? 0) }],
  opens: 'rules',
});

export const roleBindingsView = tableView<RoleBinding>({
  resource: roleBindings,
  columns: [
    { title: 'ROLE', cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
    { title: 'KIND', cell: ({ subjects }) => subjectKinds(subjects) },
    { title: 'SUBJECTS', cell: ({ subjects }) => subjectsText(subjects) },
  ],
  opens: 'rules',
});

export const clusterRoleBindingsView = tableView<ClusterRoleBinding>({
  resource: clusterRoleBindings,
  columns: [
    { title: 'CLUSTERROLE', cell: ({ roleRef }) => roleRef.name },
    { title: 'SUBJECT-KIND', cell: ({ subjects }) => subjectKinds(subjects) },
    { title: 'SUBJECTS', cell: ({ subjects }) => subjectsText(subjects) },
  ],
  opens: 'rules',
});

const established = (crd: CustomResourceDefinition): boolean =>
  crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true;

/** `:crds`. Enter lists the resources of that kind. */
export const crdsView = tableView<CustomResourceDefinition>({
  resource: customResourceDefinitions,
  columns: [
    { title: 'GROUP', cell: ({ spec }) => spec.group },
    { title: 'KIND', cell: ({ spec }) => spec.names.kind },
    { title: 'VERSIONS', cell: ({ spec }) => spec.versions.map(({ name }) => name).join(',') },
    { title: 'SCOPE', cell: ({ spec }) => spec.scope },
    { title: 'ALIASES', wide: true, cell: ({ spec }) => (spec.names.shortNames ?? []).join(',') },
  ],
  health: (crd) => (established(crd) ? 'ok' : 'pending'),
  problem: (crd) => (established(crd) ? '' : 'not established'),
  opens: 'customResources',
  // Schemas are by far the largest part of a CRD.
  slim: (crd) => ({
    ...crd,
    spec: { ...crd.spec, versions: crd.spec.versions.map(({ name, served, storage }) => ({ name, served, storage })) },
  }),
});

/** `:poddisruptionbudgets`. */
export const disruptionBudgetsView = tableView<PodDisruptionBudget>({
  resource: podDisruptionBudgets,
  columns: [
    { title: 'MIN-AVAILABLE', cell: ({ spec }) => String(spec.minAvailable ?? 'N/A') },
    { title: 'MAX-UNAVAILABLE', cell: ({ spec }) => String(spec.maxUnavailable ?? 'N/A') },
    { title: 'ALLOWED-DISRUPTIONS', align: 'right', cell: ({ status }) => String(status?.disruptionsAllowed ?? 0) },
    { title: 'CURRENT', align: 'right', cell: ({ status }) => String(status?.currentHealthy ?? 0) },
    { title: 'DESIRED', align: 'right', cell: ({ status }) => String(status?.desiredHealthy ?? 0) },
    { title: 'EXPECTED', align: 'right', cell: ({ status }) => String(status?.expectedPods ?? 0) },
  ],
  health: ({ status }) => ((status?.currentHealthy ?? 0) < (status?.desiredHealthy ?? 0) ? 'error' : 'ok'),
  problem: ({ status }) =>
    (status?.currentHealthy ?? 0) < (status?.desiredHealthy ?? 0) ? 'too few healthy pods' : '',
});
