import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const ns = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const batch = '/apis/batch/v1/namespaces/default';
const container = { name: 'c', image: 'i' };
const labels = { a: 'b' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [container] } };
const jobTemplate = { spec: { containers: [container], restartPolicy: 'Never' } };
let count = 0;

/** What is stored of an object that says as little as it may. */
async function stored<T = Record<string, unknown>>(path: string, body: object): Promise<T> {
  const made = await api.make(path, { ...body, metadata: { name: `d${++count}` } });
  return made.json as unknown as T;
}
const specOf = async (path: string, spec: object) =>
  (await stored<{ spec: Record<string, unknown> }>(path, { spec })).spec;

describe('defaults', () => {
  it('4.2.1 of pods', async () => {
    const spec = await specOf(`${ns}/pods`, { containers: [container] });
    expect(spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      schedulerName: 'default-scheduler',
      securityContext: {},
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      serviceAccountName: 'default',
      serviceAccount: 'default',
    });
    const host = await specOf(`${ns}/pods`, {
      hostNetwork: true,
      containers: [{ ...container, ports: [{ containerPort: 80 }] }],
    });
    expect(host).toMatchObject({ containers: [{ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }] });
  });

  it('4.2.2 of containers', async () => {
    const pull = async (image: string) =>
      (
        (await specOf(`${ns}/pods`, { containers: [{ name: 'c', image }] }))['containers'] as {
          imagePullPolicy: string;
        }[]
      )[0]?.imagePullPolicy;
    expect(await pull('a')).toBe('Always');
    expect(await pull('a:latest')).toBe('Always');
    expect(await pull('a:1')).toBe('IfNotPresent');
    expect(await pull('registry.test:5000/a')).toBe('Always');
    expect(await pull(`a@sha256:${'0'.repeat(64)}`)).toBe('IfNotPresent');
    const spec = await specOf(`${ns}/pods`, {
      containers: [
        {
          ...container,
          ports: [{ containerPort: 80 }],
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
        },
      ],
    });
    expect(spec).toMatchObject({
      containers: [
        {
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          env: [{ valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
        },
      ],
    });
    const bare = await specOf(`${ns}/pods`, { containers: [container] });
    expect(bare).toMatchObject({ containers: [{ resources: {} }] });
  });

  it('4.2.3 of probes', async () => {
    const spec = await specOf(`${ns}/pods`, {
      containers: [
        {
          ...container,
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { grpc: { port: 80 } },
          startupProbe: { tcpSocket: { port: 80 } },
        },
      ],
    });
    const numbers = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
    expect(spec).toMatchObject({
      containers: [
        {
          livenessProbe: { ...numbers, httpGet: { port: 80, scheme: 'HTTP', path: '/' } },
          readinessProbe: { ...numbers, grpc: { port: 80, service: '' } },
          startupProbe: numbers,
        },
      ],
    });
  });

  it('4.2.4 of volumes', async () => {
    const spec = await specOf(`${ns}/pods`, {
      containers: [container],
      automountServiceAccountToken: false,
      volumes: [
        { name: 'a' },
        { name: 'b', secret: { secretName: 's' } },
        { name: 'c', configMap: { name: 'm' } },
        { name: 'd', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
        { name: 'e', downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { name: 'f', hostPath: { path: '/x' } },
        { name: 'g', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:x', lun: 0 } },
      ],
    });
    expect(spec['volumes']).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      { name: 'c', configMap: { name: 'm', defaultMode: 420 } },
      {
        name: 'd',
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] },
      },
      {
        name: 'e',
        downwardAPI: {
          defaultMode: 420,
          items: [{ path: 'n', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
        },
      },
      { name: 'f', hostPath: { path: '/x', type: '' } },
      {
        name: 'g',
        iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:x', lun: 0, iscsiInterface: 'default' },
      },
    ]);
  });

  it('4.2.5 of Services', async () => {
    const spec = await specOf(`${ns}/services`, { ports: [{ port: 80 }] });
    expect(spec).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      clusterIP: expect.stringMatching(/^10\.43\./) as unknown,
      clusterIPs: [spec['clusterIP']],
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
    expect(await specOf(`${ns}/services`, { ports: [{ port: 80 }], sessionAffinity: 'ClientIP' })).toMatchObject({
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    expect(await specOf(`${ns}/services`, { type: 'NodePort', ports: [{ port: 80 }] })).toMatchObject({
      externalTrafficPolicy: 'Cluster',
    });
    expect(await specOf(`${ns}/services`, { type: 'LoadBalancer', ports: [{ port: 80 }] })).toMatchObject({
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
    });
  });

  it('4.2.6 of Deployments, ReplicaSets and ReplicationControllers', async () => {
    expect(await specOf(`${apps}/deployments`, { selector, template })).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    });
    expect(await specOf(`${apps}/replicasets`, { selector, template })).toMatchObject({ replicas: 1 });
    const controller = await stored(`${ns}/replicationcontrollers`, { spec: { template } });
    expect(controller).toMatchObject({ metadata: { labels }, spec: { replicas: 1, selector: labels } });
  });

  it('4.2.7 of DaemonSets and StatefulSets', async () => {
    expect(await specOf(`${apps}/daemonsets`, { selector, template })).toMatchObject({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
    });
    const claim = {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    expect(
      await specOf(`${apps}/statefulsets`, { selector, template, serviceName: 's', volumeClaimTemplates: [claim] }),
    ).toMatchObject({
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      replicas: 1,
      revisionHistoryLimit: 10,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [{ status: { phase: 'Pending' }, spec: { volumeMode: 'Filesystem' } }],
    });
  });

  it('4.2.8 of Jobs', async () => {
    const job = await stored<{ metadata: { uid: string; name: string }; spec: Record<string, unknown> }>(
      `${batch}/jobs`,
      {
        spec: { template: jobTemplate },
      },
    );
    expect(job.spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': job.metadata.uid } },
      template: {
        metadata: {
          labels: {
            'batch.kubernetes.io/controller-uid': job.metadata.uid,
            'batch.kubernetes.io/job-name': job.metadata.name,
            'controller-uid': job.metadata.uid,
            'job-name': job.metadata.name,
          },
        },
      },
    });
    const queue = await specOf(`${batch}/jobs`, { template: jobTemplate, parallelism: 3 });
    expect([queue['completions'], queue['parallelism']]).toEqual([undefined, 3]);
    const perIndex = { template: jobTemplate, completionMode: 'Indexed', completions: 2, backoffLimitPerIndex: 1 };
    expect(await specOf(`${batch}/jobs`, perIndex)).toMatchObject({ backoffLimit: 2147483647 });
    const podFailurePolicy = { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }] };
    expect(await specOf(`${batch}/jobs`, { template: jobTemplate, podFailurePolicy })).toMatchObject({
      podReplacementPolicy: 'Failed',
    });
  });

  it('4.2.9 of CronJobs', async () => {
    expect(
      await specOf(`${batch}/cronjobs`, { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } }),
    ).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
  });

  it('4.2.10 of autoscalers', async () => {
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
    expect(await specOf(path, { maxReplicas: 3, scaleTargetRef })).toMatchObject({
      minReplicas: 1,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    });
    const behaving = await specOf(path, { maxReplicas: 3, scaleTargetRef, behavior: { scaleUp: {}, scaleDown: {} } });
    expect(behaving).toMatchObject({
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: 'Max',
          policies: [
            { type: 'Pods', value: 4, periodSeconds: 15 },
            { type: 'Percent', value: 100, periodSeconds: 15 },
          ],
        },
        scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
      },
    });
  });

  it('4.2.11 of volumes, claims and classes', async () => {
    const accessModes = ['ReadWriteOnce'];
    expect(
      await stored('/api/v1/persistentvolumes', {
        spec: { capacity: { storage: '1Gi' }, accessModes, hostPath: { path: '/x' } },
      }),
    ).toMatchObject({
      spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
    expect(
      await stored(`${ns}/persistentvolumeclaims`, {
        spec: { accessModes, resources: { requests: { storage: '1Gi' } } },
      }),
    ).toMatchObject({ spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } });
    expect(await stored('/apis/storage.k8s.io/v1/storageclasses', { provisioner: 'a.b/c' })).toMatchObject({
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    });
  });

  it('4.2.12 of network policies, Ingresses and budgets', async () => {
    const policies = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies';
    expect(await specOf(policies, { podSelector: {} })).toMatchObject({ policyTypes: ['Ingress'] });
    expect(await specOf(policies, { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] })).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
    });
    const backend = { service: { name: 's', port: { number: 80 } } };
    const missing = await api.post('/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      metadata: { name: 'i' },
      spec: { rules: [{ http: { paths: [{ path: '/', backend }] } }] },
    });
    expect(missing.at('details', 'causes', 0)).toEqual({
      reason: 'FieldValueRequired',
      message: 'Required value: pathType must be specified',
      field: 'spec.rules[0].http.paths[0].pathType',
    });
    const budget = await specOf('/apis/policy/v1/namespaces/default/poddisruptionbudgets', { minAvailable: 1 });
    expect(budget).not.toHaveProperty('unhealthyPodEvictionPolicy');
  });

  it('4.2.13 of namespaces', async () => {
    const made = await api.make('/api/v1/namespaces', { metadata: { name: 'defaulted' } });
    expect(made.json).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'defaulted' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('4.2.14 of Secrets, ranges, roles and webhooks', async () => {
    const secret = await stored(`${ns}/secrets`, { data: { a: 'MQ==' }, stringData: { b: '2' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'MQ==', b: 'Mg==' } });
    expect(secret).not.toHaveProperty('stringData');
    const limits = [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }];
    expect(await specOf(`${ns}/limitranges`, { limits })).toMatchObject({
      limits: [{ default: { cpu: '2' }, defaultRequest: { cpu: '2', memory: '1Mi' } }],
    });
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
    const subjects = [
      { kind: 'User', name: 'u' },
      { kind: 'ServiceAccount', name: 's', namespace: 'default' },
    ];
    expect(await stored(rbac, { roleRef: { kind: 'ClusterRole', name: 'x' }, subjects })).toMatchObject({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'ServiceAccount' }],
    });
    const webhook = {
      name: 'a.b.c',
      clientConfig: { url: 'https://127.0.0.1:1/x' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      rules: [{ operations: ['CREATE'], apiGroups: ['none.test'], apiVersions: ['v1'], resources: ['nothings'] }],
    };
    const defaulted = {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: 10,
      namespaceSelector: {},
      objectSelector: {},
      rules: [{ scope: '*' }],
    };
    const path = '/apis/admissionregistration.k8s.io/v1';
    expect(await stored(`${path}/mutatingwebhookconfigurations`, { webhooks: [webhook] })).toMatchObject({
      webhooks: [{ ...defaulted, reinvocationPolicy: 'Never' }],
    });
    expect(await stored(`${path}/validatingwebhookconfigurations`, { webhooks: [webhook] })).toMatchObject({
      webhooks: [defaulted],
    });
  });

  it('4.2.15 of endpoints', async () => {
    const slice = await stored('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      addressType: 'IPv4',
      endpoints: [],
      ports: [{ port: 80 }],
    });
    expect(slice).toMatchObject({ ports: [{ name: '', port: 80, protocol: 'TCP' }] });
    const endpoints = await stored(`${ns}/endpoints`, {
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
    });
    expect(endpoints).toMatchObject({ subsets: [{ ports: [{ port: 80, protocol: 'TCP' }] }] });
  });

  it('4.2.16 of events: one object, seen from both groups', async () => {
    const first = {
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
      reason: 'R',
      message: 'what happened',
      type: 'Normal',
      count: 2,
      firstTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'c' },
    };
    await api.make(`${ns}/events`, { metadata: { name: 'old-style' }, ...first });
    expect((await api.get('/apis/events.k8s.io/v1/namespaces/default/events/old-style')).json).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: first.involvedObject,
      note: 'what happened',
      deprecatedCount: 2,
      deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
      deprecatedSource: { component: 'c' },
    });
    await api.make('/apis/events.k8s.io/v1/namespaces/default/events', {
      metadata: { name: 'new-style' },
      eventTime: '2026-01-01T00:00:00.000001Z',
      reportingController: 'a.b/c',
      reportingInstance: 'x',
      action: 'A',
      reason: 'R',
      type: 'Normal',
      regarding: first.involvedObject,
      note: 'n',
    });
    expect((await api.get(`${ns}/events/new-style`)).json).toMatchObject({
      involvedObject: first.involvedObject,
      message: 'n',
      reportingComponent: 'a.b/c',
      eventTime: '2026-01-01T00:00:00.000001Z',
    });
  });
});
