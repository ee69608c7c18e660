import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '@geobuk/api';
import { controllerRoles } from './controller-roles.js';

const rbac = 'rbac.authorization.k8s.io';
const label = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

const readOnly = ['get', 'list', 'watch'];
const readWrite = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const changes = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const on = (
  groups: readonly string[],
  resources: readonly string[],
  verbs: readonly string[],
  resourceNames?: readonly string[],
): PolicyRule => ({
  apiGroups: [...groups],
  resources: [...resources],
  verbs: [...verbs],
  ...(resourceNames === undefined ? {} : { resourceNames: [...resourceNames] }),
});
const paths = (urls: readonly string[], verbs: readonly string[] = ['get']): PolicyRule => ({
  nonResourceURLs: [...urls],
  verbs: [...verbs],
});

const clusterRole = (
  name: string,
  rules: readonly PolicyRule[],
  labels: Readonly<Record<string, string>> = {},
): ClusterRole => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata: { name, labels: { ...label, ...labels }, annotations },
  rules,
});

/** A role whose rules a controller collects. They are also there from the start, so that nobody has to wait for it. */
const aggregated = (
  name: string,
  from: string,
  rules: readonly PolicyRule[],
  labels: Readonly<Record<string, string>> = {},
): ClusterRole => ({
  ...clusterRole(name, rules, labels),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${rbac}/aggregate-to-${from}`]: 'true' } }] },
});

type SubjectOf =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string };

const subject = (given: SubjectOf) => (given.kind === 'ServiceAccount' ? given : { ...given, apiGroup: rbac });

const clusterBinding = (name: string, role: string, ...subjects: readonly SubjectOf[]): ClusterRoleBinding => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name, labels: label, annotations },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
  subjects: subjects.map(subject),
});

const group = (name: string): SubjectOf => ({ kind: 'Group', name });
const user = (name: string): SubjectOf => ({ kind: 'User', name });

const core = [''];
const workloads = ['daemonsets', 'deployments', 'replicasets', 'statefulsets'];

const view: readonly PolicyRule[] = [
  on(
    core,
    [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'serviceaccounts',
      'services',
      'services/status',
    ],
    readOnly,
  ),
  on(
    core,
    [
      'bindings',
      'events',
      'limitranges',
      'namespaces/status',
      'pods/log',
      'pods/status',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
    ],
    readOnly,
  ),
  on(core, ['namespaces'], readOnly),
  on(['discovery.k8s.io'], ['endpointslices'], readOnly),
  on(
    ['apps'],
    [
      'controllerrevisions',
      ...workloads.flatMap((name) =>
        name === 'daemonsets' ? [name, `${name}/status`] : [name, `${name}/scale`, `${name}/status`],
      ),
    ],
    readOnly,
  ),
  on(['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], readOnly),
  on(['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], readOnly),
  on(['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status'], readOnly),
  on(['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies'], readOnly),
  on(['events.k8s.io'], ['events'], readOnly),
];

const edit: readonly PolicyRule[] = [
  on(core, ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'], readOnly),
  on(core, ['serviceaccounts'], ['impersonate']),
  on(core, ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], changes),
  on(core, ['pods/eviction'], ['create']),
  on(
    core,
    [
      'configmaps',
      'events',
      'persistentvolumeclaims',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
      'services/proxy',
    ],
    changes,
  ),
  on(core, ['serviceaccounts/token'], ['create']),
  on(
    ['apps'],
    [
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'daemonsets',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
    changes,
  ),
  on(['autoscaling'], ['horizontalpodautoscalers'], changes),
  on(['batch'], ['cronjobs', 'jobs'], changes),
  on(['policy'], ['poddisruptionbudgets'], changes),
  on(['networking.k8s.io'], ['ingresses', 'networkpolicies'], changes),
  on(['coordination.k8s.io'], ['leases'], [...changes, ...readOnly]),
];

const admin: readonly PolicyRule[] = [
  on(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  on([rbac], ['roles', 'rolebindings'], readWrite),
];

const nodeRules: readonly PolicyRule[] = [
  on(['authentication.k8s.io'], ['tokenreviews'], ['create']),
  on(['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews'], ['create']),
  on(core, ['services'], readOnly),
  on(core, ['nodes'], ['create', ...readOnly, 'patch', 'update']),
  on(core, ['nodes/status'], ['patch', 'update']),
  on(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']),
  on(core, ['pods'], [...readOnly, 'create', 'delete']),
  on(core, ['pods/status'], ['patch', 'update']),
  on(core, ['pods/eviction'], ['create']),
  on(core, ['configmaps', 'secrets'], readOnly),
  on(core, ['persistentvolumeclaims', 'persistentvolumes'], ['get']),
  on(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', ...readOnly]),
  on(['coordination.k8s.io'], ['leases'], ['create', 'delete', 'get', 'patch', 'update']),
  on(['storage.k8s.io'], ['volumeattachments', 'csidrivers'], readOnly),
  on(['storage.k8s.io'], ['csinodes'], ['create', 'delete', 'get', 'patch', 'update']),
  on(['node.k8s.io'], ['runtimeclasses'], readOnly),
  on(core, ['serviceaccounts/token'], ['create']),
];

const controllerEvents = on(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']);

export const bootstrapClusterRoles: readonly ClusterRole[] = [
  clusterRole('cluster-admin', [on(['*'], ['*'], ['*']), paths(['*'], ['*'])]),
  clusterRole('system:discovery', [
    paths([
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/healthz',
      '/livez',
      '/openapi',
      '/openapi/*',
      '/readyz',
      '/version',
      '/version/',
    ]),
  ]),
  clusterRole('system:monitoring', [
    paths(['/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*']),
  ]),
  clusterRole('system:basic-user', [
    on(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    on(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ]),
  clusterRole('system:public-info-viewer', [paths(['/healthz', '/livez', '/readyz', '/version', '/version/'])]),
  aggregated('admin', 'admin', [...admin, ...edit, ...view]),
  aggregated('edit', 'edit', [...edit, ...view], { [`${rbac}/aggregate-to-admin`]: 'true' }),
  aggregated('view', 'view', view, { [`${rbac}/aggregate-to-edit`]: 'true' }),
  clusterRole('system:aggregate-to-admin', admin, { [`${rbac}/aggregate-to-admin`]: 'true' }),
  clusterRole('system:aggregate-to-edit', edit, { [`${rbac}/aggregate-to-edit`]: 'true' }),
  clusterRole('system:aggregate-to-view', view, { [`${rbac}/aggregate-to-view`]: 'true' }),
  clusterRole('system:heapster', [
    on(core, ['events', 'namespaces', 'nodes', 'pods'], readOnly),
    on(['apps'], ['deployments'], readOnly),
  ]),
  clusterRole('system:node', nodeRules),
  clusterRole('system:node-bootstrapper', [
    on(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', ...readOnly]),
  ]),
  clusterRole('system:node-problem-detector', [
    on(core, ['nodes'], ['get']),
    on(core, ['nodes/status'], ['patch']),
    controllerEvents,
  ]),
  clusterRole('system:node-proxier', [
    on(core, ['services', 'endpoints'], ['list', 'watch']),
    on(core, ['nodes'], readOnly),
    controllerEvents,
    on(['discovery.k8s.io'], ['endpointslices'], ['list', 'watch']),
  ]),
  clusterRole('system:kubelet-api-admin', [
    on(core, ['nodes'], [...readOnly, 'proxy']),
    on(
      core,
      ['nodes/log', 'nodes/metrics', 'nodes/proxy', 'nodes/stats', 'nodes/configz', 'nodes/healthz', 'nodes/pods'],
      ['*'],
    ),
  ]),
  clusterRole('system:auth-delegator', [
    on(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    on(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  ]),
  clusterRole('system:kube-aggregator', [on(core, ['endpoints', 'services'], readOnly)]),
  clusterRole('system:kube-controller-manager', [
    controllerEvents,
    on(['coordination.k8s.io'], ['leases'], ['create', 'get', 'update']),
    on(core, ['secrets', 'serviceaccounts'], ['create', 'get', 'update', 'delete']),
    on(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    on(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
    on(core, ['serviceaccounts/token'], ['create']),
    on(['*'], ['*'], ['list', 'watch']),
  ]),
  clusterRole('system:kube-scheduler', [
    controllerEvents,
    on(['coordination.k8s.io'], ['leases'], ['create', 'get', 'update', 'list', 'watch']),
    on(core, ['nodes', 'namespaces'], readOnly),
    on(core, ['pods'], ['delete', ...readOnly]),
    on(core, ['bindings', 'pods/binding'], ['create']),
    on(core, ['pods/status'], ['patch', 'update']),
    on(core, ['replicationcontrollers', 'services', 'persistentvolumes', 'persistentvolumeclaims'], readOnly),
    on(['apps'], ['replicasets', 'statefulsets'], readOnly),
    on(['policy'], ['poddisruptionbudgets'], readOnly),
    on(
      ['storage.k8s.io'],
      ['csinodes', 'csidrivers', 'csistoragecapacities', 'storageclasses', 'volumeattachments'],
      readOnly,
    ),
    on(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    on(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  ]),
  clusterRole('system:volume-scheduler', [
    on(core, ['persistentvolumes', 'persistentvolumeclaims'], ['get', 'list', 'patch', 'update', 'watch']),
    on(['storage.k8s.io'], ['storageclasses'], readOnly),
  ]),
  clusterRole('system:kube-dns', [on(core, ['endpoints', 'services'], ['list', 'watch'])]),
  clusterRole('system:persistent-volume-provisioner', [
    on(core, ['persistentvolumes'], ['create', 'delete', ...readOnly]),
    on(core, ['persistentvolumeclaims'], [...readOnly, 'update']),
    on(['storage.k8s.io'], ['storageclasses'], readOnly),
    on(core, ['events'], ['watch', 'create', 'update', 'patch']),
  ]),
  clusterRole('system:service-account-issuer-discovery', [
    paths([
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration/',
      '/openid/v1/jwks',
      '/openid/v1/jwks/',
    ]),
  ]),
  clusterRole('geobuk:addon-packages', [on(['addons.geobuk.dev'], ['addonpackages'], ['get'])]),
  ...['nodeclient', 'selfnodeclient'].map((name) =>
    clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${name}`, [
      on(['certificates.k8s.io'], [`certificatesigningrequests/${name}`], ['create']),
    ]),
  ),
  ...(
    [
      ['kube-apiserver-client-approver', 'kubernetes.io/kube-apiserver-client'],
      ['kube-apiserver-client-kubelet-approver', 'kubernetes.io/kube-apiserver-client-kubelet'],
      ['kubelet-serving-approver', 'kubernetes.io/kubelet-serving'],
      ['legacy-unknown-approver', 'kubernetes.io/legacy-unknown'],
    ] as const
  ).map(([name, signer]) =>
    clusterRole(`system:certificates.k8s.io:${name}`, [
      on(['certificates.k8s.io'], ['signers'], ['approve'], [signer]),
    ]),
  ),
  ...controllerRoles.map(({ name, rules }) =>
    clusterRole(
      `system:controller:${name}`,
      rules.map(({ group: of, resources, verbs }) => on([of], resources, verbs)),
    ),
  ),
];

export const bootstrapClusterRoleBindings: readonly ClusterRoleBinding[] = [
  clusterBinding('cluster-admin', 'cluster-admin', group('system:masters')),
  clusterBinding('system:monitoring', 'system:monitoring', group('system:monitoring')),
  clusterBinding('system:discovery', 'system:discovery', group('system:authenticated')),
  clusterBinding('system:basic-user', 'system:basic-user', group('system:authenticated')),
  clusterBinding(
    'system:public-info-viewer',
    'system:public-info-viewer',
    group('system:authenticated'),
    group('system:unauthenticated'),
  ),
  clusterBinding('system:node-proxier', 'system:node-proxier', user('system:kube-proxy')),
  clusterBinding(
    'system:kube-controller-manager',
    'system:kube-controller-manager',
    user('system:kube-controller-manager'),
  ),
  clusterBinding('system:kube-scheduler', 'system:kube-scheduler', user('system:kube-scheduler')),
  clusterBinding('system:volume-scheduler', 'system:volume-scheduler', user('system:kube-scheduler')),
  clusterBinding('system:kube-dns', 'system:kube-dns', {
    kind: 'ServiceAccount',
    name: 'kube-dns',
    namespace: 'kube-system',
  }),
  clusterBinding('system:node', 'system:node'),
  clusterBinding(
    'system:service-account-issuer-discovery',
    'system:service-account-issuer-discovery',
    group('system:serviceaccounts'),
  ),
  ...controllerRoles.map(({ name }) =>
    clusterBinding(`system:controller:${name}`, `system:controller:${name}`, {
      kind: 'ServiceAccount',
      name,
      namespace: 'kube-system',
    }),
  ),
  // How nodes join: bootstrap tokens may ask for a certificate, which is approved by itself, and so are renewals.
  clusterBinding('geobuk:node-bootstrapper', 'system:node-bootstrapper', group('system:bootstrappers')),
  clusterBinding(
    'geobuk:approve-node-client',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    group('system:bootstrappers'),
  ),
  clusterBinding(
    'geobuk:approve-node-client-renewal',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    group('system:nodes'),
  ),
  // Nodes run the programs of addons whose packages the cluster keeps.
  clusterBinding('geobuk:addon-packages', 'geobuk:addon-packages', group('system:nodes')),
];

const role = (namespace: string, name: string, rules: readonly PolicyRule[]): Role => ({
  apiVersion: `${rbac}/v1`,
  kind: 'Role',
  metadata: { namespace, name, labels: label, annotations },
  rules,
});

const binding = (
  namespace: string,
  name: string,
  roleName: string,
  ...subjects: readonly SubjectOf[]
): RoleBinding => ({
  apiVersion: `${rbac}/v1`,
  kind: 'RoleBinding',
  metadata: { namespace, name, labels: label, annotations },
  roleRef: { apiGroup: rbac, kind: 'Role', name: roleName },
  subjects: subjects.map(subject),
});

export const bootstrapRoles: readonly Role[] = [
  role('kube-system', 'extension-apiserver-authentication-reader', [
    on(core, ['configmaps'], readOnly, ['extension-apiserver-authentication']),
  ]),
  role('kube-public', 'geobuk:cluster-info', [on(core, ['configmaps'], ['get'], ['cluster-info'])]),
];

export const bootstrapRoleBindings: readonly RoleBinding[] = [
  binding(
    'kube-system',
    'system::extension-apiserver-authentication-reader',
    'extension-apiserver-authentication-reader',
    user('system:kube-controller-manager'),
    user('system:kube-scheduler'),
  ),
  // A machine that joins knows the CA only by its hash, so it must be able to read this without credentials.
  binding(
    'kube-public',
    'geobuk:cluster-info',
    'geobuk:cluster-info',
    group('system:unauthenticated'),
    group('system:authenticated'),
  ),
];
