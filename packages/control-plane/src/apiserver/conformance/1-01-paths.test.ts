import { connect as http2Connect } from 'node:http2';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const core = '/api/v1/namespaces/default';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

describe('paths and verbs', () => {
  it('1.1.1 the core group is below /api/v1, others below /apis, and without a namespace all of them are listed', async () => {
    await api.namespace('paths');
    await api.make(`${core}/configmaps`, { metadata: { name: 'here' } });
    await api.make('/api/v1/namespaces/paths/configmaps', { metadata: { name: 'there' } });
    const all = await api.get('/api/v1/configmaps');
    const names = (all.json.items ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(names).toEqual(expect.arrayContaining(['default/here', 'paths/there']));
    expect((await api.get('/api/v1/namespaces/paths/configmaps')).json.items).toHaveLength(1);
    expect((await api.get('/apis/apps/v1/namespaces/paths/deployments')).at('kind')).toBe('DeploymentList');
    expect((await api.get('/apis/v1/configmaps')).status).toBe(404);
  });

  it('1.1.2 a namespace is an object of the cluster, of which only status and finalize are parts', async () => {
    expect((await api.get('/api/v1/namespaces/default')).at('kind')).toBe('Namespace');
    expect((await api.get('/api/v1/namespaces/default/status')).at('kind')).toBe('Namespace');
    expect((await api.get('/api/v1/namespaces/default/finalize')).status).toBe(405);
    expect((await api.get('/api/v1/namespaces/default/pods')).at('kind')).toBe('PodList');
  });

  it('1.1.3 each method is the verb that roles name', async () => {
    const calls: readonly (readonly [string, string, string, object?])[] = [
      ['get', 'GET', `${core}/configmaps/x`],
      ['get', 'HEAD', `${core}/configmaps/x`],
      ['list', 'GET', `${core}/configmaps`],
      ['watch', 'GET', `${core}/configmaps?watch=1`],
      ['create', 'POST', `${core}/configmaps`, { metadata: { name: 'x' } }],
      ['update', 'PUT', `${core}/configmaps/x`, { metadata: { name: 'x' } }],
      ['patch', 'PATCH', `${core}/configmaps/x`, {}],
      ['delete', 'DELETE', `${core}/configmaps/x`],
      ['deletecollection', 'DELETE', `${core}/configmaps`],
    ];
    for (const [verb, method, path, body] of calls) {
      const { status, text } = await api.as('nobody', path, { method, body });
      expect(status, `${method} ${path}`).toBe(403);
      if (method !== 'HEAD') expect(text).toContain(`User \\"nobody\\" cannot ${verb} resource \\"configmaps\\"`);
    }
  });

  it('1.1.4 every value of watch but false and 0 asks for a watch', async () => {
    for (const value of ['true', '1', '', 'yes', 'True']) {
      await using stream = await api.watch(`${core}/secrets?watch=${value}`);
      expect([value, stream.status, stream.headers['transfer-encoding']]).toEqual([value, 200, 'chunked']);
    }
    for (const value of ['false', 'False', '0']) {
      expect((await api.get(`${core}/secrets?watch=${value}`)).at('kind')).toBe('SecretList');
    }
  });

  it('1.1.5 the old /watch/ paths watch collections and single objects', async () => {
    await api.make(`${core}/configmaps`, { metadata: { name: 'old-path' } });
    await using collection = await api.watch('/api/v1/watch/namespaces/default/configmaps');
    expect((await collection.take(1))[0]?.type).toBe('ADDED');
    await using one = await api.watch('/api/v1/watch/namespaces/default/configmaps/old-path');
    expect((await one.take(1))[0]?.at('metadata', 'name')).toBe('old-path');
    await using grouped = await api.watch(`/apis/rbac.authorization.k8s.io/v1/watch/clusterroles`);
    expect((await grouped.take(1))[0]?.at('kind')).toBe('ClusterRole');
  });

  it('1.1.6 a list or watch of one name is authorized as that name', async () => {
    await api.make(`${rbac}/namespaces/default/roles`, {
      metadata: { name: 'one-map' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['list', 'watch'] }],
    });
    await api.make(`${rbac}/namespaces/default/rolebindings`, {
      metadata: { name: 'one-map' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'one-map' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ida' }],
    });
    const selected = `${core}/configmaps?fieldSelector=metadata.name%3D`;
    expect((await api.as('ida', `${selected}mine`)).status).toBe(200);
    expect((await api.as('ida', `${selected}mine&watch=1&timeoutSeconds=1`)).status).toBe(200);
    expect((await api.as('ida', `${selected}other`)).status).toBe(403);
    expect((await api.as('ida', `${core}/configmaps`)).status).toBe(403);
  });

  it('1.1.7 discovery paths may end with a slash', async () => {
    for (const path of ['/api/', '/apis/', '/apis/apps/', '/api/v1/', '/apis/apps/v1/']) {
      expect([path, (await api.get(path)).status]).toEqual([path, 200]);
    }
  });

  it('1.1.8 who may not see a path is not told whether it exists', async () => {
    for (const path of ['/api/v1/pods', '/api/v1/nothings', '/apis/no.such.group/v1/things']) {
      expect([path, (await api.as('nobody', path)).json.reason]).toEqual([path, 'Forbidden']);
    }
    expect((await api.get('/apis/no.such.group/v1/things')).json).toMatchObject({
      kind: 'Status',
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
    });
  });

  it('1.1.9 a verb that a kind lacks is MethodNotAllowed', async () => {
    const { status, json } = await api.delete('/api/v1/namespaces');
    expect([status, json.reason]).toEqual([405, 'MethodNotAllowed']);
    expect(json.message).toBe('the server does not allow this method on the requested resource');
    expect((await api.get('/apis/authorization.k8s.io/v1/subjectaccessreviews')).status).toBe(405);
  });

  it('1.1.10 the root names all paths of all groups', async () => {
    const paths = (await api.get('/')).at('paths') as string[];
    const groups = ((await api.get('/apis')).at('groups') as { name: string }[]).map(({ name }) => `/apis/${name}`);
    expect(paths).toEqual(expect.arrayContaining([...groups, '/api', '/apis', '/healthz', '/livez', '/version']));
    expect(paths).toEqual([...new Set(paths)].sort());
  });
});

describe('the connection', () => {
  it('1.1.11 HTTP/2 and HTTP/1.1 share the port, with a thousand streams a connection', async () => {
    const { pki, url } = api.server;
    const session = http2Connect(url, { ca: pki.ca.certPem, cert: pki.admin.certPem, key: pki.admin.keyPem });
    try {
      await once(session, 'remoteSettings');
      expect(session.alpnProtocol).toBe('h2');
      expect(session.remoteSettings.maxConcurrentStreams).toBe(1000);
      const watches = Array.from({ length: 300 }, () =>
        session.request({ ':path': '/api/v1/secrets?watch=true', ':method': 'GET' }),
      );
      const heads = await Promise.all(watches.map((stream) => once(stream, 'response')));
      expect(heads.every(([head]) => (head as { ':status': number })[':status'] === 200)).toBe(true);
      watches.forEach((stream) => stream.close());
    } finally {
      session.destroy();
    }
    expect((await api.get('/version')).status).toBe(200); // the probe speaks HTTP/1.1
  });

  it('1.1.12 JSON patches have at most 10 000 operations and may copy 3 MiB', async () => {
    await api.make(`${core}/configmaps`, { metadata: { name: 'limits' }, data: { a: 'x'.repeat(1000) } });
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/b', value: 'x' }));
    const refused = await api.patch(`${core}/configmaps/limits`, 'json', many);
    expect([refused.status, refused.json.reason]).toEqual([413, 'RequestEntityTooLarge']);
    expect(refused.json.message).toContain('The allowed maximum operations in a JSON patch is 10000, got 10001');
    const doubling = Array.from({ length: 30 }, (_, index) => ({ op: 'copy', from: '/data', path: `/data/c${index}` }));
    const copied = await api.patch(`${core}/configmaps/limits`, 'json', doubling);
    expect([copied.status, copied.at('details', 'causes', 0, 'message')]).toEqual([
      422,
      expect.stringContaining('exceeding the limit'),
    ]);
  });

  it('1.1.13 a request that takes too long ends with Timeout, and ?timeout= lowers the limit', async () => {
    const { metadata } = (await api.get(`${core}/configmaps`)).json;
    const future = Number(metadata?.resourceVersion) + 1_000_000;
    const { status, json } = await api.get(`${core}/configmaps?resourceVersion=${future}&timeout=200ms`);
    expect([status, json.reason]).toEqual([504, 'Timeout']);
  });

  it('1.1.14 a large answer is compressed for those who accept gzip, a small one and a watch never', async () => {
    const payload = 'kubernetes '.repeat(10_000);
    for (const name of ['gz1', 'gz2']) {
      await api.make(`${core}/configmaps`, { metadata: { name, labels: { gz: 'y' } }, data: { payload } });
    }
    const response = await api.server.open(`${core}/configmaps?labelSelector=gz`, {
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(response.headers['content-encoding']).toBe('gzip');
    const pieces: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
    const list = JSON.parse(gunzipSync(Buffer.concat(pieces)).toString()) as { items: unknown[] };
    expect(list.items).toHaveLength(2);
    expect((await api.get(`${core}/configmaps?labelSelector=gz`)).headers['content-encoding']).toBeUndefined();
    const small = await api.get(`${core}/configmaps/gz1?x=1`, { 'accept-encoding': 'gzip' });
    expect(small.headers['content-encoding']).toBeUndefined();
    const query = 'watch=1&labelSelector=gz&timeoutSeconds=1';
    const watch = await api.server.open(`${core}/configmaps?${query}`, { headers: { 'accept-encoding': 'gzip' } });
    expect(watch.headers['content-encoding']).toBeUndefined();
    watch.destroy();
  });

  it('1.1.15 pretty=true and what people type in get indented JSON, programs get one line', async () => {
    const plain = await api.get(`${core}/serviceaccounts/default`);
    expect(plain.text).toMatch(/^[^\n]*\n$/);
    expect((await api.get(`${core}/serviceaccounts/default?pretty=true`)).text).toMatch(
      /^\{\n {2}"apiVersion": "v1",\n/,
    );
    for (const agent of ['curl/8.1', 'Wget/1.2', 'Mozilla/5.0']) {
      expect((await api.get(`${core}/serviceaccounts/default`, { 'user-agent': agent })).text).toContain('\n  "');
    }
  });

  it('1.1.16 answers are not to be cached, and each has an id', async () => {
    const first = await api.get(`${core}/pods`);
    const second = await api.get(`${core}/pods/none`);
    expect(first.headers['cache-control']).toBe('no-cache, private');
    expect(second.headers['cache-control']).toBe('no-cache, private');
    expect(first.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.headers['audit-id']).not.toBe(second.headers['audit-id']);
    expect((await api.get('/version', { 'audit-id': 'mine-1' })).headers['audit-id']).toBe('mine-1');
  });

  it('1.1.17 who is unknown gets 401 whether or not the object exists', async () => {
    const headers = { authorization: 'Bearer wrong' };
    const answers = await Promise.all(
      ['/api/v1/namespaces/default', '/api/v1/namespaces/none', '/apis/none/v1/x'].map((path) =>
        api.call(path, { certificate: null, headers }),
      ),
    );
    for (const { status, json } of answers) {
      expect([status, json.reason, json.message]).toEqual([401, 'Unauthorized', 'Unauthorized']);
    }
  });
});
