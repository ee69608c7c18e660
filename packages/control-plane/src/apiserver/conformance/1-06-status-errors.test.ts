import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const core = '/api/v1/namespaces/default';
const maps = `${core}/configmaps`;
const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});

describe('refusals', () => {
  it('1.6.1 every refusal is a Status whose code is the code of the answer', async () => {
    const answers: readonly Reply[] = [
      await api.get('/nowhere'),
      await api.get(`${maps}/none`),
      await api.post(maps, '{'),
      await api.post(maps, { metadata: { name: 'X' } }),
      await api.delete('/api/v1/namespaces'),
      await api.as('nobody', maps),
      await api.call(maps, { certificate: null, headers: { authorization: 'Bearer x' } }),
      await api.get(maps, { accept: 'text/csv' }),
    ];
    for (const { status, json } of answers) {
      expect(json).toMatchObject({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: expect.any(String) as unknown,
        reason: expect.any(String) as unknown,
        code: status,
      });
    }
  });

  it('1.6.2 each reason has its code', async () => {
    await api.make(maps, { metadata: { name: 'coded' } });
    await api.make(maps, { metadata: { name: 'stale', finalizers: ['example.test/x'] } });
    const stale = { metadata: { name: 'coded', resourceVersion: '1' }, data: { a: '1' } };
    const tooNew = 1_000_000_000;
    const rows: readonly (readonly [string, number, () => Promise<Reply>])[] = [
      ['BadRequest', 400, () => api.post(maps, { metadata: { name: 'a', namespace: 'other' } })],
      ['BadRequest', 400, () => api.get(`${maps}?limit=x`)],
      ['Unauthorized', 401, () => api.call(maps, { certificate: null, headers: { authorization: 'Bearer x' } })],
      ['Forbidden', 403, () => api.as('nobody', maps)],
      ['NotFound', 404, () => api.get(`${maps}/none`)],
      ['MethodNotAllowed', 405, () => api.put('/api/v1/componentstatuses', {})],
      ['NotAcceptable', 406, () => api.get(maps, { accept: 'text/csv' })],
      ['AlreadyExists', 409, () => api.post(maps, { metadata: { name: 'coded' } })],
      ['Conflict', 409, () => api.put(`${maps}/coded`, stale)],
      ['RequestEntityTooLarge', 413, () => api.post(maps, 'x'.repeat(3 * 1024 * 1024 + 1))],
      ['UnsupportedMediaType', 415, () => api.post(maps, 'x', { 'content-type': 'text/csv' })],
      ['Invalid', 422, () => api.post(maps, { metadata: { name: 'X' } })],
      ['Timeout', 504, () => api.get(`${maps}?resourceVersion=${tooNew}`)],
      ['ServiceUnavailable', 503, () => api.get(`${core}/services/unserved/proxy/`)],
    ];
    await api.make(`${core}/services`, { metadata: { name: 'unserved' }, spec: { ports: [{ port: 80 }] } });
    for (const [reason, code, ask] of rows) {
      const { status, json } = await ask();
      expect([reason, status, json.reason]).toEqual([reason, code, reason]);
    }
  }, 20_000);

  it('1.6.3 the texts are those that scripts look for', async () => {
    const message = async (asked: Promise<Reply>) => (await asked).json.message;
    expect(await message(api.get('/apis/apps/v1/namespaces/default/deployments/x'))).toBe(
      'deployments.apps "x" not found',
    );
    expect(await message(api.get('/api/v1/nothings'))).toBe('the server could not find the requested resource');
    expect(await message(api.as('u', `${core}/pods/x`))).toBe(
      'pods "x" is forbidden: User "u" cannot get resource "pods" in API group "" in the namespace "default"',
    );
    expect(await message(api.as('u', '/apis/apps/v1/deployments'))).toBe(
      'deployments.apps is forbidden: User "u" cannot list resource "deployments" in API group "apps" at the cluster scope',
    );
    expect(await message(api.as('u', '/metrics'))).toBe('forbidden: User "u" cannot get path "/metrics"');
    expect(await message(api.as('u', `${core}/pods/x/log`))).toBe(
      'pods "x" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "default"',
    );
    await api.make(`${core}/pods`, pod('once'));
    expect(await message(api.post(`${core}/pods`, pod('once')))).toBe('pods "once" already exists');
  });

  it('1.6.4 a conflict says what to do', async () => {
    await api.make(maps, { metadata: { name: 'contested' } });
    const { json } = await api.put(`${maps}/contested`, {
      metadata: { name: 'contested', resourceVersion: '1' },
      data: { a: '1' },
    });
    expect(json).toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "contested": the object has been modified; please apply your changes to the latest version and try again',
      details: { name: 'contested', kind: 'configmaps' },
    });
  });

  it('1.6.5 what is invalid names kind, field, reason and value', async () => {
    const { json } = await api.post(`${core}/pods`, pod('bad', { containers: [{ name: 'c' }] }));
    expect(json).toMatchObject({
      message: 'Pod "bad" is invalid: spec.containers[0].image: Required value',
      reason: 'Invalid',
      details: {
        name: 'bad',
        kind: 'Pod',
        causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers[0].image' }],
      },
    });
    const causes = async (spec: object) =>
      ((await api.post(`${core}/pods`, pod('bad', spec))).at('details', 'causes') as { reason: string }[]).map(
        ({ reason }) => reason,
      );
    const container = { name: 'c', image: 'i' };
    expect(await causes({ restartPolicy: 'Sometimes' })).toEqual(['FieldValueNotSupported']);
    expect(await causes({ containers: [container, container] })).toEqual(['FieldValueDuplicate']);
    expect(await causes({ containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] })).toEqual([
      'FieldValueNotFound',
    ]);
    expect(await causes({ activeDeadlineSeconds: 0 })).toEqual(['FieldValueInvalid']);
    expect(await causes({ ephemeralContainers: [{ ...container, name: 'e' }] })).toEqual(['FieldValueForbidden']);
    const annotations = { a: 'x'.repeat(262_144) };
    const long = await api.post(maps, { metadata: { name: 'long', annotations } });
    expect(long.at('details', 'causes', 0, 'reason')).toBe('FieldValueTooLong');
    const slice = {
      addressType: 'IPv4',
      metadata: { name: 's' },
      ports: Array.from({ length: 101 }, (_, index) => ({ name: `p${index}` })),
    };
    const many = await api.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      ...slice,
      endpoints: [],
    });
    expect(many.at('details', 'causes', 0, 'reason')).toBe('FieldValueTooMany');
    expect(
      (await api.post('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' }, spec: {} })).at(
        'details',
        'group',
      ),
    ).toBe('apps');
  });

  it('1.6.6 all refused fields come at once', async () => {
    const spec = { restartPolicy: 'x', dnsPolicy: 'y', containers: [{ name: 'C' }, { name: 'd', image: ' i ' }] };
    const { json } = await api.post(`${core}/pods`, { metadata: { name: 'many', labels: { a: '!' } }, spec });
    expect(json.details?.causes?.map(({ field }) => field)).toEqual([
      'metadata.labels',
      'spec.containers[0].name',
      'spec.containers[0].image',
      'spec.containers[1].image',
      'spec.restartPolicy',
      'spec.dnsPolicy',
    ]);
    expect(json.message).toMatch(/^Pod "many" is invalid: \[.*, .*\]$/);
  });

  it('1.6.7 a missing namespace is NotFound, an ending one Forbidden with its cause', async () => {
    const missing = await api.post('/api/v1/namespaces/none/configmaps', { metadata: { name: 'x' } });
    expect([missing.status, missing.json.message]).toEqual([404, 'namespaces "none" not found']);
    await api.namespace('ending');
    await api.delete('/api/v1/namespaces/ending');
    const ending = await api.post('/api/v1/namespaces/ending/configmaps', { metadata: { name: 'x' } });
    expect(ending.json).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace ending is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });

  it('1.6.8 a delete answers with the object for some kinds and with Success for others', async () => {
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const withObject: readonly (readonly [string, object])[] = [
      [`${core}/services`, { spec: { ports: [{ port: 80 }] } }],
      [`${core}/serviceaccounts`, {}],
      [`${core}/podtemplates`, { template: pod('x') }],
      [`${core}/resourcequotas`, { spec: { hard: { pods: '1000' } } }],
      ['/apis/storage.k8s.io/v1/storageclasses', { provisioner: 'example.test/x' }],
      ['/apis/storage.k8s.io/v1/csidrivers', { spec: {} }],
      [`${core}/pods`, { spec: pod('x').spec }],
      [`${core}/persistentvolumeclaims`, { spec: claim }],
    ];
    for (const [path, object] of withObject) {
      const made = await api.make(path, { ...object, metadata: { name: 'deleted' } });
      const reply = await api.delete(`${path}/deleted`);
      expect([path, reply.status, reply.at('kind')]).toEqual([path, 200, made.at('kind')]);
    }
    const withStatus: readonly (readonly [string, string, object])[] = [
      ['', maps, {}],
      ['', `${core}/secrets`, {}],
      ['', `${core}/endpoints`, {}],
      [
        'apps',
        '/apis/apps/v1/namespaces/default/replicasets',
        {
          spec: {
            selector: { matchLabels: { a: 'b' } },
            template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec },
          },
        },
      ],
      ['scheduling.k8s.io', '/apis/scheduling.k8s.io/v1/priorityclasses', { value: 1 }],
    ];
    for (const [group, path, object] of withStatus) {
      const { json: made } = await api.make(path, { ...object, metadata: { name: 'deleted' } });
      const { status, json } = await api.delete(`${path}/deleted`, { propagationPolicy: 'Background' });
      expect([path, status, json.status ?? json.message, json.details]).toEqual([
        path,
        200,
        'Success',
        {
          name: 'deleted',
          ...(group === '' ? {} : { group }),
          kind: path.slice(path.lastIndexOf('/') + 1),
          uid: made.metadata?.uid,
        },
      ]);
    }
  });
});
