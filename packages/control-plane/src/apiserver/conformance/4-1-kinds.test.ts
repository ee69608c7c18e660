import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

interface Resource {
  readonly name: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

const all = 'create delete deletecollection get list patch update watch';
const status = 'get patch update';
const proxy = 'create delete get patch update';

/** Version, plural, kind, namespaced, verbs, short names, categories, subresources with their verbs. */
type Row = readonly [string, string, string, boolean, string, string, string, Readonly<Record<string, string>>?];

/** Every row of the table of kinds that are stable in 1.34 (4.1). */
const rows: readonly Row[] = [
  ['v1', 'bindings', 'Binding', true, 'create', '', ''],
  ['v1', 'componentstatuses', 'ComponentStatus', false, 'get list', 'cs', ''],
  ['v1', 'configmaps', 'ConfigMap', true, all, 'cm', ''],
  ['v1', 'endpoints', 'Endpoints', true, all, 'ep', ''],
  ['v1', 'events', 'Event', true, all, 'ev', ''],
  ['v1', 'limitranges', 'LimitRange', true, all, 'limits', ''],
  [
    'v1',
    'namespaces',
    'Namespace',
    false,
    all.replace('deletecollection ', ''),
    'ns',
    '',
    { status, finalize: 'update' },
  ],
  ['v1', 'nodes', 'Node', false, all, 'no', '', { status, proxy }],
  ['v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', true, all, 'pvc', '', { status }],
  ['v1', 'persistentvolumes', 'PersistentVolume', false, all, 'pv', '', { status }],
  [
    'v1',
    'pods',
    'Pod',
    true,
    all,
    'po',
    'all',
    {
      status,
      proxy,
      log: 'get',
      exec: 'create get',
      attach: 'create get',
      portforward: 'create get',
      binding: 'create',
      eviction: 'create',
      ephemeralcontainers: status,
      resize: status,
    },
  ],
  ['v1', 'podtemplates', 'PodTemplate', true, all, '', ''],
  ['v1', 'replicationcontrollers', 'ReplicationController', true, all, 'rc', 'all', { status, scale: status }],
  ['v1', 'resourcequotas', 'ResourceQuota', true, all, 'quota', '', { status }],
  ['v1', 'secrets', 'Secret', true, all, '', ''],
  ['v1', 'serviceaccounts', 'ServiceAccount', true, all, 'sa', '', { token: 'create' }],
  ['v1', 'services', 'Service', true, all, 'svc', 'all', { status, proxy }],
  ['apps/v1', 'controllerrevisions', 'ControllerRevision', true, all, '', ''],
  ['apps/v1', 'daemonsets', 'DaemonSet', true, all, 'ds', 'all', { status }],
  ['apps/v1', 'deployments', 'Deployment', true, all, 'deploy', 'all', { status, scale: status }],
  ['apps/v1', 'replicasets', 'ReplicaSet', true, all, 'rs', 'all', { status, scale: status }],
  ['apps/v1', 'statefulsets', 'StatefulSet', true, all, 'sts', 'all', { status, scale: status }],
  ['batch/v1', 'jobs', 'Job', true, all, '', 'all', { status }],
  ['batch/v1', 'cronjobs', 'CronJob', true, all, 'cj', 'all', { status }],
  ['autoscaling/v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', true, all, 'hpa', 'all', { status }],
  ['autoscaling/v1', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', true, all, 'hpa', 'all', { status }],
  ['policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget', true, all, 'pdb', '', { status }],
  ['networking.k8s.io/v1', 'ingresses', 'Ingress', true, all, 'ing', '', { status }],
  ['networking.k8s.io/v1', 'ingressclasses', 'IngressClass', false, all, '', ''],
  ['networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', true, all, 'netpol', ''],
  ['networking.k8s.io/v1', 'ipaddresses', 'IPAddress', false, all, 'ip', ''],
  ['networking.k8s.io/v1', 'servicecidrs', 'ServiceCIDR', false, all, '', '', { status }],
  ['discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', true, all, '', ''],
  ['events.k8s.io/v1', 'events', 'Event', true, all, 'ev', ''],
  ['rbac.authorization.k8s.io/v1', 'roles', 'Role', true, all, '', ''],
  ['rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding', true, all, '', ''],
  ['rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', false, all, '', ''],
  ['rbac.authorization.k8s.io/v1', 'clusterrolebindings', 'ClusterRoleBinding', false, all, '', ''],
  ['authentication.k8s.io/v1', 'tokenreviews', 'TokenReview', false, 'create', '', ''],
  ['authentication.k8s.io/v1', 'selfsubjectreviews', 'SelfSubjectReview', false, 'create', '', ''],
  ['authorization.k8s.io/v1', 'subjectaccessreviews', 'SubjectAccessReview', false, 'create', '', ''],
  ['authorization.k8s.io/v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', false, 'create', '', ''],
  ['authorization.k8s.io/v1', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', false, 'create', '', ''],
  ['authorization.k8s.io/v1', 'localsubjectaccessreviews', 'LocalSubjectAccessReview', true, 'create', '', ''],
  [
    'certificates.k8s.io/v1',
    'certificatesigningrequests',
    'CertificateSigningRequest',
    false,
    all,
    'csr',
    '',
    { status, approval: status },
  ],
  ['coordination.k8s.io/v1', 'leases', 'Lease', true, all, '', ''],
  ['node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', false, all, '', ''],
  ['scheduling.k8s.io/v1', 'priorityclasses', 'PriorityClass', false, all, 'pc', ''],
  ['storage.k8s.io/v1', 'storageclasses', 'StorageClass', false, all, 'sc', ''],
  ['storage.k8s.io/v1', 'volumeattachments', 'VolumeAttachment', false, all, '', '', { status }],
  ['storage.k8s.io/v1', 'csidrivers', 'CSIDriver', false, all, '', ''],
  ['storage.k8s.io/v1', 'csinodes', 'CSINode', false, all, '', ''],
  ['storage.k8s.io/v1', 'csistoragecapacities', 'CSIStorageCapacity', true, all, '', ''],
  ['storage.k8s.io/v1', 'volumeattributesclasses', 'VolumeAttributesClass', false, all, 'vac', ''],
  [
    'admissionregistration.k8s.io/v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    false,
    all,
    '',
    'api-extensions',
  ],
  [
    'admissionregistration.k8s.io/v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    false,
    all,
    '',
    'api-extensions',
  ],
  [
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
    false,
    all,
    '',
    'api-extensions',
    { status },
  ],
  [
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
    false,
    all,
    '',
    'api-extensions',
  ],
  [
    'apiextensions.k8s.io/v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
    all,
    'crd crds',
    'api-extensions',
    { status },
  ],
  ['apiregistration.k8s.io/v1', 'apiservices', 'APIService', false, all, '', 'api-extensions', { status }],
  ['flowcontrol.apiserver.k8s.io/v1', 'flowschemas', 'FlowSchema', false, all, '', '', { status }],
  [
    'flowcontrol.apiserver.k8s.io/v1',
    'prioritylevelconfigurations',
    'PriorityLevelConfiguration',
    false,
    all,
    '',
    '',
    { status },
  ],
  ['resource.k8s.io/v1', 'deviceclasses', 'DeviceClass', false, all, '', ''],
  ['resource.k8s.io/v1', 'resourceslices', 'ResourceSlice', false, all, '', ''],
  ['resource.k8s.io/v1', 'resourceclaims', 'ResourceClaim', true, all, '', '', { status }],
  ['resource.k8s.io/v1', 'resourceclaimtemplates', 'ResourceClaimTemplate', true, all, '', ''],
];

const words = (text: string): readonly string[] => (text === '' ? [] : text.split(' '));

describe('4.1 the kinds of Kubernetes', () => {
  it.each(rows.map((row) => ({ title: `${row[0]} ${row[1]}`, row })))(
    '$title',
    async ({ row: [version, plural, kind, namespaced, verbs, shortNames, categories, subresources = {}] }) => {
      const path = version === 'v1' ? '/api/v1' : `/apis/${version}`;
      const resources = (await api.get(path)).at('resources') as readonly Resource[];
      const found = resources.find(({ name }) => name === plural);
      expect(found).toMatchObject({ kind, namespaced, verbs: words(verbs) });
      expect(found?.shortNames ?? []).toEqual(words(shortNames));
      expect(found?.categories ?? []).toEqual(words(categories));
      const parts = resources
        .filter(({ name }) => name.startsWith(`${plural}/`))
        .map(({ name, verbs: partVerbs }) => [name.slice(plural.length + 1), partVerbs.join(' ')]);
      expect(Object.fromEntries(parts)).toEqual(subresources);
      if (words(verbs).includes('list')) expect((await api.get(`${path}/${plural}`)).at('kind')).toBe(`${kind}List`);
    },
  );
});
