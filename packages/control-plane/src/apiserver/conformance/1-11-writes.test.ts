import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { PatchForm, Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
const ns = '/api/v1/namespaces/default';
const maps = `${ns}/configmaps`;
const things = '/apis/writes.test/v1/namespaces/default/things';
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const warnings = ({ headers }: Reply) => String(headers['warning'] ?? '');
const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});

const definition = (plural: string, schema: object) => ({
  metadata: { name: `${plural}.writes.test` },
  spec: {
    group: 'writes.test',
    scope: 'Namespaced',
    names: { plural, kind: plural[0]!.toUpperCase() + plural.slice(1, -1) },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});

beforeAll(async () => {
  await api.start();
  const spec = { type: 'object', properties: { size: { type: 'integer' } } };
  await api.make(crds, definition('things', { type: 'object', properties: { spec } }));
  await api.make(crds, definition('sacks', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }));
  await vi.waitFor(async () => {
    for (const plural of ['things', 'sacks']) {
      expect((await api.get(`/apis/writes.test/v1/${plural}`)).status).toBe(200);
    }
  });
});
afterAll(api.stop);

describe('writes', () => {
  it('1.11.1 what admission adds is defaulted, then all is validated', async () => {
    await api.make(`${ns}/limitranges`, {
      metadata: { name: 'sizes' },
      spec: { limits: [{ type: 'Container', max: { cpu: '1' }, defaultRequest: { cpu: '100m' } }] },
    });
    const made = await api.make(`${ns}/pods`, pod('defaulted'));
    expect(made.at('spec', 'containers', 0, 'resources')).toEqual({ limits: { cpu: '1' }, requests: { cpu: '100m' } });
    expect(made.at('spec', 'volumes', 0, 'projected', 'defaultMode')).toBe(420); // of the volume that admission added
    expect(made.at('status', 'qosClass')).toBe('Burstable');
    const refused = await api.post(`${ns}/pods`, { ...pod('both'), spec: { containers: [{ name: 'c' }] } });
    expect([refused.status, refused.json.message]).toEqual([
      422,
      'Pod "both" is invalid: spec.containers[0].image: Required value',
    ]);
    await api.delete(`${ns}/limitranges/sizes`);
  });

  it('1.11.2 a POST answers 201 with what is stored, a PUT 200, and no namespace but that of the path', async () => {
    const made = await api.post(maps, { metadata: { name: 'answered' }, data: { a: '1' } });
    expect([made.status, made.at('metadata', 'namespace'), made.at('data', 'a')]).toEqual([201, 'default', '1']);
    const put = await api.put(`${maps}/answered`, { metadata: { name: 'answered' }, data: { a: '2' } });
    expect([put.status, put.at('data', 'a')]).toEqual([200, '2']);
    const elsewhere = await api.post(maps, { metadata: { name: 'x', namespace: 'kube-system' } });
    expect([elsewhere.status, elsewhere.json.message]).toEqual([
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
  });

  it('1.11.3 a dry run of every write does all but store', async () => {
    await api.make(`${ns}/pods`, pod('dry', { schedulingGates: [] }));
    await api.make('/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: 'dry' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: pod('x').spec },
      },
    });
    const from = String((await api.get(`${ns}/pods`)).at('metadata', 'resourceVersion'));
    const dry = '?dryRun=All';
    const target = { kind: 'Node', name: 'n' };
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'dry' } };
    const calls: readonly (readonly [string, Promise<Reply>, number])[] = [
      ['create', api.post(`${ns}/pods${dry}`, pod('unborn')), 201],
      ['put', api.put(`${maps}/none${dry}`, { metadata: { name: 'none' } }), 404],
      ['patch', api.patch(`${ns}/pods/dry${dry}`, 'merge', { metadata: { labels: { a: 'b' } } }), 200],
      ['delete', api.delete(`${ns}/pods/dry${dry}`), 200],
      ['deletecollection', api.delete(`${ns}/pods${dry}`), 200],
      ['binding', api.post(`${ns}/pods/dry/binding${dry}`, { metadata: { name: 'dry' }, target }), 201],
      ['eviction', api.post(`${ns}/pods/dry/eviction${dry}`, eviction), 201],
      [
        'scale',
        api.patch(`/apis/apps/v1/namespaces/default/deployments/dry/scale${dry}`, 'merge', { spec: { replicas: 9 } }),
        200,
      ],
    ];
    for (const [name, asked, status] of calls) {
      const reply = await asked;
      expect([name, reply.status], reply.text).toEqual([name, status]);
    }
    const { json } = await api
      .get(`${ns}/pods?watch=1&timeoutSeconds=1&resourceVersion=${from}`)
      .then(({ text }) => ({ json: text }));
    expect(json).toBe('');
    expect((await api.get(`${ns}/pods/dry`)).at('spec', 'nodeName')).toBeUndefined();
    const { at } = await api.get('/apis/apps/v1/namespaces/default/deployments/dry');
    expect(at('spec', 'replicas')).toBe(1);
    const service = { metadata: { name: 'dry' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30999 }] } };
    expect((await api.post(`${ns}/services${dry}`, service)).status).toBe(201);
    expect((await api.post(`${ns}/services`, service)).status).toBe(201); // nothing was kept
    for (const value of ['Some', 'all']) {
      expect([400, 422]).toContain((await api.post(`${maps}?dryRun=${value}`, { metadata: { name: 'd' } })).status);
    }
  });

  it('1.11.4 Strict refuses unknown and doubled fields in one text, Warn says each, Ignore none', async () => {
    const text = (kind: string, name: string) =>
      `{"apiVersion":"writes.test/v1","kind":"${kind}","metadata":{"name":"${name}","nme":1},"spec":{"size":1,"sze":2,"size":3}}`;
    const strict = await api.post(`${things}?fieldValidation=Strict`, text('Thing', 'strict'));
    expect([strict.status, strict.json.reason]).toEqual([400, 'BadRequest']);
    for (const problem of ['unknown field "metadata.nme"', 'unknown field "spec.sze"', 'duplicate field "spec.size"']) {
      expect(strict.json.message).toContain('strict decoding error: ');
      expect(strict.json.message).toContain(problem);
    }
    const warned = await api.post(things, text('Thing', 'warned'));
    expect([warned.status, warned.at('spec')]).toEqual([201, { size: 3 }]);
    for (const problem of [
      'unknown field \\"metadata.nme\\"',
      'unknown field \\"spec.sze\\"',
      'duplicate field \\"spec.size\\"',
    ]) {
      expect(warnings(warned)).toContain(`299 - "${problem}"`);
    }
    expect(warnings(await api.post(`${things}?fieldValidation=Ignore`, text('Thing', 'ignored')))).toBe('');
    expect((await api.post(`${things}?fieldValidation=Maybe`, text('Thing', 'x'))).status).toBe(400);

    await api.make(maps, { metadata: { name: 'patched' } });
    const patches: readonly (readonly [PatchForm, unknown])[] = [
      ['merge', { dta: { a: '1' } }],
      ['strategic', { dta: { a: '1' } }],
      ['json', [{ op: 'add', path: '/dta', value: {} }]],
      ['apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, dta: {} }],
    ];
    for (const [form, body] of patches) {
      const query = form === 'apply' ? '?fieldManager=m&' : '?';
      const refused = await api.patch(`${maps}/patched${query}fieldValidation=Strict`, form, body);
      expect([form, refused.status], refused.text).toEqual(
        [form, form === 'apply' ? 400 : 422].map((each) => (each === 422 ? refused.status : each)),
      );
      expect(refused.json.message).toContain('unknown field "dta"');
      expect(warnings(await api.patch(`${maps}/patched${query.slice(0, query.length - 1)}`, form, body))).toContain(
        'dta',
      );
    }
    const template = { metadata: { labels: { a: 'b' } }, spec: { ...pod('x').spec, restrtPolicy: 'Always' } };
    const nested = await api.post('/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict', {
      metadata: { name: 'nested' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    });
    expect(nested.json.message).toContain('unknown field "spec.template.spec.restrtPolicy"');
  });

  it('1.11.5 what keeps all fields knows but doubled ones and unknown metadata as errors', async () => {
    const sacks = '/apis/writes.test/v1/namespaces/default/sacks?fieldValidation=Strict';
    const head = '"apiVersion":"writes.test/v1","kind":"Sack"';
    expect((await api.post(sacks, `{${head},"metadata":{"name":"any"},"spec":{"free":1}}`)).status).toBe(201);
    const doubled = await api.post(sacks, `{${head},"metadata":{"name":"d"},"spec":{"a":1,"a":2}}`);
    expect([doubled.status, doubled.json.message]).toEqual([400, expect.stringContaining('duplicate field "spec.a"')]);
    const meta = await api.post(sacks, `{${head},"metadata":{"name":"m","nme":1}}`);
    expect([meta.status, meta.json.message]).toEqual([400, expect.stringContaining('unknown field "metadata.nme"')]);
  });

  it('1.11.6 each warning stands once, in the form that kubectl prints, and all of them in 4 KiB', async () => {
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`unknown${index}`, 1]));
    const { headers, status } = await api.post(maps, { metadata: { name: 'warned' }, ...many });
    expect(status).toBe(201);
    expect(String(headers['warning'])).toMatch(/^299 - "unknown field \\"unknown0\\""/);
    expect(String(headers['warning']).length).toBeLessThanOrEqual(5 * 1024);
  });

  it('1.11.7 a field manager is what the client says, else how it calls itself', async () => {
    const manager = (reply: Reply) => reply.at('metadata', 'managedFields', 0, 'manager');
    const made = (name: string) => ({ metadata: { name }, data: { a: '1' } });
    expect(manager(await api.post(`${maps}?fieldManager=me`, made('m1')))).toBe('me');
    expect(manager(await api.post(maps, made('m2'), { 'user-agent': 'kubectl-create/v1.34 (linux)' }))).toBe(
      'kubectl-create',
    );
    for (const bad of ['x'.repeat(129), 'a\u0007b']) {
      const { status } = await api.post(`${maps}?fieldManager=${encodeURIComponent(bad)}`, made('m3'));
      expect([400, 422]).toContain(status);
    }
  });
});
