import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const ns = '/api/v1/namespaces/default';
const pods = `${ns}/pods`;
const apps = '/apis/apps/v1/namespaces/default';
const containers = [{ name: 'c', image: 'i' }];
const labels = { a: 'b' };
const workload = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { containers, ...spec },
});
const messages = (reply: Reply) =>
  ((reply.at('details', 'causes') ?? []) as { field?: string; message: string }[]).map(
    ({ field, message }) => `${field}: ${message}`,
  );

describe('subresources', () => {
  it('1.14.1 the status is its own part, with labels and annotations; the object leaves it alone', async () => {
    await api.make(`${apps}/deployments`, { metadata: { name: 'st' }, spec: workload });
    const path = `${apps}/deployments/st`;
    const got = (await api.get(`${path}/status`)).json as unknown as { spec: object; status: object };
    const put = await api.put(`${path}/status`, {
      ...got,
      metadata: { name: 'st', annotations: { by: 'status' } },
      spec: { ...got.spec, replicas: 9 },
      status: { replicas: 3 },
    });
    expect(put.json).toMatchObject({
      metadata: { annotations: { by: 'status' } },
      spec: { replicas: 1 },
      status: { replicas: 3 },
    });
    const main = await api.patch(path, 'merge', { status: { replicas: 8 } });
    expect(main.at('status', 'replicas')).toBe(3);
  });

  it('1.14.2 scale has the form of autoscaling/v1 and changes replicas alone', async () => {
    for (const [path, spec] of [
      [`${apps}/deployments`, workload],
      [`${apps}/replicasets`, workload],
      [`${apps}/statefulsets`, { ...workload, serviceName: 's' }],
      [`${ns}/replicationcontrollers`, { ...workload, selector: labels }],
    ] as const) {
      const made = await api.make(path, { metadata: { name: 'sc' }, spec });
      const scale = await api.get(`${path}/sc/scale`);
      expect(scale.json).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: 'sc', namespace: 'default', uid: made.at('metadata', 'uid') },
        spec: { replicas: 1 },
        status: { replicas: 0, selector: 'a=b' },
      });
      const put = await api.put(`${path}/sc/scale`, { ...(scale.json as object), spec: { replicas: 4 } });
      expect([put.status, put.at('spec', 'replicas')]).toEqual([200, 4]);
      const stale = await api.put(`${path}/sc/scale`, { ...(scale.json as object), spec: { replicas: 5 } });
      expect(stale.status).toBe(409);
      expect((await api.patch(`${path}/sc/scale`, 'merge', { spec: { replicas: 2 } })).at('spec', 'replicas')).toBe(2);
      expect((await api.get(`${path}/sc`)).at('spec', 'replicas')).toBe(2);
      expect((await api.patch(`${path}/sc/scale`, 'merge', { spec: { replicas: -1 } })).status).toBe(422);
    }
  });

  it('1.14.3 a binding places a pod once, and brings what it carries', async () => {
    const binding = (name: string, node = 'n') => ({
      metadata: { name, annotations: { from: 'binding' }, labels: { l: 'm' } },
      target: { kind: 'Node', name: node },
    });
    await api.make(pods, pod('b1'));
    expect((await api.post(`${pods}/b1/binding`, binding('b1'))).json).toMatchObject({ status: 'Success', code: 201 });
    const bound = await api.get(`${pods}/b1`);
    expect(bound.json).toMatchObject({
      metadata: { annotations: { from: 'binding' }, labels: { l: 'm' } },
      spec: { nodeName: 'n' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    const again = await api.post(`${pods}/b1/binding`, binding('b1', 'm'));
    expect([again.status, again.json.message]).toEqual([
      409,
      'Operation cannot be fulfilled on pods/binding "b1": pod b1 is already assigned to node "n"',
    ]);
    await api.make(pods, pod('b2'));
    expect((await api.post(`${ns}/bindings`, binding('b2'))).status).toBe(201);
    await api.make(pods, pod('gated', { schedulingGates: [{ name: 'a.b/c' }] }));
    expect([403, 409]).toContain((await api.post(`${pods}/gated/binding`, binding('gated'))).status);
    await api.make(pods, pod('leaving', {}, { finalizers: ['a.b/c'] }));
    await api.delete(`${pods}/leaving`);
    expect((await api.post(`${pods}/leaving/binding`, binding('leaving'))).status).toBe(409);
    expect((await api.post(`${pods}/none/binding`, binding('none'))).status).toBe(404);
  });

  it('1.14.4 an eviction deletes gracefully, unless a budget is in its way', async () => {
    const eviction = (name: string, more: object = {}) => ({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name },
      ...more,
    });
    const running = async (name: string, label: string) => {
      await api.make(pods, pod(name, { nodeName: 'n' }, { labels: { budget: label } }));
      const conditions = [{ type: 'Ready', status: 'True' }];
      await api.patch(`${pods}/${name}/status`, 'merge', { status: { phase: 'Running', conditions } });
    };
    await running('free', 'none');
    expect((await api.post(`${pods}/free/eviction`, eviction('free'))).status).toBe(201);
    const evicted = await api.get(`${pods}/free`);
    expect(evicted.at('metadata', 'deletionTimestamp')).toBeDefined();
    expect(evicted.at('status', 'conditions')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }),
      ]),
    );
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const budget = (name: string) => ({
      metadata: { name },
      spec: { minAvailable: 1, selector: { matchLabels: { budget: 'one' } } },
    });
    await api.make(budgets, budget('first'));
    await running('guarded', 'one');
    const blocked = await api.post(`${pods}/guarded/eviction`, eviction('guarded'));
    expect(blocked.json).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: 'DisruptionBudget' }], retryAfterSeconds: expect.any(Number) as unknown },
    });
    expect(blocked.headers['retry-after']).toBeDefined();
    await api.patch(`${pods}/guarded/status`, 'merge', { status: { phase: 'Failed' } });
    expect((await api.post(`${pods}/guarded/eviction`, eviction('guarded'))).status).toBe(201);
    await running('twice', 'one');
    await api.make(budgets, budget('second'));
    const two = await api.post(`${pods}/twice/eviction`, eviction('twice'));
    expect([two.status, two.json.message]).toEqual([500, expect.stringContaining('more than one PodDisruptionBudget')]);
    await api.delete(`${budgets}/second`);
    await api.patch(`${budgets}/first/status`, 'merge', {
      status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
    });
    expect((await api.post(`${pods}/twice/eviction`, eviction('twice'))).status).toBe(201);
    expect((await api.get(`${budgets}/first`)).at('status', 'disruptionsAllowed')).toBe(0);
  });

  it('1.14.5 a log names its container, unless there is one only', async () => {
    await api.make(pods, pod('one-log'));
    const waiting = await api.get(`${pods}/one-log/log`);
    expect(waiting.status).toBe(400);
    await api.make(
      pods,
      pod('two-logs', {
        containers: [...containers, { name: 'd', image: 'i' }],
        initContainers: [{ name: 'i', image: 'i' }],
      }),
    );
    const { status, json } = await api.get(`${pods}/two-logs/log`);
    expect([status, json.message]).toEqual([
      400,
      'a container name must be specified for pod two-logs, choose one of: [c d] or one of the init containers: [i]',
    ]);
    const unknown = await api.get(`${pods}/two-logs/log?container=x`);
    expect([unknown.status, unknown.json.message]).toEqual([400, 'container x is not valid for pod two-logs']);
    expect((await api.get(`${pods}/one-log/log?tailLines=-1`)).status).toBe(422);
    expect((await api.get(`${pods}/one-log/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z`)).status).toBe(422);
  });

  it('1.14.6 streams need an upgrade, and the right of the verb', async () => {
    for (const part of ['exec?command=x&stdout=1', 'attach?stdout=1', 'portforward']) {
      expect((await api.get(`${pods}/one-log/${part}`)).status).toBe(400);
    }
    const denied = await api.as('nobody', `${pods}/one-log/exec?command=x`, { method: 'POST' });
    expect(denied.json.message).toContain('cannot create resource "pods/exec"');
    expect((await api.as('nobody', `${pods}/one-log/exec?command=x`)).json.message).toContain(
      'cannot get resource "pods/exec"',
    );
  });

  it('1.14.8 a ServiceAccount gives a token', async () => {
    const { status, at } = await api.post(`${ns}/serviceaccounts/default/token`, { spec: { expirationSeconds: 600 } });
    expect([status, at('kind'), at('spec', 'expirationSeconds')]).toEqual([201, 'TokenRequest', 600]);
    expect(String(at('status', 'token')).split('.')).toHaveLength(3);
  });

  it('1.14.9 finalize changes what holds a namespace, and nothing else', async () => {
    const made = await api.make('/api/v1/namespaces', { metadata: { name: 'fin' } });
    const put = await api.put('/api/v1/namespaces/fin/finalize', {
      ...(made.json as object),
      metadata: { name: 'fin', labels: { ignored: 'y' } },
      spec: { finalizers: ['kubernetes', 'example.test/x'] },
    });
    expect([put.status, put.at('spec', 'finalizers')]).toEqual([200, ['kubernetes', 'example.test/x']]);
    expect(put.at('metadata', 'labels', 'ignored')).toBeUndefined();
    const main = await api.patch('/api/v1/namespaces/fin', 'merge', { spec: { finalizers: [] } });
    expect(main.at('spec', 'finalizers')).toEqual(['kubernetes', 'example.test/x']);
  });

  it('1.14.11 ephemeral containers are only ever added, in their reduced form', async () => {
    await api.make(pods, pod('debugged'));
    const add = (...ephemeralContainers: readonly object[]) =>
      api.patch(`${pods}/debugged/ephemeralcontainers`, 'strategic', { spec: { ephemeralContainers } });
    const added = await add({ name: 'e', image: 'i', targetContainerName: 'c' });
    expect([added.status, added.at('spec', 'ephemeralContainers', 0, 'name')], added.text).toEqual([200, 'e']);
    expect((await api.get(`${pods}/debugged/ephemeralcontainers`)).at('kind')).toBe('Pod');
    expect((await add({ name: 'e', image: 'other' })).status).toBe(422);
    expect(messages(await add({ name: 'f', image: 'i', targetContainerName: 'none' }))[0]).toContain(
      'targetContainerName',
    );
    expect((await add({ name: 'c', image: 'i' })).status).toBe(422);
    for (const [field, value] of [
      ['ports', [{ containerPort: 80 }]],
      ['livenessProbe', { tcpSocket: { port: 80 } }],
      ['readinessProbe', { tcpSocket: { port: 80 } }],
      ['startupProbe', { tcpSocket: { port: 80 } }],
      ['lifecycle', { preStop: { exec: { command: ['x'] } } }],
      ['resources', { limits: { cpu: '1' } }],
    ] as const) {
      expect(messages(await add({ name: 'g', image: 'i', [field]: value }))).toEqual([
        expect.stringMatching(new RegExp(`^spec.ephemeralContainers.\\d..${field}: Forbidden: cannot be set for an`)),
      ]);
    }
    const main = await api.patch(`${pods}/debugged`, 'merge', { spec: { ephemeralContainers: [] } });
    expect(main.status).toBe(422);
  });

  it('1.14.12 resize changes amounts of containers, and not the quality of service', async () => {
    const amounts = (cpu: string) => ({ requests: { cpu, memory: '1Gi' }, limits: { cpu: '2', memory: '1Gi' } });
    const sized = (resources: object) => ({ spec: { containers: [{ name: 'c', resources }] } });
    await api.make(pods, pod('sized', { containers: [{ ...containers[0], resources: amounts('1') }] }));
    const resized = await api.patch(`${pods}/sized/resize`, 'strategic', sized(amounts('500m')));
    expect(resized.at('spec', 'containers', 0, 'resources', 'requests', 'cpu')).toBe('500m');
    const refused = await api.patch(`${pods}/sized/resize`, 'strategic', sized(amounts('2')));
    expect(messages(refused)).toEqual([
      'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
    ]);
    const other = await api.patch(`${pods}/sized/resize`, 'strategic', {
      spec: { containers: [{ name: 'c', image: 'j' }] },
    });
    expect(other.at('spec', 'containers', 0, 'image') ?? 'i').toBe('i');
    expect((await api.patch(`${pods}/sized`, 'strategic', sized(amounts('1')))).status).toBe(422);
  });

  it('1.14.13 conditions of pods are written through the status', async () => {
    await api.make(pods, pod('conditions'));
    const conditions = [{ type: 'example.test/x', status: 'True', observedGeneration: 1 }];
    const patched = await api.patch(`${pods}/conditions/status`, 'strategic', {
      status: { conditions, observedGeneration: 1 },
    });
    expect(patched.at('status')).toMatchObject({ conditions, observedGeneration: 1 });
  });

  it('1.14.14 every kind that has a status has it as a subresource to get, patch and put', async () => {
    const stated: readonly (readonly [string, string])[] = [
      [
        '/api/v1',
        'nodes persistentvolumes persistentvolumeclaims services resourcequotas namespaces pods replicationcontrollers',
      ],
      ['/apis/networking.k8s.io/v1', 'ingresses servicecidrs'],
      ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
      ['/apis/policy/v1', 'poddisruptionbudgets'],
      ['/apis/batch/v1', 'cronjobs jobs'],
      ['/apis/apps/v1', 'deployments daemonsets replicasets statefulsets'],
      ['/apis/apiextensions.k8s.io/v1', 'customresourcedefinitions'],
      ['/apis/apiregistration.k8s.io/v1', 'apiservices'],
      ['/apis/flowcontrol.apiserver.k8s.io/v1', 'flowschemas prioritylevelconfigurations'],
      ['/apis/storage.k8s.io/v1', 'volumeattachments'],
      ['/apis/admissionregistration.k8s.io/v1', 'validatingadmissionpolicies'],
      ['/apis/resource.k8s.io/v1', 'resourceclaims'],
      ['/apis/certificates.k8s.io/v1', 'certificatesigningrequests'],
    ];
    for (const [path, plurals] of stated) {
      const resources = (await api.get(path)).at('resources') as { name: string; verbs: string[] }[];
      for (const plural of plurals.split(' ')) {
        const found = resources.find(({ name }) => name === `${plural}/status`);
        expect([plural, found?.verbs]).toEqual([plural, ['get', 'patch', 'update']]);
      }
    }
    const quota = { metadata: { name: 'q' }, spec: { hard: { pods: '900' } } };
    await api.make(`${ns}/resourcequotas`, quota);
    const status = await api.patch(`${ns}/resourcequotas/q/status`, 'merge', {
      status: { used: { pods: '3' } },
      spec: { hard: { pods: '1' } },
    });
    expect(status.json).toMatchObject({ spec: { hard: { pods: '900' } }, status: { used: { pods: '3' } } });
  });

  it('1.14.15 component statuses are listed with their condition', async () => {
    const { json } = await api.get('/api/v1/componentstatuses');
    expect(json.items?.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['scheduler', 'controller-manager', 'etcd-0']),
    );
    for (const item of json.items as unknown as { conditions: object[] }[]) {
      expect(item.conditions).toEqual([
        expect.objectContaining({ type: 'Healthy', status: expect.stringMatching(/True|False/) as unknown }),
      ]);
    }
    expect((await api.get('/api/v1/componentstatuses/etcd-0')).at('kind')).toBe('ComponentStatus');
  });
});
