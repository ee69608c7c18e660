import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../testing/test-server.js';
import type { TestServer } from '../testing/test-server.js';

const core = '/api/v1/namespaces/default';
const configMap = (name: string, data: Record<string, string> = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'example.test/a:1' }] } },
  },
});

describe('API server over HTTPS', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  describe('routing and discovery', () => {
    it('1.1.8 an unknown resource is a NotFound Status', async () => {
      const { status, json } = await server.call('/api/v1/nothings');
      expect([status, json.reason, json.message]).toEqual([
        404,
        'NotFound',
        'the server could not find the requested resource',
      ]);
    });

    it('1.1.9 a method that a known path does not have is MethodNotAllowed', async () => {
      expect((await server.call('/api/v1/componentstatuses', { body: {} })).json.reason).toBe('MethodNotAllowed');
    });

    it('1.1.10 the root names every path, sorted', async () => {
      const { paths } = (await server.call('/')).json as unknown as { paths: string[] };
      expect(paths).toEqual([...paths].sort());
      expect(paths).toEqual(expect.arrayContaining(['/api/v1', '/apis/apps/v1', '/readyz/ping', '/openapi/v3']));
    });

    it('1.2.5 lists subresources with the kinds of other groups', async () => {
      const { resources } = (await server.call('/apis/apps/v1')).json as unknown as { resources: { name: string }[] };
      expect(resources.find(({ name }) => name === 'deployments/scale')).toMatchObject({
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
      });
    });

    it('1.3.7 aggregated discovery has an ETag and answers 304', async () => {
      const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
      const first = await server.call('/apis', { headers: { accept } });
      expect(first.headers['content-type']).toBe(
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      );
      const { etag } = first.headers;
      expect((await server.call('/apis', { headers: { accept, 'if-none-match': etag } })).status).toBe(304);
    });

    it('1.4.3 OpenAPI v3 redirects an outdated hash and serves the right one as immutable', async () => {
      const { paths } = (await server.call('/openapi/v3')).json as unknown as {
        paths: Record<string, { serverRelativeURL: string }>;
      };
      const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
      const right = await server.call(url);
      expect([right.status, right.headers['cache-control']]).toEqual([200, 'public, immutable']);
      expect((await server.call(`${url}x`)).status).toBe(301);
    });

    it('1.4.5 a patch names fieldValidation among its options', async () => {
      const { paths } = (await server.call('/openapi/v3/apis/apps/v1')).json as unknown as {
        paths: Record<string, { patch: { parameters: { name: string }[] } }>;
      };
      const { parameters } = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!.patch;
      expect(parameters.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['fieldValidation', 'dryRun', 'force']),
      );
    });
  });

  describe('objects', () => {
    it('1.6.3 names the resource in not found, already exists and forbidden', async () => {
      expect((await server.call(`${core}/pods/x`)).json.message).toBe('pods "x" not found');
      await server.call(`${core}/configmaps`, { body: configMap('twice') });
      const again = await server.call(`${core}/configmaps`, { body: configMap('twice') });
      expect([again.status, again.json.message]).toEqual([409, 'configmaps "twice" already exists']);
      const stranger = await server.call(`${core}/pods`, { headers: { 'impersonate-user': 'bob' } });
      expect([stranger.status, stranger.json.message]).toEqual([
        403,
        'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
      ]);
    });

    it('1.6.6 reports all refused fields at once', async () => {
      const body = {
        ...deployment('bad'),
        spec: { ...deployment('bad').spec, template: { spec: { containers: [] } } },
      };
      const { status, json } = await server.call('/apis/apps/v1/namespaces/default/deployments', { body });
      expect([status, json.reason, json.details?.kind]).toEqual([422, 'Invalid', 'Deployment']);
      expect(json.details?.causes?.length).toBeGreaterThan(1);
    });

    it('1.7.2 a write that changes nothing keeps the resourceVersion', async () => {
      const { json: before } = await server.call(`${core}/configmaps`, { body: configMap('same') });
      const { json: after } = await server.call(`${core}/configmaps/same`, { method: 'PUT', body: before });
      expect(after['metadata']?.resourceVersion).toBe(before['metadata']?.resourceVersion);
    });

    it('1.7.5 a PUT creates a Service and not a ConfigMap', async () => {
      expect((await server.call(`${core}/configmaps/put`, { method: 'PUT', body: configMap('put') })).status).toBe(404);
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'put' }, spec: { ports: [{ port: 80 }] } };
      expect((await server.call(`${core}/services/put`, { method: 'PUT', body: service })).status).toBe(201);
    });

    it('1.7.7 refuses a resourceVersion on create', async () => {
      const body = { ...configMap('versioned'), metadata: { name: 'versioned', resourceVersion: '1' } };
      expect((await server.call(`${core}/configmaps`, { body })).status).toBe(400);
    });

    it('1.7.8 counts changes of the spec, not of metadata or status', async () => {
      const path = '/apis/apps/v1/namespaces/default/deployments';
      await server.call(path, { body: deployment('counted') });
      const patch = (body: unknown, subresource = '') =>
        server.call(`${path}/counted${subresource}`, {
          method: 'PATCH',
          body,
          headers: { 'content-type': 'application/merge-patch+json' },
        });
      expect((await patch({ metadata: { labels: { a: 'b' } } })).json.metadata?.generation).toBe(1);
      expect((await patch({ status: { replicas: 1 }, spec: { replicas: 9 } }, '/status')).json).toMatchObject({
        metadata: { generation: 1 },
        spec: { replicas: 2 },
        status: { replicas: 1 },
      });
      expect((await patch({ spec: { replicas: 3 } })).json.metadata?.generation).toBe(2);
    });

    it('1.7.9 makes a name of generateName', async () => {
      const body = { ...configMap(''), metadata: { generateName: 'made-' } };
      const { json } = await server.call(`${core}/configmaps`, { body });
      expect(json.metadata?.name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    });

    it('1.11.3 a dry run leaves no trace', async () => {
      expect((await server.call(`${core}/configmaps?dryRun=All`, { body: configMap('dry') })).status).toBe(201);
      expect((await server.call(`${core}/configmaps/dry`)).status).toBe(404);
    });

    it('1.11.4 Strict refuses unknown and doubled fields in one message, Warn warns', async () => {
      const body =
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"dta":{},"data":{"a":"1"},"data":{"a":"2"}}';
      const strict = await server.call(`${core}/configmaps?fieldValidation=Strict`, { body });
      expect([strict.status, strict.json.message]).toEqual([
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta", duplicate field "data"',
      ]);
      const warned = await server.call(`${core}/configmaps`, { body });
      expect(warned.headers['warning']).toContain('299 - "unknown field \\"dta\\""');
    });

    it('1.12.3 and 1.12.4 patches by merge and strategic merge', async () => {
      const path = '/apis/apps/v1/namespaces/default/deployments';
      await server.call(path, { body: deployment('patched') });
      const { json } = await server.call(`${path}/patched`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/strategic-merge-patch+json' },
        body: { spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'A', value: 'b' }] }] } } } },
      });
      expect(json.spec?.template?.spec?.containers?.[0]).toMatchObject({
        image: 'example.test/a:1',
        env: [{ name: 'A', value: 'b' }],
      });
    });

    it('1.12.11 an apply conflict names the other manager and the field', async () => {
      const apply = (manager: string, value: string) =>
        server.call(`${core}/configmaps/shared?fieldManager=${manager}`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/apply-patch+yaml' },
          body: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: "${value}"}`,
        });
      expect((await apply('one', '1')).status).toBe(201);
      expect((await apply('two', '1')).status).toBe(200);
      const { status, json } = await apply('three', '2');
      expect([status, json.details?.causes?.[0]?.reason, json.details?.causes?.[0]?.field]).toEqual([
        409,
        'FieldManagerConflict',
        '.data.a',
      ]);
    });

    it('1.13.3 finalizers hold an object until the last one goes', async () => {
      const body = { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.test/hold'] } };
      await server.call(`${core}/configmaps`, { body });
      const { json } = await server.call(`${core}/configmaps/held`, { method: 'DELETE' });
      expect(json.metadata?.deletionTimestamp).toBeDefined();
      await server.call(`${core}/configmaps/held`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { metadata: { finalizers: null } },
      });
      expect((await server.call(`${core}/configmaps/held`)).status).toBe(404);
    });
  });

  describe('lists and watches', () => {
    it('1.8.6 pages show one snapshot', async () => {
      const path = '/api/v1/namespaces/kube-public/configmaps';
      for (const name of ['p1', 'p2', 'p3']) await server.call(path, { body: configMap(name) });
      const first = await server.call(`${path}?limit=2&fieldSelector=metadata.name!%3Dcluster-info`);
      const { items, metadata } = first.json;
      expect(items?.map((item) => item.metadata?.name)).toEqual(['p1', 'p2']);
      await server.call(path, { body: configMap('p4') });
      const token = encodeURIComponent(metadata?.continue ?? '');
      const second = await server.call(`${path}?limit=5&continue=${token}&fieldSelector=metadata.name!%3Dcluster-info`);
      expect(second.json.items?.map((item) => item.metadata?.name)).toEqual(['p3']);
      expect(second.json.metadata?.resourceVersion).toBe(metadata?.resourceVersion);
    });

    it('1.8.8 refuses a token that it did not give', async () => {
      expect((await server.call('/api/v1/pods?continue=abc')).status).toBe(400);
    });

    it('1.9.7 a streaming list ends with a marked bookmark', async () => {
      const query =
        'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';
      const { text } = await server.call(`/api/v1/namespaces?${query}`);
      const events = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; object: { metadata: { annotations?: object } } });
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
      expect(events.at(-1)?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    });

    it('1.9.15 a watch answers at once, before there is any event', async () => {
      const response = await server.open(`${core}/secrets?watch=true`);
      expect(response.statusCode).toBe(200);
      response.destroy();
    });

    it('1.10.2 refuses a field that the kind does not offer', async () => {
      const { status, json } = await server.call('/api/v1/pods?fieldSelector=foo%3Dbar');
      expect([status, json.message]).toEqual([400, 'field label not supported: foo']);
    });

    it('1.5.6 prints a table', async () => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const { json } = await server.call('/api/v1/namespaces', { headers: { accept } });
      expect(json.kind).toBe('Table');
      expect(json.columnDefinitions?.map((column) => column.name)).toEqual(['Name', 'Status', 'Age']);
    });
  });

  describe('who may do what', () => {
    it('2.1.5 a wrong token is never anonymous', async () => {
      const options = { certificate: null, headers: { authorization: 'Bearer nonsense' } };
      expect((await server.call('/version', options)).status).toBe(401);
      expect((await server.call('/version', { certificate: null })).status).toBe(200);
    });

    it('2.1.4 a bootstrap token may ask for a certificate and nothing else', async () => {
      const data = (value: string) => Buffer.from(value).toString('base64');
      await server.call('/api/v1/namespaces/kube-system/secrets', {
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'bootstrap.kubernetes.io/token',
          metadata: { name: 'bootstrap-token-abcdef' },
          data: {
            'token-id': data('abcdef'),
            'token-secret': data('0123456789abcdef'),
            'usage-bootstrap-authentication': data('true'),
          },
        },
      });
      const options = { certificate: null, headers: { authorization: 'Bearer abcdef.0123456789abcdef' } };
      expect((await server.call('/apis/certificates.k8s.io/v1/certificatesigningrequests', options)).status).toBe(200);
      expect((await server.call('/api/v1/nodes', options)).status).toBe(403);
    });

    it('2.3.1 a requested token is the service account, until the account goes', async () => {
      await server.call(`${core}/serviceaccounts`, { body: { metadata: { name: 'robot' } } });
      const { json } = await server.call(`${core}/serviceaccounts/robot/token`, { body: { spec: {} } });
      const options = { certificate: null, headers: { authorization: `Bearer ${json.status?.token}` } };
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const me = await server.call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { ...options, body: review });
      expect(me.json.status?.userInfo?.username).toBe('system:serviceaccount:default:robot');
      await server.call(`${core}/serviceaccounts/robot`, { method: 'DELETE' });
      expect((await server.call('/version', options)).status).toBe(401);
    });

    it('2.4.4 nobody gives away what he does not hold', async () => {
      const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
      const rules = [
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'get'] },
      ];
      await server.call(`${rbac}/roles`, { body: { metadata: { name: 'giver' }, rules } });
      await server.call(`${rbac}/rolebindings`, {
        body: {
          metadata: { name: 'giver' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'giver' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'greta' }],
        },
      });
      const wanted = {
        metadata: { name: 'more' },
        rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
      };
      const refused = await server.call(`${rbac}/roles`, { body: wanted, headers: { 'impersonate-user': 'greta' } });
      expect(refused.status).toBe(403);
      expect(refused.json.message).toContain('attempting to grant RBAC permissions not currently held');
    });

    it('1.6.7 a terminating namespace takes nothing new', async () => {
      await server.call('/api/v1/namespaces', { body: { metadata: { name: 'ending' } } });
      await server.call('/api/v1/namespaces/ending', { method: 'DELETE' });
      const { status, json } = await server.call('/api/v1/namespaces/ending/configmaps', { body: configMap('late') });
      expect([status, json.details?.causes?.[0]?.reason]).toEqual([403, 'NamespaceTerminating']);
    });

    it('a host pod is refused outside privileged namespaces', async () => {
      await server.call(`${core}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
      const pod = {
        metadata: { name: 'h' },
        spec: { runtimeClassName: 'host', containers: [{ name: 'c', image: 'npm:x' }] },
      };
      expect((await server.call(`${core}/pods`, { body: pod })).status).toBe(403);
    });
  });

  describe('malformed input is refused, never a bug', () => {
    const inputs: readonly [string, string | Buffer][] = [
      ['broken JSON', '{"a":'],
      ['a list', '[]'],
      ['null', 'null'],
      ['prototype keys', '{"__proto__":{"a":1},"metadata":{"name":"proto","labels":{"__proto__":"x"}}}'],
      ['deep nesting', `{"metadata":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`],
      ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ['metadata as text', '{"metadata":"x"}'],
      ['labels as list', '{"metadata":{"name":"l","labels":[1]}}'],
      ['a name as number', '{"metadata":{"name":1}}'],
    ];
    it.each(inputs)('%s', async (_name, body) => {
      for (const path of [`${core}/configmaps`, `${core}/pods`, '/apis/apps/v1/namespaces/default/deployments']) {
        const { status } = await server.call(path, { body });
        expect([400, 422]).toContain(status);
      }
    });

    it('1.1.12 a body over 3 MiB is RequestEntityTooLarge', async () => {
      const { status, json } = await server.call(`${core}/configmaps`, { body: 'x'.repeat(3 * 1024 * 1024 + 1) });
      expect([status, json.reason]).toEqual([413, 'RequestEntityTooLarge']);
    });

    it('1.5.2 an unknown content type is UnsupportedMediaType', async () => {
      const headers = { 'content-type': 'text/html' };
      expect((await server.call(`${core}/configmaps`, { body: 'x', headers })).status).toBe(415);
    });
  });
});
