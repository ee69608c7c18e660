import type { KubernetesObject, Pod, ResourceQuota } from '@geobuk/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const merge = { 'content-type': 'application/merge-patch+json' };

describe('admission over HTTPS', () => {
  let server: TestServer;
  let counter = 0;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const namespace = async (labels: Record<string, string> = {}) => {
    const name = `ns-${++counter}`;
    await server.call('/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
    });
    await create(name, 'serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
    return name;
  };
  const create = (ns: string, plural: string, body: object, query = '') =>
    server.call(`/api/v1/namespaces/${ns}/${plural}${query}`, { body });
  const pod = (name: string, resources: object = {}, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'example.test/a:1', resources }], ...more },
  });
  const limitRange = (limits: object) => ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'limits' },
    spec: { limits: [limits] },
  });
  const quota = (hard: object, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q' },
    spec: { hard, ...more },
  });

  it('2.7.5 LimitRanger fills in what containers do not say, and tells so', async () => {
    const ns = await namespace();
    await create(
      ns,
      'limitranges',
      limitRange({ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' } }),
    );
    const made = (await create(ns, 'pods', pod('p'))).json as unknown as Pod;
    expect(made.spec.containers[0]?.resources).toEqual({ limits: { cpu: '500m' }, requests: { cpu: '100m' } });
    expect(made.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    );
  });

  it.each([
    [
      { min: { memory: '100Mi' } },
      { requests: { memory: '50Mi' } },
      'minimum memory usage per Container is 100Mi, but request is 50Mi',
    ],
    [
      { max: { cpu: '1' } },
      { limits: { cpu: '2' }, requests: { cpu: '1' } },
      'maximum cpu usage per Container is 1, but limit is 2',
    ],
    [
      { maxLimitRequestRatio: { cpu: '2' } },
      { limits: { cpu: '1' }, requests: { cpu: '250m' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000',
    ],
  ])('2.7.5 LimitRanger refuses what is out of bounds: %j', async (limits, resources, why) => {
    const ns = await namespace();
    await create(ns, 'limitranges', limitRange({ type: 'Container', ...limits }));
    const { status, json } = await create(ns, 'pods', pod('p', resources));
    expect(status).toBe(403);
    expect(json.message).toContain(`pods "p" is forbidden: `);
    expect(json.message).toContain(why);
  });

  it('2.11.1 2.11.6 ResourceQuota books what is used, and refuses what is too much', async () => {
    const ns = await namespace();
    await create(ns, 'resourcequotas', quota({ pods: '2', 'requests.cpu': '1' }));
    expect((await create(ns, 'pods', pod('a', { requests: { cpu: '300m' } }))).status).toBe(201);
    expect((await create(ns, 'pods', pod('b', { requests: { cpu: '300m' } }), '?dryRun=All')).status).toBe(201);
    expect((await create(ns, 'pods', pod('b', { requests: { cpu: '300m' } }))).status).toBe(201);
    const { json } = await server.call(`/api/v1/namespaces/${ns}/resourcequotas/q`);
    expect((json as unknown as ResourceQuota).status).toEqual({
      hard: { pods: '2', 'requests.cpu': '1' },
      used: { pods: '2', 'requests.cpu': '600m' },
    });
    const refused = await create(ns, 'pods', pod('c', { requests: { cpu: '300m' } }));
    expect([refused.status, refused.json.message]).toEqual([
      403,
      'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    ]);
    await server.call(`/api/v1/namespaces/${ns}/pods/a?gracePeriodSeconds=0`, { method: 'DELETE' });
    expect((await create(ns, 'pods', pod('c', { requests: { cpu: '300m' } }))).status).toBe(201);
  });

  it('2.11.1 of many writes at once only as many pass as the quota has room for', async () => {
    const ns = await namespace();
    await create(ns, 'resourcequotas', quota({ 'count/configmaps': '5' }));
    const map = (i: number) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `m${i}` } });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => create(ns, 'configmaps', map(i))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  });

  it('2.11.2 counts Services by type, storage by class and any kind by its name', async () => {
    const ns = await namespace();
    const hard = {
      services: '3',
      'services.nodeports': '1',
      'count/deployments.apps': '0',
      'gold.storageclass.storage.k8s.io/requests.storage': '5Gi',
    };
    await create(ns, 'resourcequotas', quota(hard));
    const service = (name: string) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    expect((await create(ns, 'services', service('a'))).status).toBe(201);
    expect((await create(ns, 'services', service('b'))).json.message).toContain('requested: services.nodeports=1');
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c' },
      spec: { storageClassName: 'gold', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '6Gi' } } },
    };
    expect((await create(ns, 'persistentvolumeclaims', claim)).json.message).toContain(
      'requested: gold.storageclass.storage.k8s.io/requests.storage=6Gi',
    );
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec },
      },
    };
    const refused = await server.call(`/apis/apps/v1/namespaces/${ns}/deployments`, { body: deployment });
    expect(refused.json.message).toContain('requested: count/deployments.apps=1, used: count/deployments.apps=0');
  });

  it('2.11.3 where a quota limits an amount, pods have to name it', async () => {
    const ns = await namespace();
    await create(ns, 'resourcequotas', quota({ 'limits.memory': '1Gi' }));
    expect((await create(ns, 'pods', pod('p'))).json.message).toBe(
      'pods "p" is forbidden: failed quota: q: must specify limits.memory for: c',
    );
  });

  it('2.11.4 a scoped quota counts only what is in its scope', async () => {
    const ns = await namespace();
    await create(ns, 'resourcequotas', quota({ pods: '0' }, { scopes: ['BestEffort'] }));
    expect((await create(ns, 'pods', pod('p'))).status).toBe(403);
    expect((await create(ns, 'pods', pod('p', { requests: { cpu: '1' } }))).status).toBe(201);
  });

  it('2.10.2 PodSecurity names every violation of the restricted level, and warns about templates', async () => {
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    };
    const ns = await namespace(labels);
    const why =
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';
    const refused = await create(ns, 'pods', pod('p'));
    expect([refused.status, refused.json.message]).toEqual([
      403,
      `pods "p" is forbidden: violates PodSecurity "restricted:latest": ${why}`,
    ]);
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec },
      },
    };
    const made = await server.call(`/apis/apps/v1/namespaces/${ns}/deployments`, { body: deployment });
    expect(made.status).toBe(201);
    expect(made.headers.warning).toContain('would violate PodSecurity \\"restricted:latest\\"');
    const good = {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'c',
          image: 'example.test/a:1',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    };
    expect((await create(ns, 'pods', pod('p', {}, good))).status).toBe(201);
  });

  it.each([
    ['host namespaces (hostNetwork=true, hostPID=true)', { hostNetwork: true, hostPID: true }],
    ['hostPath volumes (volume "v")', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
    ['forbidden sysctls (kernel.msgmax)', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }],
    [
      'privileged (container "c" must not set securityContext.privileged=true)',
      { containers: [{ name: 'c', image: 'a:1', securityContext: { privileged: true } }] },
    ],
    [
      'hostPort (container "c" uses hostPort 80)',
      { containers: [{ name: 'c', image: 'a:1', ports: [{ containerPort: 80, hostPort: 80 }] }] },
    ],
    [
      'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
      { containers: [{ name: 'c', image: 'a:1', securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }] },
    ],
    [
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    ],
  ])('2.10.4 baseline refuses %s', async (text, spec) => {
    const ns = await namespace({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect((await create(ns, 'pods', pod('p', {}, spec))).json.message).toBe(
      `pods "p" is forbidden: violates PodSecurity "baseline:latest": ${text}`,
    );
  });

  it('2.10.2 2.10.3 labels of a namespace are checked, and pods that would no longer pass are named', async () => {
    const bad = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'bad', labels: { 'pod-security.kubernetes.io/enforce': 'x' } },
    };
    const refused = await server.call('/api/v1/namespaces', { body: bad });
    expect([refused.status, refused.json.message]).toEqual([
      422,
      'Namespace "bad" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "x": must be one of privileged, baseline, restricted',
    ]);
    const ns = await namespace();
    await create(ns, 'pods', pod('p', {}, { hostPID: true }));
    const patch = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } };
    const warned = await server.call(`/api/v1/namespaces/${ns}`, { method: 'PATCH', body: patch, headers: merge });
    expect(warned.status).toBe(200);
    expect(warned.headers.warning).toContain(`violate the new PodSecurity enforce level`);
    expect(warned.headers.warning).toContain('p: host namespaces');
  });

  const storageClass = (name: string, more: object) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    provisioner: 'example.test/p',
    ...more,
    metadata: { name, annotations: (more as { annotations?: object }).annotations },
  });
  const claim = (name: string, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });

  it('2.7.10 2.7.11 a claim gets the default class and is protected; an empty class stays empty', async () => {
    const ns = await namespace();
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const path = '/apis/storage.k8s.io/v1/storageclasses';
    const { annotations: _none, ...body } = storageClass('fast', { annotations }) as Record<string, unknown>;
    expect((await server.call(path, { body })).status).toBe(201);
    const made = await create(ns, 'persistentvolumeclaims', claim('a'));
    expect(made.json).toMatchObject({
      metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { storageClassName: 'fast' },
    });
    const none = await create(ns, 'persistentvolumeclaims', claim('b', { storageClassName: '' }));
    expect(none.json.spec).toMatchObject({ storageClassName: '' });
  });

  it('2.7.12 a bound claim grows only where its class allows it', async () => {
    const ns = await namespace();
    const path = '/apis/storage.k8s.io/v1/storageclasses';
    await server.call(path, { body: storageClass('stiff', {}) });
    await server.call(path, { body: storageClass('elastic', { allowVolumeExpansion: true }) });
    for (const [name, expected] of [
      ['stiff', 403],
      ['elastic', 200],
    ] as const) {
      await create(ns, 'persistentvolumeclaims', claim(name, { storageClassName: name }));
      const url = `/api/v1/namespaces/${ns}/persistentvolumeclaims/${name}`;
      const bound = { status: { phase: 'Bound' } };
      await server.call(`${url}/status`, { method: 'PATCH', body: bound, headers: merge });
      const grow = { spec: { resources: { requests: { storage: '2Gi' } } } };
      const { status, text } = await server.call(url, { method: 'PATCH', body: grow, headers: merge });
      expect(status, text).toBe(expected);
    }
  });

  it('2.7.14 an ingress gets the default class, and two defaults are refused', async () => {
    const ns = await namespace();
    const ingressClass = (name: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'example.test/c' },
    });
    const ingress = (name: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name },
      spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    });
    const classes = '/apis/networking.k8s.io/v1/ingressclasses';
    const ingresses = `/apis/networking.k8s.io/v1/namespaces/${ns}/ingresses`;
    await server.call(classes, { body: ingressClass('one') });
    expect((await server.call(ingresses, { body: ingress('a') })).json.spec).toMatchObject({ ingressClassName: 'one' });
    await server.call(classes, { body: ingressClass('two') });
    expect((await server.call(ingresses, { body: ingress('b') })).json.message).toContain(
      '2 default IngressClasses were found, only 1 allowed',
    );
    const first: KubernetesObject | undefined = (await server.call(classes)).json.items?.[0];
    expect(first?.metadata.name).toBe('one');
  });

  it('1.14.4 an eviction is booked with the budget, and 429 when nothing is left', async () => {
    const ns = await namespace();
    const labelled = (name: string) => ({ ...pod(name), metadata: { name, labels: { app: 'a' } } });
    for (const name of ['p', 'q']) {
      await create(ns, 'pods', labelled(name));
      const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
      const url = `/api/v1/namespaces/${ns}/pods/${name}/status`;
      await server.call(url, { method: 'PATCH', body: running, headers: merge });
    }
    const budgets = `/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets`;
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } },
    };
    await server.call(budgets, { body: budget });
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
    };
    await server.call(`${budgets}/b/status`, { method: 'PATCH', body: { status }, headers: merge });
    const evict = (name: string) =>
      server.call(`/api/v1/namespaces/${ns}/pods/${name}/eviction`, {
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } },
      });
    expect((await evict('p')).status).toBe(201);
    expect((await server.call(`${budgets}/b`)).json.status).toMatchObject({ disruptionsAllowed: 0 });
    const refused = await evict('q');
    expect([refused.status, refused.json.reason, refused.json.details?.causes?.[0]?.reason]).toEqual([
      429,
      'TooManyRequests',
      'DisruptionBudget',
    ]);
  });
});
