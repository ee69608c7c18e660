import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { APIService } from '@geobuk/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpsServer } from '../../testing/https-server.js';
import type { TestHttpsServer } from '../../testing/https-server.js';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';
import { statusWith } from './api-service-availability.js';

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly commonName: string;
  readonly body: string;
}

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'metrics.k8s.io/v1beta1',
  resources: [{ name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] }],
};

const nodeMetrics = 'io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics';
/** What the server behind says about itself; of other groups too, which is not for it to say here. */
const descriptions: Readonly<Record<string, object>> = {
  '/openapi/v3': {
    paths: {
      'apis/metrics.k8s.io/v1beta1': { serverRelativeURL: '/openapi/v3/apis/metrics.k8s.io/v1beta1?hash=ABC' },
      'apis/apps/v1': { serverRelativeURL: '/openapi/v3/apis/apps/v1?hash=FALSE' },
    },
  },
  '/openapi/v2': {
    swagger: '2.0',
    paths: {
      '/apis/metrics.k8s.io/v1beta1/nodes': {
        get: { responses: { '200': { description: 'OK', schema: { $ref: `#/definitions/${nodeMetrics}` } } } },
      },
      '/api/v1/pods': { get: { description: 'not theirs' } },
    },
    definitions: {
      [nodeMetrics]: { type: 'object', properties: { window: { $ref: '#/definitions/example.Window' } } },
      'example.Window': { type: 'string' },
      'example.Unused': { type: 'string' },
    },
  },
};

describe('aggregation', () => {
  let server: TestServer;
  let backend: TestHttpsServer;
  const seen: Seen[] = [];
  let isDown = false;

  beforeAll(async () => {
    server = await startTestServer();
    backend = await startHttpsServer(
      (request, response) => {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject as unknown as { CN: string };
          seen.push({
            url: request.url ?? '',
            method: request.method ?? '',
            headers: request.headers,
            commonName: CN,
            body: Buffer.concat(pieces).toString(),
          });
          response.writeHead(isDown ? 500 : request.method === 'POST' ? 201 : 200, {
            'content-type': 'application/json',
          });
          if (request.url?.includes('watch=')) response.write('{"type":"ADDED"}\n');
          else
            response.end(
              JSON.stringify(
                request.url === '/apis/metrics.k8s.io/v1beta1'
                  ? resources
                  : (descriptions[request.url ?? ''] ?? { answered: true }),
              ),
            );
        });
      },
      { hosts: ['metrics.kube-system.svc'], clientCaPem: server.pki.frontProxy.caPem },
    );
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  const read = async (name: string) =>
    (await server.call(`/apis/apiregistration.k8s.io/v1/apiservices/${name}`)).json as unknown as APIService;
  const until = (name: string, reason: string) =>
    expect.poll(async () => (await read(name)).status?.conditions?.[0]?.reason, { timeout: 10_000 }).toBe(reason);
  const apiService = (extra: object = {}) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { namespace: 'kube-system', name: 'metrics' },
      caBundle: Buffer.from(backend.caPem).toString('base64'),
      ...extra,
    },
  });

  it('3.5.4 what the server answers itself has local APIServices, also of definitions', async () => {
    await until('v1.apps', 'Local');
    const core = await read('v1.');
    expect(core.metadata.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'onstart' });
    expect(core.status?.conditions?.[0]).toMatchObject({ type: 'Available', status: 'True', reason: 'Local' });
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.local.test' },
      spec: {
        group: 'local.test',
        scope: 'Cluster',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v3', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await server.call(path, { body: definition })).status).toBe(201);
    await until('v3.local.test', 'Local');
    await server.call(`${path}/things.local.test`, { method: 'DELETE' });
    await expect
      .poll(async () => (await server.call('/apis/apiregistration.k8s.io/v1/apiservices/v3.local.test')).status)
      .toBe(404);
  });

  it('3.5.1 3.5.2 says why an API is not available, and when it is', async () => {
    const created = await server.call('/apis/apiregistration.k8s.io/v1/apiservices', { body: apiService() });
    expect(created.status, created.text).toBe(201);
    await until('v1beta1.metrics.k8s.io', 'ServiceNotFound');
    const refused = await server.call('/apis/metrics.k8s.io/v1beta1/nodes');
    expect([refused.status, refused.json.reason]).toEqual([503, 'ServiceUnavailable']);

    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'metrics' } };
    const services = '/api/v1/namespaces/kube-system/services';
    await server.call(services, { body: { ...service, spec: { ports: [{ name: 'https', port: 8443 }] } } });
    await until('v1beta1.metrics.k8s.io', 'ServiceAccessError');
    await server.call(`${services}/metrics`, { method: 'DELETE' });
    await server.call(services, { body: { ...service, spec: { ports: [{ name: 'https', port: 443 }] } } });
    await until('v1beta1.metrics.k8s.io', 'MissingEndpoints');

    // Validation refuses loopback addresses, as it should for users; only the test's server is there.
    await server.apiServer.registry.create(
      server.apiServer.catalog.find('discovery.k8s.io', 'v1', 'endpointslices')!,
      'kube-system',
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'metrics-1', labels: { 'kubernetes.io/service-name': 'metrics' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
        ports: [{ name: 'https', port: backend.port, protocol: 'TCP' }],
      } as never,
      { user: { name: 'test', groups: ['system:masters'] }, signal: server.signal, unchecked: true },
    );
    await until('v1beta1.metrics.k8s.io', 'Passed');
    const table = await server.call('/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io', {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    const { rows } = table.json as unknown as { rows: { cells: unknown[] }[] };
    expect(rows[0]?.cells.slice(0, 3)).toEqual(['v1beta1.metrics.k8s.io', 'kube-system/metrics', 'True']);
  });

  it('3.5.3 passes on path, query and body with the user in headers and the front-proxy certificate', async () => {
    const answer = await server.call('/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=a%3Db', {
      headers: { 'x-remote-user': 'somebody-else', 'x-remote-group': 'system:masters', authorization: 'Basic x' },
    });
    expect([answer.status, answer.json]).toEqual([200, { answered: true }]);
    const last = seen.at(-1)!;
    expect(last.url).toBe('/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=a%3Db');
    expect(last.commonName).toBe('front-proxy-client');
    expect(last.headers['x-remote-user']).toBe('admin');
    expect(last.headers['x-remote-group']).toBe('system:masters, system:authenticated');
    expect(last.headers.authorization).toBeUndefined();

    const posted = await server.call('/apis/metrics.k8s.io/v1beta1/nodes', { body: { a: 'x'.repeat(100_000) } });
    expect(posted.status).toBe(201);
    expect(JSON.parse(seen.at(-1)!.body)).toEqual({ a: 'x'.repeat(100_000) });
  });

  it('3.5.3 an answer that goes on is passed on as it comes', async () => {
    const response = await server.open('/apis/metrics.k8s.io/v1beta1/nodes?watch=true');
    for await (const piece of response as AsyncIterable<Buffer>) {
      expect(piece.toString()).toBe('{"type":"ADDED"}\n');
      break;
    }
    response.destroy();
  });

  it('3.5.3 who may not ask is refused here already', async () => {
    const { status } = await server.call('/apis/metrics.k8s.io/v1beta1/nodes', { certificate: null });
    expect(status).toBe(403);
  });

  it('1.4.8 its description is part of both OpenAPI documents, as far as it is about its own objects', async () => {
    await expect
      .poll(async () => Object.keys(((await server.call('/openapi/v3')).json as { paths?: object }).paths ?? {}), {
        timeout: 10_000,
      })
      .toContain('apis/metrics.k8s.io/v1beta1');
    const { paths } = (await server.call('/openapi/v3')).json as {
      paths?: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
    };
    expect(paths!['apis/metrics.k8s.io/v1beta1']!.serverRelativeURL).toBe(
      '/openapi/v3/apis/metrics.k8s.io/v1beta1?hash=ABC',
    );
    expect(paths!['apis/apps/v1']!.serverRelativeURL).not.toContain('FALSE');
    const v2 = (await server.call('/openapi/v2')).json as unknown as {
      readonly paths: Readonly<Record<string, { readonly get?: { readonly description?: string } }>>;
      readonly definitions: object;
    };
    expect(v2.paths['/apis/metrics.k8s.io/v1beta1/nodes']).toBeDefined();
    expect(v2.paths['/api/v1/pods']!.get!.description).toBeUndefined();
    expect(v2.definitions).toMatchObject({ [nodeMetrics]: { type: 'object' }, 'example.Window': { type: 'string' } });
    expect(v2.definitions).not.toHaveProperty('example.Unused');
  });

  it('1.3.9 both forms of discovery list it, and an unreachable one stays as Stale', async () => {
    const { groups } = (await server.call('/apis')).json as unknown as { groups: { name: string }[] };
    expect(groups.map(({ name }) => name)).toContain('metrics.k8s.io');
    expect((await server.call('/apis/metrics.k8s.io')).json).toMatchObject({
      kind: 'APIGroup',
      name: 'metrics.k8s.io',
    });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const version = async () => {
      const { items } = (await server.call('/apis', { headers: { accept } })).json as unknown as {
        items: { metadata: { name: string }; versions: { freshness: string; resources: unknown[] }[] }[];
      };
      return items.find(({ metadata }) => metadata.name === 'metrics.k8s.io')?.versions[0];
    };
    expect(await version()).toEqual({
      version: 'v1beta1',
      freshness: 'Current',
      resources: [
        {
          resource: 'nodes',
          responseKind: { group: '', version: '', kind: 'NodeMetrics' },
          scope: 'Cluster',
          singularResource: '',
          verbs: ['get', 'list'],
        },
      ],
    });
    isDown = true;
    const patch = { metadata: { labels: { again: 'please' } }, spec: { versionPriority: 99 } };
    await server.call('/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io', {
      method: 'PATCH',
      body: patch,
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    await until('v1beta1.metrics.k8s.io', 'FailedDiscoveryCheck');
    expect((await version())?.freshness).toBe('Stale');
    expect((await server.call('/apis/metrics.k8s.io/v1beta1/nodes')).status).toBe(503);
  });

  it('2.1.2 publishes what an extension server needs to believe the headers', async () => {
    const { data } = (await server.call('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'))
      .json as unknown as { data: Record<string, string> };
    expect(data['requestheader-client-ca-file']).toBe(server.pki.frontProxy.caPem);
    expect(data['client-ca-file']).toBe(server.pki.ca.certPem);
    expect(data['requestheader-allowed-names']).toBe('["front-proxy-client"]');
    const role = await server.call(
      '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader',
    );
    expect(role.status).toBe(200);
  });

  it('3.5.2 a status that says so already is not written again', () => {
    const failed = { isAvailable: false, reason: 'MissingEndpoints', message: 'm' } as const;
    const status = statusWith({}, failed, 't1');
    expect(statusWith({ status }, failed, 't2')).toBe(status);
    const other = statusWith({ status }, { ...failed, message: 'n' }, 't2');
    expect(other.conditions?.[0]).toMatchObject({ message: 'n', lastTransitionTime: 't1' });
  });
});
