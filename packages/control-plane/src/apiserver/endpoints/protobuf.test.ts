import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeProtobuf, protobufMediaType } from '@geobuk/api';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const path = '/api/v1/namespaces/default/configmaps';
const headers = { accept: `${protobufMediaType},application/json` };

describe('protobuf answers', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.call(path, {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: '1' } },
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('gives an object and a list as the JSON says them', async () => {
    for (const place of [`${path}/one`, path]) {
      const response = await server.open(place, { headers });
      expect(response.headers['content-type']).toBe(protobufMediaType);
      const decoded = decodeProtobuf(await buffer(response));
      const { json } = await server.call(place);
      expect(decoded).toMatchObject({ kind: json.kind, metadata: { resourceVersion: json.metadata?.resourceVersion } });
      const items = (decoded['items'] ?? [decoded]) as readonly { readonly data?: unknown }[];
      expect(items.find(({ data }) => data !== undefined && 'a' in (data as object))).toMatchObject({
        metadata: { name: 'one' },
        data: { a: '1' },
      });
    }
  });

  it('frames the events of a watch by their length', async () => {
    const response = await server.open(`${path}?watch=1&fieldSelector=metadata.name%3Done`, { headers });
    expect(response.headers['content-type']).toBe(`${protobufMediaType};stream=watch`);
    const { value } = (await response[Symbol.asyncIterator]().next()) as { readonly value: Buffer };
    response.destroy();
    expect(value.readUInt32BE(0)).toBe(value.length - 4);
    expect(value.includes('ADDED')).toBe(true);
  });

  it('a form of objects that protobuf does not have is given as JSON, or refused', async () => {
    const accept = `${protobufMediaType};as=Table;v=v1;g=meta.k8s.io`;
    expect((await server.call(path, { headers: { accept } })).status).toBe(406);
    const both = { accept: `${accept},application/json;as=Table;v=v1;g=meta.k8s.io` };
    expect((await server.call(path, { headers: both })).json.kind).toBe('Table');
  });

  const read = async (place: string, options: object = {}) => {
    const response = await server.open(place, { headers, ...options });
    expect(response.headers['content-type']).toBe(protobufMediaType);
    return { status: response.statusCode, object: decodeProtobuf(await buffer(response)) };
  };

  it('1.5.3 refusals and what a delete answers come as protobuf too', async () => {
    const missing = await read(`${path}/none`);
    expect([missing.status, missing.object]).toMatchObject([
      404,
      {
        kind: 'Status',
        apiVersion: 'v1',
        reason: 'NotFound',
        code: 404,
        details: { name: 'none', kind: 'configmaps' },
      },
    ]);
    const invalid = await read(path, {
      headers: { ...headers, 'content-type': 'application/json' },
      body: { metadata: { name: 'Not A Name' } },
    });
    const details = invalid.object['details'] as { readonly causes: readonly { readonly field: string }[] };
    expect([invalid.status, details.causes[0]!.field]).toEqual([422, 'metadata.name']);
    await server.call(path, { body: { metadata: { name: 'short' } } });
    const deleted = await read(`${path}/short`, { method: 'DELETE' });
    expect(deleted.object).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'short' } });
    const unknown = await server.open('/apis/none.test/v1/things', { headers });
    expect([unknown.statusCode, unknown.headers['content-type']]).toEqual([404, protobufMediaType]);
    unknown.resume();
  });

  it('1.5.9 metadata alone comes as protobuf in get, list and watch, also of custom kinds', async () => {
    const as = (kind: string) => ({ accept: `${protobufMediaType};as=${kind};g=meta.k8s.io;v=v1` });
    const one = await read(`${path}/one`, { headers: as('PartialObjectMetadata') });
    expect(one.object).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'one' },
    });
    expect(one.object).not.toHaveProperty('data');
    const list = await read(path, { headers: as('PartialObjectMetadataList') });
    const items = list.object['items'] as readonly { readonly metadata: { readonly name: string } }[];
    expect([list.object['kind'], items.map(({ metadata }) => metadata.name)]).toEqual([
      'PartialObjectMetadataList',
      expect.arrayContaining(['one']),
    ]);
    const watch = await server.open(`${path}?watch=1&fieldSelector=metadata.name%3Done`, {
      headers: as('PartialObjectMetadata'),
    });
    const { value } = (await watch[Symbol.asyncIterator]().next()) as { readonly value: Buffer };
    watch.destroy();
    expect(value.includes('PartialObjectMetadata')).toBe(true);

    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'ships.proto.test' },
      spec: {
        group: 'proto.test',
        scope: 'Cluster',
        names: { plural: 'ships', kind: 'Ship' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    await server.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition });
    const ships = '/apis/proto.test/v1/ships';
    const body = { apiVersion: 'proto.test/v1', kind: 'Ship', metadata: { name: 'panok' } };
    await expect.poll(async () => (await server.call(ships, { body })).status, { timeout: 10_000 }).toBe(201);
    const custom = await read(ships, { headers: as('PartialObjectMetadataList') });
    expect(custom.object).toMatchObject({ items: [{ metadata: { name: 'panok' } }] });
    expect((await server.call(ships, { headers: { accept: protobufMediaType } })).status).toBe(406);
  });

  it('1.5.3 a long list comes in pieces, as long as it was announced', async () => {
    const data = { text: 'x'.repeat(20_000) };
    for (let i = 0; i < 60; i++) {
      await server.call('/api/v1/namespaces/kube-system/configmaps', {
        body: { metadata: { name: `long-${i}` }, data },
      });
    }
    const response = await server.open('/api/v1/namespaces/kube-system/configmaps', { headers });
    const bytes = await buffer(response);
    expect(bytes.length).toBeGreaterThan(1_000_000);
    expect(response.headers['content-length']).toBe(String(bytes.length));
    const items = decodeProtobuf(bytes)['items'] as readonly unknown[];
    expect(items.length).toBeGreaterThanOrEqual(60);
  });
});
