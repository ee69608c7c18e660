import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../status.js';
import { builtInResources } from '../kinds.js';
import * as kinds from '../generated/resources.js';
import { decodeObject } from '../decode/decode-object.js';
import { deepFreeze, jsonObject } from '../testing/arbitrary-json.js';
import { defaultObject } from '../defaults/default-object.js';
import { validateObject, validateUpdate } from './validate-object.js';
import type { KubernetesObject } from '../object.js';
import type { ResourceType } from '../resource-type.js';

type Loose = Readonly<Record<string, unknown>>;

const make = (type: ResourceType, object: Loose): KubernetesObject =>
  deepFreeze(
    defaultObject(type, {
      ...object,
      metadata: { name: 'x', ...(type.namespaced ? { namespace: 'n' } : {}), ...(object['metadata'] as Loose) },
    }) as KubernetesObject,
  );

const texts = (type: ResourceType, object: Loose): readonly string[] =>
  validateObject(type, make(type, object)).map(({ field, message }) => `${field}: ${message}`);

const updateTexts = (type: ResourceType, object: Loose, old: Loose): readonly string[] =>
  validateUpdate(type, make(type, object), make(type, old)).map(({ field, message }) => `${field}: ${message}`);

const container = { name: 'c', image: 'i' };
const labels = { app: 'x' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [container] } };
const jobTemplate = { metadata: { labels }, spec: { containers: [container], restartPolicy: 'Never' } };
const pod = (spec: Loose = {}, more: Loose = {}) => ({ ...more, spec: { containers: [container], ...spec } });
const withContainer = (more: Loose, spec: Loose = {}) => pod({ ...spec, containers: [{ ...container, ...more }] });
const storageRequest = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

const accepted: readonly (readonly [string, ResourceType, Loose])[] = [
  ['a pod', kinds.pods, pod()],
  ['a host process', kinds.pods, withContainer({ image: 'npm:@geobuk/dns@1.0.0' }, { runtimeClassName: 'host' })],
  ['a Deployment', kinds.deployments, { spec: { selector, template } }],
  ['a DaemonSet', kinds.daemonSets, { spec: { selector, template } }],
  ['a StatefulSet', kinds.statefulSets, { spec: { selector, serviceName: 's', template } }],
  [
    'a StatefulSet whose container mounts what a claim template brings',
    kinds.statefulSets,
    {
      spec: {
        selector,
        serviceName: 's',
        template: {
          ...template,
          spec: { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    },
  ],
  ['a Job', kinds.jobs, { spec: { selector, template: jobTemplate } }],
  [
    'a CronJob',
    kinds.cronJobs,
    { spec: { schedule: '*/5 0-6 * jan mon', jobTemplate: { spec: { template: jobTemplate } } } },
  ],
  ['a Service', kinds.services, { spec: { ports: [{ port: 80 }] } }],
  ['a headless Service without ports', kinds.services, { spec: { clusterIP: 'None' } }],
  ['a name Service', kinds.services, { spec: { type: 'ExternalName', externalName: 'a.b' } }],
  ['a ConfigMap', kinds.configMaps, { data: { 'a.b': 'x' } }],
  ['a Secret', kinds.secrets, { stringData: { a: 'x' } }],
  ['a claim', kinds.persistentVolumeClaims, { spec: storageRequest }],
  [
    'a volume',
    kinds.persistentVolumes,
    { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/d' } } },
  ],
  [
    'an Ingress',
    kinds.ingresses,
    {
      spec: {
        rules: [
          {
            host: '*.a.b',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
  ],
  [
    'a Role with a path-like name',
    kinds.roles,
    { metadata: { name: 'system:x' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  ],
  [
    'a ClusterRoleBinding',
    kinds.clusterRoleBindings,
    { roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'Group', name: 'g' }] },
  ],
  ['a PriorityClass', kinds.priorityClasses, { value: 5 }],
  [
    'a CustomResourceDefinition',
    kinds.customResourceDefinitions,
    {
      metadata: { name: 'foos.a.b' },
      spec: {
        group: 'a.b',
        scope: 'Namespaced',
        names: { plural: 'foos', kind: 'Foo' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  ],
];

const refused: readonly (readonly [string, ResourceType, Loose, string])[] = [
  [
    'a name in capitals',
    kinds.pods,
    pod({}, { metadata: { name: 'X' } }),
    'metadata.name: Invalid value: "X": a lowercase RFC 1123 subdomain must consist',
  ],
  [
    'no name',
    kinds.pods,
    pod({}, { metadata: { name: undefined } }),
    'metadata.name: Required value: name or generateName is required',
  ],
  [
    'a namespace on a node',
    kinds.nodes,
    { metadata: { namespace: 'n' } },
    'metadata.namespace: Forbidden: not allowed on this type',
  ],
  [
    'a bad label',
    kinds.pods,
    pod({}, { metadata: { labels: { a: 'b c' } } }),
    'metadata.labels: Invalid value: "b c": a valid label must be',
  ],
  [
    'too many annotations',
    kinds.pods,
    pod({}, { metadata: { annotations: { a: 'x'.repeat(262144) } } }),
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  ],
  [
    'an unknown bare finalizer',
    kinds.pods,
    pod({}, { metadata: { finalizers: ['bare'] } }),
    'metadata.finalizers: Invalid value: "bare": name is neither a standard finalizer name nor is it fully qualified',
  ],
  [
    'two controllers',
    kinds.pods,
    pod(
      {},
      {
        metadata: {
          ownerReferences: ['a', 'b'].map((name) => ({
            apiVersion: 'v1',
            kind: 'K',
            name,
            uid: name,
            controller: true,
          })),
        },
      },
    ),
    'Only one reference can have Controller set to true. Found "true" in references for a and b',
  ],
  [
    'an owner without uid',
    kinds.pods,
    pod({}, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'a' }] } }),
    'metadata.ownerReferences[0].uid: Invalid value: "": must not be empty',
  ],
  [
    'a Service name that starts with a digit',
    kinds.services,
    { metadata: { name: '1a' }, spec: { ports: [{ port: 80 }] } },
    'metadata.name: Invalid value: "1a": a DNS-1035 label must consist',
  ],
  ['no containers', kinds.pods, { spec: { containers: [] } }, 'spec.containers: Required value'],
  ['no image', kinds.pods, withContainer({ image: '' }), 'spec.containers[0].image: Required value'],
  [
    'a doubled container',
    kinds.pods,
    pod({ containers: [container, container] }),
    'spec.containers[1].name: Duplicate value: "c"',
  ],
  [
    'an unknown restart policy',
    kinds.pods,
    pod({ restartPolicy: 'Sometimes' }),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
  ],
  [
    'a mount of no volume',
    kinds.pods,
    withContainer({ volumeMounts: [{ name: 'v', mountPath: '/x' }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "v"',
  ],
  [
    'a way out of a volume',
    kinds.pods,
    withContainer({ volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] }, { volumes: [{ name: 'v' }] }),
    `subPath: Invalid value: "../y": must not contain '..'`,
  ],
  [
    'a volume with two sources',
    kinds.pods,
    pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }),
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'more requested than allowed',
    kinds.pods,
    withContainer({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    'an unknown resource',
    kinds.pods,
    withContainer({ resources: { limits: { foo: '1' } } }),
    'must be a standard resource for containers',
  ],
  [
    'a port out of range',
    kinds.pods,
    withContainer({ ports: [{ containerPort: 70000 }] }),
    'containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    'a probe with two handlers',
    kinds.pods,
    withContainer({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } }),
    'livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
  ],
  [
    'liveness after two successes',
    kinds.pods,
    withContainer({ livenessProbe: { exec: { command: ['a'] }, successThreshold: 2 } }),
    'livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'an env name with =',
    kinds.pods,
    withContainer({ env: [{ name: 'a=b' }] }),
    'spec.containers[0].env[0].name: Invalid value: "a=b"',
  ],
  [
    'a debugger from the start',
    kinds.pods,
    pod({ ephemeralContainers: [container] }),
    'spec.ephemeralContainers: Forbidden: cannot be set on create',
  ],
  [
    'a probe of an init container',
    kinds.pods,
    pod({ initContainers: [{ ...container, name: 'i', livenessProbe: { exec: { command: ['a'] } } }] }),
    'may not be set for init containers without restartPolicy=Always',
  ],
  [
    'a toleration of nothing',
    kinds.pods,
    pod({ tolerations: [{ operator: 'Equal' }] }),
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty',
  ],
  [
    'a selector that misses the template',
    kinds.deployments,
    { spec: { selector: { matchLabels: { app: 'y' } }, template } },
    'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
  ],
  ['no selector', kinds.deployments, { spec: { template } }, 'spec.selector: Required value'],
  [
    'fewer than no replicas',
    kinds.deployments,
    { spec: { replicas: -1, selector, template } },
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    'a Deployment of pods that end',
    kinds.deployments,
    { spec: { selector, template: jobTemplate } },
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    'a roll-out that cannot move',
    kinds.deployments,
    { spec: { selector, template, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
    'may not be 0 when `maxSurge` is 0',
  ],
  [
    'a Job for ever',
    kinds.jobs,
    { spec: { selector, template } },
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ],
  [
    'a schedule of four fields',
    kinds.cronJobs,
    { spec: { schedule: '* * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4',
  ],
  [
    'a zone in the schedule',
    kinds.cronJobs,
    { spec: { schedule: 'TZ=UTC * * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ],
  [
    'an unknown zone',
    kinds.cronJobs,
    { spec: { schedule: '* * * * *', timeZone: 'Mars/X', jobTemplate: { spec: { template: jobTemplate } } } },
    'spec.timeZone: Invalid value: "Mars/X": unknown time zone Mars/X',
  ],
  ['a Service without ports', kinds.services, { spec: {} }, 'spec.ports: Required value'],
  [
    'two ports without names',
    kinds.services,
    { spec: { ports: [{ port: 80 }, { port: 81 }] } },
    'spec.ports[0].name: Required value',
  ],
  [
    'a doubled port',
    kinds.services,
    {
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
    },
    'spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}',
  ],
  [
    'a bad key',
    kinds.configMaps,
    { data: { 'a b': '' } },
    "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ],
  [
    'too much data',
    kinds.configMaps,
    { data: { a: 'x'.repeat(1024 * 1024 + 1) } },
    'Too long: may not be more than 1048576 bytes',
  ],
  [
    'a TLS secret without a key',
    kinds.secrets,
    { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } },
    'data[tls.key]: Required value',
  ],
  [
    'a claim of nothing',
    kinds.persistentVolumeClaims,
    { spec: { accessModes: ['ReadWriteOnce'] } },
    'spec.resources[storage]: Required value',
  ],
  [
    'a rule without verbs',
    kinds.roles,
    { rules: [{ apiGroups: [''], resources: ['pods'] }] },
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ],
  [
    'paths in a Role',
    kinds.roles,
    { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    'namespaced rules cannot apply to non-resource URLs',
  ],
  [
    'a subject of an unknown kind',
    kinds.roleBindings,
    { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'Pod', name: 'p' }] },
    'subjects[0].kind: Unsupported value: "Pod": supported values: "Group", "ServiceAccount", "User"',
  ],
  [
    'both budgets',
    kinds.podDisruptionBudgets,
    { spec: { minAvailable: 1, maxUnavailable: 1 } },
    'minAvailable and maxUnavailable cannot be both set',
  ],
  [
    'a priority of the system',
    kinds.priorityClasses,
    { value: 2_000_000_000 },
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ],
  [
    'an Ingress path without a type',
    kinds.ingresses,
    {
      spec: {
        rules: [{ http: { paths: [{ path: '/', backend: { service: { name: 's', port: { number: 80 } } } }] } }],
      },
    },
    'pathType: Required value: pathType must be specified',
  ],
  [
    'a loopback endpoint',
    kinds.endpoints,
    { subsets: [{ addresses: [{ ip: '127.0.0.1' }] }] },
    'may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    'a Lease of no time',
    kinds.leases,
    { spec: { leaseDurationSeconds: 0 } },
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
  ],
  [
    'a CustomResourceDefinition of another name',
    kinds.customResourceDefinitions,
    { spec: { group: 'a.b', names: { plural: 'foos', kind: 'Foo' } } },
    'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
  ],
];

const forbiddenChanges: readonly (readonly [string, ResourceType, Loose, Loose, string])[] = [
  [
    'the name',
    kinds.configMaps,
    { metadata: { name: 'y' } },
    {},
    'metadata.name: Invalid value: "y": field is immutable',
  ],
  [
    'the uid',
    kinds.configMaps,
    { metadata: { uid: 'b' } },
    { metadata: { uid: 'a' } },
    'metadata.uid: Invalid value: "b": field is immutable',
  ],
  [
    'finalizers of a dying object',
    kinds.configMaps,
    { metadata: { deletionTimestamp: 't', finalizers: ['a/b'] } },
    { metadata: { deletionTimestamp: 't' } },
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}',
  ],
  [
    'the command of a pod',
    kinds.pods,
    withContainer({ command: ['x'] }),
    pod(),
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
  ],
  [
    'the number of containers',
    kinds.pods,
    pod({ containers: [container, { ...container, name: 'd' }] }),
    pod(),
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ],
  [
    'a longer deadline',
    kinds.pods,
    pod({ activeDeadlineSeconds: 9 }),
    pod({ activeDeadlineSeconds: 5 }),
    'must be less than or equal to previous value',
  ],
  [
    'a toleration',
    kinds.pods,
    pod(),
    pod({ tolerations: [{ operator: 'Exists' }] }),
    'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
  ],
  [
    'the selector of a Deployment',
    kinds.deployments,
    { spec: { selector: { matchLabels: { app: 'x', b: 'c' } }, template } },
    { spec: { selector, template } },
    'spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable',
  ],
  [
    'the service of a StatefulSet',
    kinds.statefulSets,
    { spec: { selector, template, serviceName: 'b' } },
    { spec: { selector, template, serviceName: 'a' } },
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'",
  ],
  [
    'the template of a Job',
    kinds.jobs,
    { spec: { selector, template: { ...jobTemplate, metadata: { labels: { ...labels, more: '1' } } } } },
    { spec: { selector, template: jobTemplate } },
    'spec.template: Invalid value',
  ],
  [
    'the address of a Service',
    kinds.services,
    { spec: { clusterIP: '10.43.0.2', ports: [{ port: 80 }] } },
    { spec: { clusterIP: '10.43.0.1', ports: [{ port: 80 }] } },
    'spec.clusterIPs[0]: Invalid value: ["10.43.0.2"]: may not change once set',
  ],
  [
    'a frozen ConfigMap',
    kinds.configMaps,
    { immutable: true, data: { a: '2' } },
    { immutable: true, data: { a: '1' } },
    'data: Forbidden: field is immutable when `immutable` is set',
  ],
  ['the type of a Secret', kinds.secrets, { type: 'b' }, { type: 'a' }, 'type: Invalid value: "b": field is immutable'],
  [
    'the class of a claim',
    kinds.persistentVolumeClaims,
    { spec: { ...storageRequest, storageClassName: 'b' } },
    { spec: { ...storageRequest, storageClassName: 'a' } },
    'spec: Forbidden: spec is immutable after creation except',
  ],
  [
    'a claim to less',
    kinds.persistentVolumeClaims,
    { spec: storageRequest },
    { spec: { ...storageRequest, resources: { requests: { storage: '2Gi' } } } },
    'field can not be less than status.capacity',
  ],
  [
    'a role reference',
    kinds.roleBindings,
    { roleRef: { kind: 'Role', name: 'b' } },
    { roleRef: { kind: 'Role', name: 'a' } },
    'cannot change roleRef',
  ],
  [
    'a priority',
    kinds.priorityClasses,
    { value: 2 },
    { value: 1 },
    'value: Forbidden: may not be changed in an update.',
  ],
];

const allowedChanges: readonly (readonly [string, ResourceType, Loose, Loose])[] = [
  ['the image of a pod', kinds.pods, withContainer({ image: 'i:2' }), withContainer({ image: 'i:1' })],
  ['more tolerations', kinds.pods, pod({ tolerations: [{ operator: 'Exists' }] }), pod()],
  [
    'the node selector of a gated pod',
    kinds.pods,
    pod({ nodeSelector: { a: 'b' } }),
    pod({ schedulingGates: [{ name: 'g' }] }),
  ],
  [
    'replicas and template of a StatefulSet',
    kinds.statefulSets,
    {
      spec: { selector, template: { ...template, spec: { containers: [{ ...container, image: 'j' }] } }, replicas: 3 },
    },
    { spec: { selector, template } },
  ],
  [
    'where a suspended Job runs',
    kinds.jobs,
    {
      spec: {
        suspend: true,
        selector,
        template: { ...jobTemplate, spec: { ...jobTemplate.spec, nodeSelector: { a: 'b' } } },
      },
    },
    { spec: { suspend: true, selector, template: jobTemplate } },
  ],
  [
    'a Service to a name',
    kinds.services,
    { spec: { type: 'ExternalName', externalName: 'a.b' } },
    { spec: { clusterIP: '10.43.0.1', ports: [{ port: 80 }] } },
  ],
  [
    'a claim to more',
    kinds.persistentVolumeClaims,
    { spec: { ...storageRequest, volumeName: 'v', resources: { requests: { storage: '2Gi' } } } },
    { spec: storageRequest },
  ],
  ['labels of a frozen ConfigMap', kinds.configMaps, { immutable: true, metadata: { labels } }, { immutable: true }],
];

describe('validation', () => {
  it.each(accepted)('accepts %s', (_title, type, object) => {
    expect(texts(type, object)).toEqual([]);
  });

  it.each(refused)('refuses %s', (_title, type, object, text) => {
    expect(texts(type, object)).toContainEqual(expect.stringContaining(text));
  });

  it('reports all that is wrong at once', () => {
    expect(texts(kinds.pods, { metadata: { name: 'X' }, spec: { containers: [{ name: 'C' }] } })).toHaveLength(3);
  });

  it.each(forbiddenChanges)('forbids to change %s', (_title, type, object, old, text) => {
    expect(updateTexts(type, object, old)).toContainEqual(expect.stringContaining(text));
  });

  it.each(allowedChanges)('allows to change %s', (_title, type, object, old) => {
    expect(updateTexts(type, object, old)).toEqual([]);
  });

  it('answers whatever was decoded with field errors, never with an exception', () => {
    const subject = fc.constantFrom(...builtInResources.filter(({ definition }) => definition !== undefined));
    fc.assert(
      fc.property(subject, jsonObject, fc.boolean(), (type, tree, bare) => {
        try {
          const raw = { metadata: { name: 'x' }, ...(bare ? {} : { spec: {}, status: {}, ...tree }) };
          const { object } = decodeObject<KubernetesObject>(type, raw as KubernetesObject);
          const full = defaultObject(type, object);
          for (const { field, message } of validateUpdate(type, full, full))
            expect(typeof field + message).not.toBe('');
          expect(Array.isArray(validateObject(type, full))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
