import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const core = '/api/v1/namespaces/default';
const maps = `${core}/configmaps`;
const apps = '/apis/apps/v1/namespaces/default';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const containers = [{ name: 'c', image: 'i' }];
const template = { metadata: { labels: { a: 'b' } }, spec: { containers } };
const selector = { matchLabels: { a: 'b' } };
const version = (reply: Reply) => reply.at('metadata', 'resourceVersion') as string;
const causes = (reply: Reply) =>
  ((reply.at('details', 'causes') ?? []) as { field: string; message: string }[]).map(
    ({ field, message }) => `${field}: ${message}`,
  );

describe('versions', () => {
  it('1.7.1 every write of any object gets the next revision, which lists carry too', async () => {
    const first = version(await api.make(maps, { metadata: { name: 'v1' } }));
    const second = version(await api.make(`${core}/secrets`, { metadata: { name: 'v2' } }));
    const third = version(await api.put(`${maps}/v1`, { metadata: { name: 'v1' }, data: { a: '1' } }));
    for (const each of [first, second, third]) expect(each).toMatch(/^[1-9]\d*$/);
    expect(Number(second)).toBeGreaterThan(Number(first));
    expect(Number(third)).toBeGreaterThan(Number(second));
    expect(Number(version(await api.get(`${core}/pods`)))).toBeGreaterThanOrEqual(Number(third));
  });

  it('1.7.2 a write that changes nothing is none: same version, no event', async () => {
    const made = await api.make(`${apps}/deployments`, { metadata: { name: 'idle' }, spec: { selector, template } });
    await using watch = await api.watch(`${apps}/deployments?watch=1&resourceVersion=${version(made)}`);
    const withoutDefaults = { metadata: { name: 'idle' }, spec: { selector, template, replicas: 1 } };
    expect(version(await api.put(`${apps}/deployments/idle`, withoutDefaults))).toBe(version(made));
    expect(version(await api.patch(`${apps}/deployments/idle`, 'merge', {}))).toBe(version(made));
    expect(version(await api.patch(`${apps}/deployments/idle`, 'strategic', { spec: { replicas: 1 } }))).toBe(
      version(made),
    );
    const changed = await api.patch(`${apps}/deployments/idle`, 'merge', { spec: { replicas: 2 } });
    const [event] = await watch.take(1);
    expect(event?.at('metadata', 'resourceVersion')).toBe(version(changed));
  });

  it('1.7.3 a PUT names the object of its path or nobody', async () => {
    const { json } = await api.make(maps, { metadata: { name: 'put' } });
    const put = (metadata: object) => api.put(`${maps}/put`, { metadata, data: { a: '1' } });
    const other = await put({ name: 'other' });
    expect([other.status, other.json.message]).toEqual([
      400,
      'the name of the object (other) does not match the name on the URL (put)',
    ]);
    const away = await put({ name: 'put', namespace: 'kube-system' });
    expect([away.status, away.json.message]).toEqual([
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
    const uid = await put({ name: 'put', uid: '00000000-0000-0000-0000-000000000000' });
    expect([uid.status, uid.json.reason]).toEqual([409, 'Conflict']);
    expect((await put({ uid: json.metadata?.uid })).status).toBe(200);
  });

  it('1.7.4 some kinds are only overwritten by who read them', async () => {
    const kinds: readonly (readonly [string, object])[] = [
      ['/apis/policy/v1/namespaces/default/poddisruptionbudgets', { spec: { minAvailable: 1 } }],
      ['/apis/node.k8s.io/v1/runtimeclasses', { handler: 'h' }],
      ['/apis/storage.k8s.io/v1/csidrivers', { spec: {} }],
      ['/apis/storage.k8s.io/v1/csinodes', { spec: { drivers: [] } }],
      ['/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities', { storageClassName: 's' }],
      ['/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {}],
      ['/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {}],
      ['/apis/coordination.k8s.io/v1/namespaces/default/leases', { spec: {} }],
      [
        '/apis/storage.k8s.io/v1/volumeattachments',
        { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
      ],
      [
        '/apis/apiregistration.k8s.io/v1/apiservices',
        { spec: { group: 'g.test', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 } },
      ],
    ];
    for (const [path, object] of kinds) {
      const name = path.endsWith('apiservices') ? 'v1.g.test' : 'blind';
      const body = { ...object, metadata: { name } };
      await api.make(path, body);
      const { status, json } = await api.put(`${path}/${name}`, body);
      expect([path, status, json.details?.causes?.[0]]).toEqual([
        path,
        422,
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 0x0: must be specified for an update',
          field: 'metadata.resourceVersion',
        },
      ]);
    }
    await api.make(maps, { metadata: { name: 'blind' } });
    expect((await api.put(`${maps}/blind`, { metadata: { name: 'blind' }, data: { a: '1' } })).status).toBe(200);
  });

  it('1.7.5 a PUT makes what is not there, of some kinds', async () => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'x' };
    const makes: readonly (readonly [string, object])[] = [
      [`${core}/endpoints`, {}],
      [`${core}/services`, { spec: { ports: [{ port: 80 }] } }],
      [`${core}/events`, { involvedObject: { namespace: 'default' } }],
      [`${core}/limitranges`, { spec: { limits: [] } }],
      ['/apis/coordination.k8s.io/v1/namespaces/default/leases', {}],
      ['/apis/node.k8s.io/v1/runtimeclasses', { handler: 'h' }],
      [`${rbac}/namespaces/default/roles`, { rules: [] }],
      [`${rbac}/namespaces/default/rolebindings`, { roleRef }],
      [`${rbac}/clusterroles`, { rules: [] }],
      [`${rbac}/clusterrolebindings`, { roleRef }],
    ];
    for (const [path, object] of makes) {
      const { status, text } = await api.put(`${path}/by-put`, { ...object, metadata: { name: 'by-put' } });
      expect(status, `${path} ${text}`).toBe(201);
    }
    for (const [path, object] of [
      [maps, {}],
      [`${core}/secrets`, {}],
      [`${apps}/deployments`, { spec: { selector, template } }],
    ] as const) {
      expect([path, (await api.put(`${path}/none`, { ...object, metadata: { name: 'none' } })).status]).toEqual([
        path,
        404,
      ]);
    }
    expect((await api.apply(`${maps}/none`, 'm', { apiVersion: 'v1', kind: 'ConfigMap' })).status).toBe(201);
  });
});

describe('what the server owns', () => {
  const owned = {
    uid: '11111111-1111-1111-1111-111111111111',
    creationTimestamp: '2001-01-01T00:00:00Z',
    deletionTimestamp: '2001-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 7,
    selfLink: '/x',
    generation: 9,
  };

  it('1.7.6 is set by the server, whatever the client says', async () => {
    const { json } = await api.make(maps, { metadata: { name: 'owned', ...owned } });
    const metadata = json.metadata!;
    expect(metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(metadata.uid).not.toBe(owned.uid);
    expect(metadata.creationTimestamp).not.toBe(owned.creationTimestamp);
    for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) {
      expect(metadata).not.toHaveProperty(field);
    }
    const { uid: _uid, ...rest } = owned;
    const changed = await api.put(`${maps}/owned`, { metadata: { name: 'owned', ...rest }, data: { a: '1' } });
    expect(changed.json.metadata).toMatchObject({ uid: metadata.uid, creationTimestamp: metadata.creationTimestamp });
    expect(changed.json.metadata).not.toHaveProperty('deletionTimestamp');
  });

  it('1.7.7 a new object bears no resourceVersion', async () => {
    const { status, json } = await api.post(maps, { metadata: { name: 'x', resourceVersion: '5' } });
    expect([status, json.message]).toEqual([400, 'resourceVersion should not be set on objects to be created']);
  });

  it('1.7.8 generation counts changes of the spec, of every kind that has one', async () => {
    const kinds: readonly (readonly [string, object, object])[] = [
      [`${apps}/deployments`, { selector, template }, { replicas: 3 }],
      [`${apps}/replicasets`, { selector, template }, { replicas: 3 }],
      [`${apps}/statefulsets`, { selector, template, serviceName: 's' }, { replicas: 3 }],
      [`${apps}/daemonsets`, { selector, template }, { minReadySeconds: 3 }],
      [`${core}/replicationcontrollers`, { selector: { a: 'b' }, template }, { replicas: 3 }],
      [
        '/apis/batch/v1/namespaces/default/jobs',
        { template: { spec: { containers, restartPolicy: 'Never' } } },
        { suspend: true },
      ],
      [
        '/apis/batch/v1/namespaces/default/cronjobs',
        {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: { spec: { containers, restartPolicy: 'Never' } } } },
        },
        { suspend: true },
      ],
      ['/apis/policy/v1/namespaces/default/poddisruptionbudgets', { minAvailable: 1, selector }, { minAvailable: 2 }],
      [
        '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
        { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
        { ingressClassName: 'c' },
      ],
      ['/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', { podSelector: {} }, { podSelector: selector }],
      [
        '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
        { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
        { maxReplicas: 4 },
      ],
      [`${core}/pods`, { containers }, { activeDeadlineSeconds: 100 }],
    ];
    for (const [path, spec, change] of kinds) {
      const generation = (reply: Reply) => reply.at('metadata', 'generation');
      const seen = [generation(await api.make(path, { metadata: { name: 'counted' }, spec }))];
      seen.push(generation(await api.patch(`${path}/counted`, 'merge', { metadata: { labels: { l: 'm' } } })));
      const changed = await api.patch(`${path}/counted`, 'merge', { spec: change });
      expect(changed.status, `${path} ${changed.text}`).toBe(200);
      seen.push(generation(changed));
      expect([path, ...seen]).toEqual([path, 1, 1, 2]);
    }
    await api.patch(`${apps}/deployments/counted`, 'merge', { metadata: { finalizers: ['example.test/x'] } });
    await api.delete(`${apps}/deployments/counted`);
    expect((await api.get(`${apps}/deployments/counted`)).at('metadata', 'generation')).toBe(3);
  });
});

describe('names', () => {
  it('1.7.9 generateName is cut to 58, five characters follow, and a name wins over it', async () => {
    const long = await api.make(maps, { metadata: { generateName: 'a'.repeat(100) } });
    expect(long.json.metadata?.name).toMatch(/^a{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const named = await api.make(maps, { metadata: { name: 'named', generateName: 'other-' } });
    expect(named.json.metadata).toMatchObject({ name: 'named', generateName: 'other-' });
  });

  it('1.7.10 each kind has the rule of its names', async () => {
    const refusal = async (path: string, name: string, object: object = {}) => {
      const reply = await api.post(path, { ...object, metadata: { name } });
      return [reply.status, causes(reply)[0]?.slice(0, 80)];
    };
    const subdomain = 'metadata.name: Invalid value: "A_": a lowercase RFC 1123 subdomain must consist ';
    expect(await refusal(maps, 'A_')).toEqual([422, subdomain]);
    expect((await api.post(maps, { metadata: { name: 'a.b-c.9' } })).status).toBe(201);
    expect((await api.post(maps, { metadata: { name: 'a'.repeat(254) } })).at('details', 'causes', 0, 'message')).toBe(
      `Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`,
    );
    const service = { spec: { ports: [{ port: 80 }] } };
    expect((await refusal(`${core}/services`, '1a', service))[1]).toContain('a DNS-1035 label must consist of');
    expect((await refusal('/api/v1/namespaces', 'a.b'))[1]).toContain('a lowercase RFC 1123 label must consist of');
    expect((await api.post(`${rbac}/clusterroles`, { metadata: { name: 'system:my:Role' } })).status).toBe(201);
    expect(
      (await api.post(`${rbac}/clusterroles`, { metadata: { name: 'a/b' } })).at('details', 'causes', 0, 'message'),
    ).toBe(`Invalid value: "a/b": may not contain '/'`);
    expect(
      (await api.post(`${rbac}/clusterroles`, { metadata: { name: '..' } })).at('details', 'causes', 0, 'message'),
    ).toBe(`Invalid value: "..": may not be '..'`);
  });

  it('1.7.11 labels and annotations have a syntax and a size', async () => {
    const bad = async (metadata: object) => causes(await api.post(maps, { metadata: { name: 'l', ...metadata } }));
    expect((await bad({ labels: { 'a b': '' } }))[0]).toContain(
      'metadata.labels: Invalid value: "a b": name part must consist of',
    );
    expect((await bad({ labels: { a: 'x'.repeat(64) } }))[0]).toContain('must be no more than 63 bytes');
    expect((await bad({ labels: { [`${'x'.repeat(64)}`]: '' } }))[0]).toContain(
      'name part must be no more than 63 bytes',
    );
    expect((await bad({ labels: { 'A/b': '' } }))[0]).toContain(
      'prefix part a lowercase RFC 1123 subdomain must consist',
    );
    expect((await bad({ labels: { '/b': '' } }))[0]).toContain('prefix part must be non-empty');
    expect((await bad({ labels: { 'a/b/c': '' } }))[0]).toContain('a qualified name must consist of');
    expect((await bad({ annotations: { a: 'x'.repeat(256 * 1024) } }))[0]).toBe(
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    );
    expect((await api.post(maps, { metadata: { name: 'l', labels: { 'a.b/c_D': 'E-f.g_0', e: '' } } })).status).toBe(
      201,
    );
  });

  it('1.7.12 owner references are whole, with one controller at most', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
    const bad = async (ownerReferences: readonly object[]) =>
      causes(await api.post(maps, { metadata: { name: 'owned-by', ownerReferences } }));
    expect(await bad([{ ...owner, uid: '', kind: '', name: '', apiVersion: '' }])).toEqual([
      'metadata.ownerReferences[0].apiVersion: Invalid value: "": version must not be empty',
      'metadata.ownerReferences[0].kind: Invalid value: "": must not be empty',
      'metadata.ownerReferences[0].name: Invalid value: "": must not be empty',
      'metadata.ownerReferences[0].uid: Invalid value: "": must not be empty',
    ]);
    expect(
      (
        await bad([
          { ...owner, controller: true },
          { ...owner, uid: 'w', controller: true },
        ])
      )[0],
    ).toContain('Only one reference can have Controller set to true');
    expect((await bad([{ ...owner, kind: 'Event' }]))[0]).toContain(
      '/v1, Kind=Event is disallowed from being an owner',
    );
  });

  it('1.7.13 managedFields may be cleared, and broken ones are dropped', async () => {
    await api.apply(`${maps}/managed`, 'm', { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
    const fields = (reply: Reply) => reply.at('metadata', 'managedFields');
    expect(fields(await api.get(`${maps}/managed`))).toHaveLength(1);
    const cleared = await api.patch(`${maps}/managed`, 'merge', { metadata: { managedFields: [{}] } });
    expect([cleared.status, fields(cleared)]).toEqual([200, undefined]);
    const broken = [{ manager: 'x', operation: 'Sometimes', apiVersion: 'v1', fieldsType: 'FieldsV9', fieldsV1: {} }];
    const dropped = await api.patch(`${maps}/managed`, 'merge', {
      metadata: { managedFields: broken },
      data: { b: '1' },
    });
    expect(dropped.status).toBe(200);
    expect(JSON.stringify(fields(dropped) ?? [])).not.toContain('Sometimes');
  });

  it('1.7.14 what is too large is refused', async () => {
    const { status, json } = await api.post(maps, {
      metadata: { name: 'large' },
      data: { a: 'x'.repeat(1024 * 1024 + 1) },
    });
    expect([status, json.details?.causes?.[0]?.message]).toEqual([422, 'Too long: may not be more than 1048576 bytes']);
    const secret = await api.post(`${core}/secrets`, {
      metadata: { name: 'large' },
      stringData: { a: 'x'.repeat(1024 * 1024 + 1) },
    });
    expect(secret.status).toBe(422);
    const annotated = {
      metadata: { name: 'l' },
      spec: { containers: [{ name: 'c', image: 'i', args: ['x'.repeat(2 * 1024 * 1024)] }] },
    };
    const pod = await api.post(`${core}/pods`, annotated);
    expect([pod.status, pod.json.reason]).toEqual([413, 'RequestEntityTooLarge']);
  });
});
