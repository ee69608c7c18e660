import { decodeProtobuf, protobufMediaType } from '@geobuk/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const core = '/api/v1/namespaces/default';
const maps = `${core}/configmaps`;
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = (kind: string) => `application/json;as=${kind};v=v1;g=meta.k8s.io`;
const things = '/apis/enc.test/v1/things';

beforeAll(async () => {
  await api.make(crds, {
    metadata: { name: 'things.enc.test' },
    spec: {
      group: 'enc.test',
      scope: 'Cluster',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { n: { type: 'integer', format: 'int64' } } } },
            },
          },
        },
      ],
    },
  });
  await vi.waitFor(async () => expect((await api.get(things)).status).toBe(200));
});

describe('content types', () => {
  it('1.5.1 JSON, YAML and protobuf go in and out; JSON is the default', async () => {
    const yaml = await api.post(maps, 'metadata:\n  name: from-yaml\ndata: {a: "1"}\n', {
      'content-type': 'application/yaml',
    });
    expect([yaml.status, yaml.at('data', 'a'), yaml.headers['content-type']]).toEqual([201, '1', 'application/json']);
    const out = await api.get(`${maps}/from-yaml`, { accept: 'application/yaml' });
    expect(out.headers['content-type']).toBe('application/yaml');
    expect(out.text).toContain('\ndata:\n  a: "1"\n');
    expect((await api.get(`${maps}/from-yaml`, { accept: '*/*' })).headers['content-type']).toBe('application/json');
    expect((await api.get(`${maps}/from-yaml`, { accept: 'application/*' })).status).toBe(200);
    const binary = await api.get(`${maps}/from-yaml`, { accept: protobufMediaType });
    expect([binary.status, binary.headers['content-type']]).toEqual([200, protobufMediaType]);
  });

  it('1.5.2 an unknown request type is 415, an impossible answer 406, and custom resources speak no protobuf', async () => {
    const sent = await api.post(maps, 'x', { 'content-type': 'text/csv' });
    expect([sent.status, sent.json.reason]).toEqual([415, 'UnsupportedMediaType']);
    const asked = await api.get(maps, { accept: 'text/csv' });
    expect([asked.status, asked.json.reason]).toEqual([406, 'NotAcceptable']);
    expect((await api.get(things, { accept: protobufMediaType })).status).toBe(406);
    expect((await api.post(things, Buffer.from('k8s\0'), { 'content-type': protobufMediaType })).status).toBe(415);
    expect((await api.get(things, { accept: `${protobufMediaType},application/json` })).at('kind')).toBe('ThingList');
  });

  it('1.5.3 the protobuf envelope begins with its mark and names version and kind', async () => {
    await api.make(maps, { metadata: { name: 'enveloped' }, data: { a: '1' } });
    const response = await api.server.open(`${maps}/enveloped`, { headers: { accept: protobufMediaType } });
    const pieces: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0x6b, 0x38, 0x73, 0x00]));
    expect(decodeProtobuf(bytes)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
    const watch = await api.server.open(`${maps}?watch=1&fieldSelector=metadata.name%3Denveloped`, {
      headers: { accept: `${protobufMediaType};stream=watch` },
    });
    const [first] = (await new Promise<[Buffer]>((resolve) =>
      watch.once('data', (piece: Buffer) => resolve([piece])),
    )) as [Buffer];
    expect(first.readUInt32BE(0)).toBe(first.length - 4);
    watch.destroy();
  });

  it('1.5.4 a watch is one JSON document a line', async () => {
    await api.make(maps, { metadata: { name: 'lines', labels: { lines: 'y' } }, data: { a: 'x\ny' } });
    const { text, headers } = await api.get(`${maps}?watch=1&labelSelector=lines&timeoutSeconds=1`);
    expect(headers['content-type']).toBe('application/json');
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap' } });
  });

  it('1.5.5 CBOR is refused so that clients fall back', async () => {
    expect((await api.get(maps, { accept: 'application/cbor' })).status).toBe(406);
    expect((await api.get(maps, { accept: 'application/cbor,application/json' })).status).toBe(200);
    expect((await api.post(maps, Buffer.from([0xd9]), { 'content-type': 'application/cbor' })).status).toBe(415);
  });
});

describe('tables and metadata', () => {
  it('1.5.6 get, list and watch give tables, in v1 or v1beta1', async () => {
    const accept = `${table},${table.replace('v=v1', 'v=v1beta1')},application/json`;
    for (const path of ['/api/v1/namespaces/default', '/api/v1/namespaces']) {
      const reply = await api.get(path, { accept });
      expect([reply.at('kind'), reply.at('apiVersion')]).toEqual(['Table', 'meta.k8s.io/v1']);
    }
    const old = await api.get('/api/v1/namespaces', { accept: table.replace('v=v1', 'v=v1beta1') });
    expect(old.at('apiVersion')).toBe('meta.k8s.io/v1beta1');
    await using watch = await api.watch('/api/v1/namespaces?watch=1', { headers: { accept } });
    expect((await watch.take(1))[0]?.object).toMatchObject({
      kind: 'Table',
      rows: [{ cells: expect.any(Array) as unknown }],
    });
  });

  it('1.5.7 rows carry what includeObject says, and only the first event of a watch the columns', async () => {
    const objectOf = async (query: string) =>
      (await api.get(`/api/v1/namespaces/default?${query}`, { accept: table })).at('rows', 0, 'object');
    expect(await objectOf('')).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'default' } });
    expect(await objectOf('')).not.toHaveProperty('spec');
    expect(await objectOf('includeObject=Object')).toMatchObject({ kind: 'Namespace', spec: {} });
    expect(await objectOf('includeObject=None')).toBeNull();
    expect((await api.get('/api/v1/namespaces?includeObject=Some', { accept: table })).status).toBe(400);
    await using watch = await api.watch('/api/v1/namespaces?watch=1', { headers: { accept: table } });
    const [first, second] = await watch.take(2);
    expect(first?.at('columnDefinitions', 0, 'name')).toBe('Name');
    expect(second?.at('columnDefinitions') ?? null).toBeNull();
    await api.make(`${core}/pods`, { metadata: { name: 'done' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await api.patch(`${core}/pods/done/status`, 'merge', { status: { phase: 'Succeeded' } });
    expect((await api.get(`${core}/pods/done`, { accept: table })).at('rows', 0, 'conditions')).toEqual([
      expect.objectContaining({ type: 'Completed', status: 'True', reason: 'Succeeded' }),
    ]);
  });

  it('1.5.8 what has no table is NotAcceptable as one', async () => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
    };
    const { status, json } = await api.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, {
      accept: table,
    });
    expect([status, json.reason]).toEqual([406, 'NotAcceptable']);
  });

  it('1.5.9 get, list and watch give metadata alone, also of custom resources', async () => {
    await api.make(things, { apiVersion: 'enc.test/v1', kind: 'Thing', metadata: { name: 'bare' }, spec: { n: 1 } });
    for (const path of [things, '/api/v1/namespaces']) {
      const list = await api.get(path, { accept: partial('PartialObjectMetadataList') });
      expect([list.at('kind'), list.at('apiVersion')]).toEqual(['PartialObjectMetadataList', 'meta.k8s.io/v1']);
      expect(Object.keys(list.json.items?.[0] ?? {}).sort()).toEqual(expect.arrayContaining(['metadata']));
      expect(list.json.items?.[0]).not.toHaveProperty('spec');
    }
    const one = await api.get(`${things}/bare`, { accept: partial('PartialObjectMetadata') });
    expect(one.json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'bare' } });
    expect(one.json).not.toHaveProperty('spec');
    await using watch = await api.watch(`${things}?watch=1`, { headers: { accept: partial('PartialObjectMetadata') } });
    const [event] = await watch.take(1);
    expect([event?.at('kind'), event?.at('spec')]).toEqual(['PartialObjectMetadata', undefined]);
  });
});

describe('values', () => {
  it('1.5.10 whole numbers stay whole; one that would lose digits is refused, not rounded', async () => {
    const body = (name: string, n: string) =>
      `{"apiVersion":"enc.test/v1","kind":"Thing","metadata":{"name":"${name}"},"spec":{"n":${n}}}`;
    for (const [name, n] of [
      ['largest', '9007199254740991'],
      ['smallest', '-9007199254740991'],
      ['million', '1000000'],
      ['exponent', '1e3'],
    ] as const) {
      const shown = `"n":${Number(n)}`;
      expect((await api.post(things, body(name, n))).text).toContain(shown);
      expect((await api.get(`${things}/${name}`)).text).toContain(shown);
    }
    for (const n of ['9223372036854775807', '9007199254740993']) {
      const { status, json } = await api.post(things, body('beyond', n));
      expect([status, json.message]).toEqual([400, expect.stringContaining(`integer ${n} has more digits`)]);
    }
    expect((await api.post(maps, `{"metadata":{"name":"text"},"data":{"n":"9223372036854775807"}}`)).status).toBe(201);
  });

  it('1.5.11 objects begin with version, kind and metadata, and leave out what is empty', async () => {
    const { text } = await api.get(`${core}/serviceaccounts/default`);
    expect(text).toMatch(/^\{"apiVersion":"v1","kind":"ServiceAccount","metadata":\{/);
    expect(text).not.toMatch(/null|"selfLink"|"secrets"/);
    const pod = await api.make(`${core}/pods`, {
      metadata: { name: 'ordered' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    expect(Object.keys(pod.json)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });

  it('1.5.12 lists name their kind and version, and have items even when there is none', async () => {
    const empty = await api.get('/api/v1/namespaces/kube-node-lease/pods');
    expect(empty.json).toMatchObject({ kind: 'PodList', apiVersion: 'v1', items: [] });
    expect(empty.at('metadata', 'resourceVersion')).toMatch(/^\d+$/);
    expect((await api.get('/apis/enc.test/v1/things')).at('kind')).toBe('ThingList');
  });

  it('1.5.13 times have whole seconds, those of Leases and new events microseconds', async () => {
    const { json } = await api.make(maps, { metadata: { name: 'timed' } });
    expect(json.metadata?.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const lease = await api.make('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      metadata: { name: 'timed' },
      spec: { renewTime: '2026-01-02T03:04:05.123456Z', acquireTime: '2026-01-02T03:04:05Z' },
    });
    expect(lease.at('spec', 'renewTime')).toBe('2026-01-02T03:04:05.123456Z');
    expect(lease.at('spec', 'acquireTime')).toBe('2026-01-02T03:04:05.000000Z');
    const offset = await api.make(`${core}/pods`, {
      metadata: { name: 'offset' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    expect(offset.status).toBe(201);
    const status = await api.patch(`${core}/pods/offset/status`, 'merge', {
      status: { startTime: '2026-01-02T05:04:05.9+02:00' },
    });
    expect(status.at('status', 'startTime')).toBe('2026-01-02T03:04:05Z');
  });

  it('1.5.14 quantities are stored in one form', async () => {
    const requests = { cpu: '1000m', memory: '1024Mi', 'ephemeral-storage': '0.5Gi', 'example.test/x': '2e3' };
    const { json } = await api.make(`${core}/pods`, {
      metadata: { name: 'quantities' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests, limits: { ...requests, cpu: '0.1e1' } } }] },
    });
    expect(json.spec?.template ?? (json.spec as unknown as { containers: unknown[] }).containers[0]).toMatchObject({
      resources: {
        requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '512Mi', 'example.test/x': '2e3' },
        limits: { cpu: '1' },
      },
    });
    const small = await api.make(`${core}/pods`, {
      metadata: { name: 'small' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '0.1' } } }] },
    });
    expect(small.at('spec', 'containers', 0, 'resources', 'requests', 'cpu')).toBe('100m');
  });

  it('1.5.15 of a doubled key the last counts, and names are case-sensitive', async () => {
    const body = '{"metadata":{"name":"doubled"},"data":{"a":"1"},"Data":{"b":"2"},"data":{"a":"2"}}';
    const { status, at } = await api.post(maps, body);
    expect([status, at('data')]).toEqual([201, { a: '2' }]);
    expect((await api.post(`${maps}?fieldValidation=Strict`, body)).status).toBe(400);
  });
});
