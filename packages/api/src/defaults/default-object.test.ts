import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtInResources } from '../kinds.js';
import {
  cronJobs,
  daemonSets,
  deployments,
  endpointSlices,
  horizontalPodAutoscalers,
  jobs,
  namespaces,
  networkPolicies,
  persistentVolumeClaims,
  pods,
  roleBindings,
  secrets,
  services,
  statefulSets,
  customResourceDefinitions,
  validatingWebhookConfigurations,
} from '../generated/resources.js';
import { decodeObject } from '../decode/decode-object.js';
import { deepFreeze } from '../testing/arbitrary-json.js';
import { defaultObject } from './default-object.js';
import { pullPolicyOf } from './container.js';
import type { ResourceType } from '../resource-type.js';

const container = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  resources: {},
};
const podSpec = {
  restartPolicy: 'Always',
  dnsPolicy: 'ClusterFirst',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
const fullTemplate = {
  metadata: { labels: { a: 'b' } },
  spec: { ...podSpec, containers: [{ name: 'c', image: 'i:1', imagePullPolicy: 'IfNotPresent', ...container }] },
};

describe('defaults', () => {
  it.each<[string, ResourceType, object, object]>([
    [
      'a pod',
      pods,
      {
        spec: {
          serviceAccountName: 'sa',
          hostNetwork: true,
          containers: [
            {
              name: 'c',
              image: 'i',
              ports: [{ containerPort: 80 }],
              resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
              livenessProbe: { httpGet: { port: 80 } },
              readinessProbe: { grpc: { port: 1 }, periodSeconds: 3 },
              env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
              lifecycle: { preStop: { httpGet: { port: 80 } } },
            },
          ],
          volumes: [
            { name: 'e' },
            { name: 's', secret: { secretName: 'x' } },
            { name: 'h', hostPath: { path: '/d' } },
            { name: 'p', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
          ],
        },
      },
      {
        spec: {
          ...podSpec,
          serviceAccountName: 'sa',
          serviceAccount: 'sa',
          hostNetwork: true,
          enableServiceLinks: true,
          containers: [
            {
              name: 'c',
              image: 'i',
              imagePullPolicy: 'Always',
              ...container,
              ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
              resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
              livenessProbe: {
                httpGet: { port: 80, path: '/', scheme: 'HTTP' },
                timeoutSeconds: 1,
                periodSeconds: 10,
                successThreshold: 1,
                failureThreshold: 3,
              },
              readinessProbe: {
                grpc: { port: 1, service: '' },
                timeoutSeconds: 1,
                periodSeconds: 3,
                successThreshold: 1,
                failureThreshold: 3,
              },
              env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } } }],
              lifecycle: { preStop: { httpGet: { port: 80, path: '/', scheme: 'HTTP' } } },
            },
          ],
          volumes: [
            { name: 'e', emptyDir: {} },
            { name: 's', secret: { secretName: 'x', defaultMode: 420 } },
            { name: 'h', hostPath: { path: '/d', type: '' } },
            {
              name: 'p',
              projected: {
                defaultMode: 420,
                sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }],
              },
            },
          ],
        },
      },
    ],
    [
      'a Deployment',
      deployments,
      { spec: { selector: {}, template } },
      {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
          selector: {},
          template: fullTemplate,
        },
      },
    ],
    [
      'a Deployment that is recreated, with no replicas',
      deployments,
      { spec: { replicas: 0, strategy: { type: 'Recreate' }, template } },
      {
        spec: {
          replicas: 0,
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          strategy: { type: 'Recreate' },
          template: fullTemplate,
        },
      },
    ],
    [
      'a DaemonSet',
      daemonSets,
      { spec: { template } },
      {
        spec: {
          revisionHistoryLimit: 10,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
          template: fullTemplate,
        },
      },
    ],
    [
      'a StatefulSet',
      statefulSets,
      { spec: { template, volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: {} }] } },
      {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 10,
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          volumeClaimTemplates: [
            {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              metadata: { name: 'v' },
              spec: { volumeMode: 'Filesystem' },
              status: { phase: 'Pending' },
            },
          ],
          template: fullTemplate,
        },
      },
    ],
    [
      'a Job, which takes the labels of its template',
      jobs,
      { metadata: {}, spec: { template } },
      {
        metadata: { labels: { a: 'b' } },
        spec: {
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          manualSelector: false,
          suspend: false,
          podReplacementPolicy: 'TerminatingOrFailed',
          template: fullTemplate,
        },
      },
    ],
    [
      'a work queue',
      jobs,
      {
        metadata: { labels: { own: '1' } },
        spec: { parallelism: 3, backoffLimitPerIndex: 1, podFailurePolicy: { rules: [] } },
      },
      {
        metadata: { labels: { own: '1' } },
        spec: {
          parallelism: 3,
          backoffLimitPerIndex: 1,
          backoffLimit: 2147483647,
          completionMode: 'NonIndexed',
          manualSelector: false,
          suspend: false,
          podReplacementPolicy: 'Failed',
          podFailurePolicy: { rules: [] },
        },
      },
    ],
    [
      'a CronJob',
      cronJobs,
      { spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } },
      {
        spec: {
          schedule: '* * * * *',
          concurrencyPolicy: 'Allow',
          suspend: false,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 1,
          jobTemplate: { spec: { template: fullTemplate } },
        },
      },
    ],
    [
      'a Service',
      services,
      { spec: { clusterIP: '10.43.0.7', ports: [{ port: 80 }, { port: 81, targetPort: 'web', protocol: 'UDP' }] } },
      {
        spec: {
          type: 'ClusterIP',
          sessionAffinity: 'None',
          clusterIP: '10.43.0.7',
          clusterIPs: ['10.43.0.7'],
          internalTrafficPolicy: 'Cluster',
          ipFamilyPolicy: 'SingleStack',
          ipFamilies: ['IPv4'],
          ports: [
            { port: 80, targetPort: 80, protocol: 'TCP' },
            { port: 81, targetPort: 'web', protocol: 'UDP' },
          ],
        },
      },
    ],
    [
      'a load balancer with session affinity',
      services,
      { spec: { type: 'LoadBalancer', sessionAffinity: 'ClientIP', ports: [] } },
      {
        spec: {
          type: 'LoadBalancer',
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
          internalTrafficPolicy: 'Cluster',
          externalTrafficPolicy: 'Cluster',
          allocateLoadBalancerNodePorts: true,
          ipFamilyPolicy: 'SingleStack',
          ipFamilies: ['IPv4'],
          ports: [],
        },
      },
    ],
    [
      'a Service that is a name',
      services,
      { spec: { type: 'ExternalName', externalName: 'x.y' } },
      { spec: { type: 'ExternalName', externalName: 'x.y', sessionAffinity: 'None' } },
    ],
    [
      'a Secret, whose stringData goes into data',
      secrets,
      { data: { a: 'QQ==', b: 'Qg==' }, stringData: { b: 'new' } },
      { type: 'Opaque', data: { a: 'QQ==', b: 'bmV3' } },
    ],
    [
      'a Namespace',
      namespaces,
      { metadata: { name: 'x' } },
      {
        metadata: { name: 'x', labels: { 'kubernetes.io/metadata.name': 'x' } },
        spec: {},
        status: { phase: 'Active' },
      },
    ],
    [
      'a NetworkPolicy with egress',
      networkPolicies,
      { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } },
      {
        spec: {
          podSelector: {},
          policyTypes: ['Ingress', 'Egress'],
          egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
        },
      },
    ],
    [
      'an EndpointSlice',
      endpointSlices,
      { ports: [{ port: 80 }] },
      { ports: [{ port: 80, name: '', protocol: 'TCP' }] },
    ],
    [
      'a claim',
      persistentVolumeClaims,
      { spec: { accessModes: ['ReadWriteOnce'] } },
      { spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
    ],
    [
      'a RoleBinding',
      roleBindings,
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
      {
        roleRef: { kind: 'Role', name: 'r', apiGroup: 'rbac.authorization.k8s.io' },
        subjects: [
          { kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
    ],
    [
      'an autoscaler',
      horizontalPodAutoscalers,
      { spec: { maxReplicas: 3, behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } } },
      {
        spec: {
          minReplicas: 1,
          maxReplicas: 3,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
          behavior: {
            scaleUp: {
              stabilizationWindowSeconds: 0,
              selectPolicy: 'Max',
              policies: [
                { type: 'Pods', value: 4, periodSeconds: 15 },
                { type: 'Percent', value: 100, periodSeconds: 15 },
              ],
            },
            scaleDown: {
              stabilizationWindowSeconds: 5,
              selectPolicy: 'Max',
              policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
            },
          },
        },
      },
    ],
    [
      'a webhook',
      validatingWebhookConfigurations,
      { webhooks: [{ name: 'w', rules: [{}], clientConfig: { service: { name: 's' } } }] },
      {
        webhooks: [
          {
            name: 'w',
            rules: [{ scope: '*' }],
            clientConfig: { service: { name: 's', port: 443 } },
            failurePolicy: 'Fail',
            matchPolicy: 'Equivalent',
            namespaceSelector: {},
            objectSelector: {},
            timeoutSeconds: 10,
          },
        ],
      },
    ],
    [
      'a CustomResourceDefinition',
      customResourceDefinitions,
      { spec: { names: { kind: 'Foo', plural: 'foos' } } },
      {
        spec: {
          names: { kind: 'Foo', plural: 'foos', singular: 'foo', listKind: 'FooList' },
          conversion: { strategy: 'None' },
        },
      },
    ],
  ])('%s', (_title, type, given, expected) => {
    const filled = defaultObject(type, deepFreeze(given));
    expect(filled).toEqual(expected);
    expect(defaultObject(type, filled)).toBe(filled);
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.2', 'IfNotPresent'],
    ['host:5000/nginx', 'Always'],
    ['host:5000/nginx:2', 'IfNotPresent'],
    ['nginx@sha256:abc', 'IfNotPresent'],
    ['', 'IfNotPresent'],
  ])('%s is pulled %s', (image, policy) => {
    expect(pullPolicyOf(image)).toBe(policy);
  });

  it('breaks on no kind that has nothing but metadata, and is idempotent for all', () => {
    fc.assert(
      fc.property(fc.constantFrom(...builtInResources), (type) => {
        if (type.definition === undefined) return;
        const once = defaultObject(type, deepFreeze({ metadata: { name: 'x' }, spec: {} }));
        expect(defaultObject(type, once)).toBe(once);
      }),
      { numRuns: 300 },
    );
  });

  it('adds no field that the schema does not know', () => {
    const pod = defaultObject<unknown>(pods, {
      spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v' }] },
    });
    expect(decodeObject(pods, pod).unknownFields).toEqual([]);
  });
});
