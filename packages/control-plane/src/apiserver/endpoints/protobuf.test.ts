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
});
