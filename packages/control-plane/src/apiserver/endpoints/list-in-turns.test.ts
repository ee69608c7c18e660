import { gunzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';
import { objectsPerTurn } from './list-in-turns.js';

const path = '/api/v1/namespaces/default/configmaps';
/** Three pieces, the last of them shorter. */
const count = objectsPerTurn * 2 + 1;
const forms = {
  Table: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io', field: 'rows' },
  PartialObjectMetadataList: {
    accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    field: 'items',
  },
};

describe('long lists that are made from the objects', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        server.call(path, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${i}` } } }),
      ),
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const read = async (query: string, headers: Record<string, string>): Promise<Record<string, unknown>> => {
    const response = await server.open(`${path}${query}`, { headers });
    const body = await buffer(response);
    const text = response.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    return JSON.parse(text.toString()) as Record<string, unknown>;
  };

  it.each(Object.entries(forms))(
    'a %s is the same as its pages, one after the other',
    async (kind, { accept, field }) => {
      const pages: unknown[] = [];
      let next = '';
      do {
        const page = await read(`?limit=${objectsPerTurn}${next}`, { accept });
        pages.push(...(page[field] as unknown[]));
        const token = (page['metadata'] as { continue?: string }).continue;
        next = token === undefined ? '' : `&continue=${encodeURIComponent(token)}`;
      } while (next !== '');
      const whole = await read('', { accept });
      const compressed = await read('', { accept, 'accept-encoding': 'gzip' });
      expect(whole).toMatchObject({ kind });
      expect(pages.length).toBeGreaterThanOrEqual(count);
      const ageless = (list: unknown): unknown => JSON.parse(JSON.stringify(list).replaceAll(/"\d+s"/g, '"age"'));
      expect(ageless(whole[field])).toEqual(ageless(pages));
      expect(ageless(compressed)).toEqual(ageless(whole));
    },
  );
});
