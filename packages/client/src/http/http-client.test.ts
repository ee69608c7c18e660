import type { ConfigMap } from '@geobuk/api';
import { ApiError, configMaps, isExpired, isForbidden, isNotFound, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../client.js';
import type { Credentials } from '../config/credentials.js';
import { ConnectionError } from '../connection-error.js';
import { createHttpClient } from './http-client.js';
import { openTestServer, sendJson } from './test-server.fixture.js';

const { signal } = new AbortController();
const key = { namespace: 'd', name: 'one' };
const one: ConfigMap = { metadata: key, data: { a: '1' } };

describe('HTTP client', () => {
  it('sends each verb to the path, with the query and body, that Kubernetes knows', async () => {
    const seen: string[] = [];
    await using server = await openTestServer({
      answer: (request, reply, body) => {
        const type = request.headers['content-type'] ?? '-';
        seen.push(`${request.method} ${request.url} ${type} ${request.headers.authorization} ${body}`);
        sendJson(reply, 200, { ...one, items: [] });
      },
    });
    const { client } = server;
    await client.read(configMaps, key, { signal });
    await client.list(configMaps, { labelSelector: 'a=b', limit: 5, signal });
    await client.create(configMaps, one, { fieldManager: 'me', dryRun: true, signal });
    await client.update(configMaps, one, { signal });
    await client.updateStatus(pods, { metadata: key, spec: { containers: [] } }, { signal });
    await client.patch(configMaps, key, { type: 'merge', body: {} }, { signal });
    await client.patch(pods, key, { type: 'json', operations: [] }, { subresource: 'status', signal });
    await client.apply(configMaps, one, { fieldManager: 'me', force: true, signal });
    await client.delete(configMaps, key, { uid: 'u', gracePeriodSeconds: 0, signal });
    await client.deleteCollection(configMaps, { namespace: 'd', labelSelector: 'x', signal });
    await client.createSubresource(pods, key, 'binding', { a: 1 }, { signal });
    const typed = '"apiVersion":"v1","kind":"ConfigMap"}';
    const meta = '{"metadata":{"namespace":"d","name":"one"}';
    expect(seen.map((line) => line.replace(' Bearer secret', ''))).toEqual([
      'GET /api/v1/namespaces/d/configmaps/one - ',
      'GET /api/v1/configmaps?labelSelector=a%3Db&limit=5 - ',
      `POST /api/v1/namespaces/d/configmaps?fieldManager=me&dryRun=All application/json ${meta},"data":{"a":"1"},${typed}`,
      `PUT /api/v1/namespaces/d/configmaps/one application/json ${meta},"data":{"a":"1"},${typed}`,
      `PUT /api/v1/namespaces/d/pods/one/status application/json ${meta},"spec":{"containers":[]},"apiVersion":"v1","kind":"Pod"}`,
      'PATCH /api/v1/namespaces/d/configmaps/one application/merge-patch+json {}',
      'PATCH /api/v1/namespaces/d/pods/one/status application/json-patch+json []',
      `PATCH /api/v1/namespaces/d/configmaps/one?fieldManager=me&force=true application/apply-patch+yaml ${meta},"data":{"a":"1"},${typed}`,
      'DELETE /api/v1/namespaces/d/configmaps/one application/json {"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":"u"}}',
      'DELETE /api/v1/namespaces/d/configmaps?labelSelector=x application/json {"kind":"DeleteOptions","apiVersion":"v1"}',
      'POST /api/v1/namespaces/d/pods/one/binding application/json {"a":1}',
    ]);
  });

  it('keeps its connections for the next requests', async () => {
    await using server = await openTestServer({ answer: (_request, reply) => sendJson(reply, 200, one) });
    for (let count = 0; count < 10; count += 1) await server.client.read(configMaps, key, { signal });
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('gives the items of a list their type', async () => {
    await using server = await openTestServer({
      answer: (_request, reply) => sendJson(reply, 200, { metadata: { resourceVersion: '5' }, items: [one] }),
    });
    const { items } = await server.client.list(configMaps, { signal });
    expect(items).toEqual([{ ...one, apiVersion: 'v1', kind: 'ConfigMap' }]);
  });

  it('throws the Status of a refusal as it is', async () => {
    const status = ApiError.notFound(configMaps, 'one').status;
    await using server = await openTestServer({ answer: (_request, reply) => sendJson(reply, 404, status) });
    const error: unknown = await server.client.read(configMaps, key, { signal }).catch((caught: unknown) => caught);
    expect(isNotFound(error)).toBe(true);
    expect((error as ApiError).status).toEqual(status);
  });

  it('makes a Status of what a proxy in between says', async () => {
    await using server = await openTestServer({
      answer: (_request, reply) =>
        reply.writeHead(403, { 'content-type': 'text/html' }).end('<h1>blocked by proxy</h1>'),
    });
    const error: unknown = await server.client.read(configMaps, key, { signal }).catch((caught: unknown) => caught);
    expect(isForbidden(error)).toBe(true);
    expect((error as Error).message).toBe('<h1>blocked by proxy</h1>');
  });

  it('throws ConnectionError where nobody answers, and for an answer that is no JSON', async () => {
    await using server = await openTestServer({ answer: (_request, reply) => reply.end('hello') });
    await expect(server.client.read(configMaps, key, { signal })).rejects.toBeInstanceOf(ConnectionError);
    await using nobody = createHttpClient({
      server: 'https://127.0.0.1:1',
      credentials: { current: () => Promise.resolve({}) },
    });
    await expect(nobody.read(configMaps, key, { signal })).rejects.toThrow(
      /^cannot reach the API server https:\/\/127.0.0.1:1: .*ECONNREFUSED/,
    );
  });

  it('refuses a server that its authority does not vouch for', async () => {
    await using server = await openTestServer({ answer: (_request, reply) => sendJson(reply, 200, one) });
    await using stranger = createHttpClient({
      server: `https://127.0.0.1:${server.port}`,
      credentials: { current: () => Promise.resolve({}) },
    });
    await expect(stranger.read(configMaps, key, { signal })).rejects.toThrow(/certificate/);
    await using blind = createHttpClient({
      server: `https://127.0.0.1:${server.port}`,
      insecureSkipTlsVerify: true,
      credentials: { current: () => Promise.resolve({}) },
    });
    expect((await blind.read(configMaps, key, { signal })).data).toEqual({ a: '1' });
  });

  it('reads again when the server is too busy and says for how long, but does not write again', async () => {
    let calls = 0;
    await using server = await openTestServer({
      answer: (_request, reply) => {
        calls += 1;
        const status = { ...ApiError.tooManyRequests('busy', 0).status, details: {} };
        if (calls < 3) sendJson(reply, 429, status, { 'retry-after': '0' });
        else sendJson(reply, 200, one);
      },
    });
    await server.client.read(configMaps, key, { signal });
    expect(calls).toBe(3);
    calls = 0;
    await expect(server.client.create(configMaps, one, { signal })).rejects.toThrow('busy');
    expect(calls).toBe(1);
  });

  it('asks once for new credentials after a 401', async () => {
    let renewals = 0;
    const credentials: Credentials = {
      current: () => Promise.resolve({ authorization: `Bearer token-${renewals}` }),
      refused: () => {
        renewals += 1;
      },
    };
    await using server = await openTestServer({
      config: { credentials },
      answer: (request, reply) => {
        if (request.headers.authorization === 'Bearer token-1') sendJson(reply, 200, one);
        else sendJson(reply, 401, ApiError.unauthorized().status);
      },
    });
    expect((await server.client.read(configMaps, key, { signal })).data).toEqual({ a: '1' });
    expect(renewals).toBe(1);
  });

  it('impersonates, every group in a header of its own', async () => {
    let groups: readonly string[] | undefined;
    await using server = await openTestServer({
      config: { impersonate: { user: 'ann', groups: ['a', 'b'] } },
      answer: (request, reply) => {
        groups = request.headersDistinct['impersonate-group'];
        sendJson(reply, 200, one);
      },
    });
    await server.client.read(configMaps, key, { signal });
    expect(groups).toEqual(['a', 'b']);
  });

  it('gives up a request with the reason of the abort', async () => {
    await using server = await openTestServer({ answer: () => undefined });
    const stop = new AbortController();
    const read = server.client.read(configMaps, key, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
  });
});

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const bookmark = {
  kind: 'ConfigMap',
  metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } },
};

describe('watch over HTTP', () => {
  it('gives events however the bytes are cut, and ends with the stream', async () => {
    const text =
      event('ADDED', { ...one, data: { a: '거북선' } }) + event('BOOKMARK', bookmark) + event('DELETED', one);
    let url = '';
    await using server = await openTestServer({
      answer: (request, reply) => {
        url = request.url ?? '';
        const bytes = Buffer.from(text);
        const step = (start: number): void => {
          if (start >= bytes.length) reply.end();
          else reply.write(bytes.subarray(start, start + 7), () => setImmediate(() => step(start + 7)));
        };
        step(0);
      },
    });
    const events: WatchEvent<ConfigMap>[] = [];
    for await (const each of server.client.watch(configMaps, { namespace: 'd', sendInitialEvents: true, signal }))
      events.push(each);
    expect(events).toEqual([
      { type: 'ADDED', object: { ...one, data: { a: '거북선' } } },
      { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: true },
      { type: 'DELETED', object: one },
    ]);
    expect(url).toBe(
      '/api/v1/namespaces/d/configmaps?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    );
  });

  it('throws Expired for the event of that name', async () => {
    await using server = await openTestServer({
      answer: (_request, reply) => reply.end(event('ERROR', ApiError.expired('too old').status)),
    });
    const first = server.client.watch(configMaps, { resourceVersion: '1', signal })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toSatisfy(isExpired);
  });

  it('throws ConnectionError when the connection breaks', async () => {
    await using server = await openTestServer({
      answer: (_request, reply) => {
        reply.write(event('ADDED', one), () => setImmediate(() => reply.destroy()));
      },
    });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type } of server.client.watch(configMaps, { signal })) seen.push(type);
    })();
    await expect(watching).rejects.toBeInstanceOf(ConnectionError);
    expect(seen).toEqual(['ADDED']);
  });

  it('closes its connection when the loop is left, and when the signal fires', async () => {
    let closed = 0;
    let wake: (() => void) | undefined;
    await using server = await openTestServer({
      answer: (request, reply) => {
        request.on('close', () => {
          closed += 1;
          wake?.();
        });
        reply.write(event('ADDED', one));
      },
    });
    const nextClose = (): Promise<void> => new Promise((resolve) => (wake = resolve));
    const first = nextClose();
    for await (const each of server.client.watch(configMaps, { signal })) {
      expect(each.type).toBe('ADDED');
      break;
    }
    await first;
    const second = nextClose();
    const stop = new AbortController();
    const watching = (async () => {
      for await (const _each of server.client.watch(configMaps, { signal: stop.signal }))
        stop.abort(new Error('enough'));
    })();
    await expect(watching).rejects.toThrow('enough');
    await second;
    expect(closed).toBe(2);
  });
});

describe('discovery', () => {
  const group = (name: string, version: string, resources: unknown): unknown => ({
    metadata: { name },
    versions: [{ version, resources }],
  });
  const configMapRow = {
    resource: 'configmaps',
    responseKind: { group: '', version: '', kind: 'ConfigMap' },
    scope: 'Namespaced',
    singularResource: 'configmap',
    verbs: ['get'],
    shortNames: ['cm'],
  };

  it('reads the aggregated document', async () => {
    const scale = {
      subresource: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get'],
    };
    const widget = {
      resource: 'widgets',
      responseKind: { kind: 'Widget' },
      scope: 'Cluster',
      verbs: ['list'],
      subresources: [scale],
    };
    await using server = await openTestServer({
      answer: (request, reply) => {
        const items =
          request.url === '/api' ? [group('', 'v1', [configMapRow])] : [group('example.test', 'v1', [widget])];
        const type = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
        sendJson(reply, 200, { items }, { 'content-type': type });
      },
    });
    const { resources, unavailable } = await server.client.discover({ signal });
    expect(unavailable).toEqual([]);
    expect(resources.map(({ plural }) => plural)).toEqual(['configmaps', 'widgets']);
    expect(resources[0]).toMatchObject({
      group: '',
      version: 'v1',
      kind: 'ConfigMap',
      namespaced: true,
      shortNames: ['cm'],
    });
    expect(resources[0]?.definition).toBe(configMaps.definition);
    expect(resources[1]).toMatchObject({
      group: 'example.test',
      singular: 'widget',
      namespaced: false,
      subresources: { scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    });
  });

  it('asks group by group where the server only knows the old documents, and names what did not answer', async () => {
    const rows = [
      { name: 'configmaps', singularName: 'configmap', namespaced: true, kind: 'ConfigMap', verbs: ['get'] },
      {
        name: 'configmaps/scale',
        singularName: '',
        namespaced: true,
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
        verbs: ['get'],
      },
    ];
    const answers: Readonly<Record<string, unknown>> = {
      '/api': { kind: 'APIVersions', versions: ['v1'] },
      '/apis': { kind: 'APIGroupList', groups: [{ name: 'down.test', versions: [{ version: 'v1' }] }] },
      '/api/v1': { kind: 'APIResourceList', resources: rows },
    };
    await using server = await openTestServer({
      answer: (request, reply) => {
        const found = answers[request.url ?? ''];
        if (found === undefined) sendJson(reply, 503, ApiError.unavailable('down').status);
        else sendJson(reply, 200, found);
      },
    });
    const { resources, unavailable } = await server.client.discover({ signal });
    expect(unavailable).toEqual(['down.test/v1']);
    expect(resources).toMatchObject([{ plural: 'configmaps', subresources: { scale: { group: 'autoscaling' } } }]);
  });
});
