import type { Pod } from '@geobuk/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';
import { Admission } from './admission.js';
import type { AdmissionRequest } from './admission.js';

const merge = { 'content-type': 'application/merge-patch+json' };

describe('the chain of admission', () => {
  let server: TestServer;
  let counter = 0;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const namespace = async (labels: Record<string, string> = {}) => {
    const name = `c-${++counter}`;
    await server.call('/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
    });
    await create(name, 'serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
    return name;
  };
  const create = (ns: string, plural: string, body: object) =>
    server.call(`/api/v1/namespaces/${ns}/${plural}`, { body });
  const cluster = (path: string, body: object) => server.call(`/apis/${path}`, { body });
  const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { containers: [{ name: 'c', image: 'example.test/a:1' }], ...spec },
  });
  const made = async (ns: string, body: object) => {
    const { status, json } = await create(ns, 'pods', body);
    return { status, pod: json as unknown as Pod & { message?: string } };
  };

  it('2.7.1 2.7.2 the plugins that are on by default are on, in their order', () => {
    const { plugins } = server.apiServer.admission;
    const order =
      'NamespaceLifecycle LimitRanger ServiceAccount NodeRestriction TaintNodesByCondition PodSecurity Priority ' +
      'DefaultTolerationSeconds DefaultStorageClass StorageObjectInUseProtection PersistentVolumeClaimResize RuntimeClass ' +
      'CertificateSigning CertificateSubjectRestriction DefaultIngressClass MutatingAdmissionPolicy ' +
      'MutatingAdmissionWebhook ValidatingAdmissionPolicy ValidatingAdmissionWebhook ResourceQuota';
    expect(plugins.filter((name, i) => order.includes(name) && plugins.indexOf(name) === i)).toEqual(order.split(' '));
    expect(plugins).not.toContain('OwnerReferencesPermissionEnforcement');
  });

  it('2.7.3 all that change go before all that check', async () => {
    const said: string[] = [];
    const plugin = (name: string) => ({
      name,
      admit: <T>(object: T): T => {
        said.push(`${name} admits`);
        return object;
      },
      validate: () => void said.push(`${name} validates`),
    });
    const admission = new Admission([plugin('a'), plugin('b')]);
    const object = { metadata: { name: 'x' } };
    await admission.admit(object, {} as AdmissionRequest);
    await admission.validate(object, {} as AdmissionRequest);
    expect(said).toEqual(['a admits', 'b admits', 'a validates', 'b validates']);
    // Over HTTP: what a policy changes is what quota and Pod Security see.
    const ns = await namespace({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect((await create(ns, 'pods', pod('p', { hostNetwork: true }))).status).toBe(403);
  });

  it('2.7.4 nothing is made in a namespace that is not there or ends; those of the system stay', async () => {
    const missing = await create('nowhere', 'configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm' },
    });
    expect([missing.status, missing.json.message]).toEqual([404, 'namespaces "nowhere" not found']);
    const ns = await namespace();
    await server.call(`/api/v1/namespaces/${ns}`, { method: 'DELETE' });
    const ending = await create(ns, 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' } });
    expect([ending.status, ending.json.details?.causes?.[0]?.reason]).toEqual([403, 'NamespaceTerminating']);
    expect(ending.json.message).toBe(
      `configmaps "m" is forbidden: unable to create new content in namespace ${ns} because it is being terminated`,
    );
    for (const name of ['default', 'kube-system', 'kube-public']) {
      const kept = await server.call(`/api/v1/namespaces/${name}`, { method: 'DELETE' });
      expect([kept.status, kept.json.message]).toEqual([
        403,
        `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      ]);
    }
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'LocalSubjectAccessReview',
      metadata: {},
      spec: { user: 'x', resourceAttributes: { namespace: 'nowhere', verb: 'get', resource: 'pods' } },
    };
    expect((await cluster('authorization.k8s.io/v1/namespaces/nowhere/localsubjectaccessreviews', review)).status).toBe(
      201,
    );
  });

  it('2.7.6 2.3.5 a pod gets its account, its token volume and the pull secrets of the account', async () => {
    const ns = await namespace();
    await create(ns, 'serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'a' },
      imagePullSecrets: [{ name: 'pull' }],
    });
    const { pod: first } = await made(
      ns,
      pod('p', { serviceAccountName: 'a', initContainers: [{ name: 'i', image: 'example.test/a:1' }] }),
    );
    expect([first.spec.serviceAccountName, first.spec.imagePullSecrets]).toEqual(['a', [{ name: 'pull' }]]);
    const [volume] = first.spec.volumes ?? [];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume?.projected?.sources?.[0]).toEqual({
      serviceAccountToken: { expirationSeconds: 3607, path: 'token' },
    });
    expect(volume?.projected?.defaultMode).toBe(420);
    for (const container of [...first.spec.containers, ...(first.spec.initContainers ?? [])]) {
      expect(container.volumeMounts).toEqual([
        { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
      ]);
    }
    expect((await made(ns, pod('d'))).pod.spec.serviceAccountName).toBe('default');
    const unknown = await made(ns, pod('q', { serviceAccountName: 'none' }));
    expect([unknown.status, unknown.pod.message]).toEqual([
      403,
      `pods "q" is forbidden: error looking up service account ${ns}/none: serviceaccount "none" not found`,
    ]);
    const mirror = await made(
      ns,
      pod('m', { serviceAccountName: 'a' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    );
    expect(mirror.pod.message).toContain('a mirror pod may not reference service accounts');
    const own = [
      {
        name: 'c',
        image: 'example.test/a:1',
        volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
      },
    ];
    const kept = await made(ns, pod('o', { containers: own, volumes: [{ name: 'v', emptyDir: {} }] }));
    expect(kept.pod.spec.volumes).toEqual([{ name: 'v', emptyDir: {} }]);
  });

  it.each(
    [undefined, true, false].flatMap((account) =>
      [undefined, true, false].map((own) => [account, own, own ?? account ?? true] as const),
    ),
  )(
    '2.3.6 with automount %s of the account and %s of the pod a token is mounted: %s',
    async (account, own, mounted) => {
      const ns = await namespace();
      await create(ns, 'serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'a' },
        ...(account === undefined ? {} : { automountServiceAccountToken: account }),
      });
      const spec = { serviceAccountName: 'a', ...(own === undefined ? {} : { automountServiceAccountToken: own }) };
      expect(((await made(ns, pod('p', spec))).pod.spec.volumes ?? []).length).toBe(mounted ? 1 : 0);
    },
  );

  it('2.7.7 a new node is tainted until it is ready', async () => {
    const { json } = await server.call('/api/v1/nodes', {
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'fresh' } },
    });
    expect((json as unknown as { spec: object }).spec).toEqual({
      taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }],
    });
  });

  it('2.7.8 priorities come from their class: one default, no invented ones', async () => {
    const ns = await namespace();
    const priorityClass = (name: string, value: number, more: object = {}) =>
      cluster('scheduling.k8s.io/v1/priorityclasses', {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name },
        value,
        ...more,
      });
    expect((await made(ns, pod('none'))).pod.spec).toMatchObject({
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
    });
    await priorityClass('high', 1000, { preemptionPolicy: 'Never' });
    expect((await made(ns, pod('high', { priorityClassName: 'high' }))).pod.spec).toMatchObject({
      priority: 1000,
      preemptionPolicy: 'Never',
    });
    const unknown = await made(ns, pod('x', { priorityClassName: 'lost' }));
    expect([unknown.status, unknown.pod.message]).toEqual([
      403,
      'pods "x" is forbidden: no PriorityClass with name lost was found',
    ]);
    expect((await made(ns, pod('y', { priority: 7 }))).pod.message).toContain(
      'the integer value of priority (7) must not be provided in pod spec',
    );
    expect((await priorityClass('system-mine', 5)).status).toBe(422);
    expect((await priorityClass('usual', 10, { globalDefault: true })).status).toBe(201);
    const second = await priorityClass('also', 11, { globalDefault: true });
    expect([second.status, second.json.message]).toEqual([
      403,
      'priorityclasses.scheduling.k8s.io "also" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    ]);
    expect((await made(ns, pod('z'))).pod.spec).toMatchObject({ priority: 10, priorityClassName: 'usual' });
    await server.call('/apis/scheduling.k8s.io/v1/priorityclasses/usual', { method: 'DELETE' });
  });

  it('2.7.9 a pod stays five minutes on a node that is lost, unless it says otherwise', async () => {
    const ns = await namespace();
    const lost = (key: string, seconds: number) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: seconds,
    });
    expect((await made(ns, pod('p'))).pod.spec.tolerations).toEqual([lost('not-ready', 300), lost('unreachable', 300)]);
    const own = await made(ns, pod('q', { tolerations: [lost('unreachable', 5)] }));
    expect(own.pod.spec.tolerations).toEqual(expect.arrayContaining([lost('unreachable', 5), lost('not-ready', 300)]));
    expect(own.pod.spec.tolerations).toHaveLength(2);
  });

  it('2.7.13 a RuntimeClass gives overhead and placement, and what contradicts it is refused', async () => {
    const ns = await namespace();
    await cluster('node.k8s.io/v1/runtimeclasses', {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'vm' },
      handler: 'vm',
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
    });
    const { pod: placed } = await made(ns, pod('p', { runtimeClassName: 'vm', nodeSelector: { a: 'b' } }));
    expect(placed.spec).toMatchObject({ overhead: { cpu: '250m' }, nodeSelector: { a: 'b', vm: 'yes' } });
    expect(placed.spec.tolerations).toContainEqual({ key: 'vm', operator: 'Exists' });
    const refusals: [object, string][] = [
      [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
      [
        { runtimeClassName: 'vm', overhead: { cpu: '1' } },
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
      ],
      [
        { overhead: { cpu: '1' } },
        'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      ],
      [
        { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } },
        'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
      ],
    ];
    for (const [spec, why] of refusals) {
      const refused = await made(ns, pod('q', spec));
      expect([refused.status, refused.pod.message]).toEqual([403, `pods "q" is forbidden: ${why}`]);
    }
  });

  it('2.7.15 owners that block a deletion need no further right, as where the plugin is off by default', async () => {
    const ns = await namespace();
    const metadata = {
      name: 'owned',
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u', blockOwnerDeletion: true }],
    };
    expect((await create(ns, 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata })).status).toBe(201);
  });

  it('2.7.16 2.11.5 quota is booked last, and pods that have ended count no more', async () => {
    const ns = await namespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    await create(ns, 'resourcequotas', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q' },
      spec: { hard: { pods: '1' } },
    });
    expect((await made(ns, pod('refused'))).pod.message).toContain('violates PodSecurity');
    await server.call(`/api/v1/namespaces/${ns}`, {
      method: 'PATCH',
      headers: merge,
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': null } } },
    });
    expect((await made(ns, pod('one'))).status).toBe(201); // what was refused was not booked
    expect((await made(ns, pod('two'))).pod.message).toContain(
      'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
    await server.call(`/api/v1/namespaces/${ns}/pods/one/status`, {
      method: 'PATCH',
      headers: merge,
      body: { status: { phase: 'Succeeded' } },
    });
    expect((await made(ns, pod('two'))).status).toBe(201);
  });

  it('2.10.1 2.10.5 labels choose level and version; without labels everything goes', async () => {
    const open = await namespace();
    expect((await made(open, pod('p', { hostPID: true }))).status).toBe(201);
    const probe = { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } };
    const probed = pod('p', { containers: [{ name: 'c', image: 'example.test/a:1', ...probe }] });
    const latest = await namespace({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect((await made(latest, probed)).pod.message).toContain('violates PodSecurity "baseline:latest"');
    const old = await namespace({
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/enforce-version': 'v1.33',
    });
    expect((await made(old, probed)).status).toBe(201); // the check came with 1.34
    expect((await made(old, pod('q', { hostPID: true }))).pod.message).toContain(
      'violates PodSecurity "baseline:v1.33"',
    );
  });

  it('2.8.3 every namespace bears its name as a label', async () => {
    const ns = await namespace();
    const { json } = await server.call(`/api/v1/namespaces/${ns}`);
    expect(json.metadata?.labels).toEqual({ 'kubernetes.io/metadata.name': ns });
  });

  it('2.8.8 webhooks must say that they have no side effects, and speak a version that is known', async () => {
    const configuration = (webhook: object) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: `w-${++counter}` },
      webhooks: [
        {
          name: 'w.example.test',
          clientConfig: { url: 'https://127.0.0.1:1' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          ...webhook,
        },
      ],
    });
    const post = (webhook: object) =>
      cluster('admissionregistration.k8s.io/v1/validatingwebhookconfigurations', configuration(webhook));
    expect((await post({ sideEffects: 'Some' })).json.message).toContain('webhooks[0].sideEffects');
    expect((await post({ admissionReviewVersions: ['v7'] })).json.message).toContain(
      'webhooks[0].admissionReviewVersions',
    );
    expect((await post({ sideEffects: 'NoneOnDryRun' })).status).toBe(201);
  });
});
