import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { SubjectAccessReview, TokenReview } from '@geobuk/api';
import { pods } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../node/certificate-request.js';
import { agentUnderTest, podOf, signal, waitFor } from '../testing/agent-under-test.js';
import { Access, attributesOf } from './access.js';
import { KubeletServer } from './kubelet-server.js';
import { Usage } from './stats/usage.js';

/** Answers reviews as an API server with these users and rights does. */
class ReviewingClient extends FakeClient {
  reviews = 0;
  readonly #rights: Readonly<Record<string, readonly string[]>>;

  constructor(rights: Readonly<Record<string, readonly string[]>>) {
    super();
    this.#rights = rights;
  }

  override create: FakeClient['create'] = async (type, object, options) => {
    const asked: { readonly kind?: string | undefined } = object;
    if (asked.kind === 'TokenReview') {
      const { token } = (object as unknown as TokenReview).spec;
      const authenticated = token !== undefined && token in this.#rights;
      return { ...object, status: authenticated ? { authenticated, user: { username: token } } : { authenticated } };
    }
    if (asked.kind === 'SubjectAccessReview') {
      this.reviews++;
      const { user = '', resourceAttributes } = (object as unknown as SubjectAccessReview).spec;
      const allowed = this.#rights[user]?.includes(`${resourceAttributes?.verb} ${resourceAttributes?.subresource}`);
      return { ...object, status: { allowed: allowed === true } };
    }
    return super.create(type, object, options);
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function open(rights: Readonly<Record<string, readonly string[]>>) {
  const client = new ReviewingClient(rights);
  const node = await agentUnderTest({ client });
  const { agent } = node;
  const server = new KubeletServer({
    access: new Access({ client, clock: systemClock, nodeName: 'n1' }),
    source: agent.source,
    runtimes: agent.runtimes,
    status: agent.status,
    probes: agent.probes,
    usage: new Usage({ source: agent.source, runtimes: agent.runtimes, clock: systemClock, dataDir: node.directory }),
    details: agent.details,
    volumeStats: agent.volumeStats,
    nodeDetails: agent.nodeDetails,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeName: 'n1',
    configz: { maxPods: 110 },
  });
  const certificate = await makeSelfSigned({ commonName: 'n1', organization: 'system:nodes' }, 1);
  await server.listen({ port: 0, address: '127.0.0.1', clientCa: certificate.cert, certificate });
  const get = (path: string, token?: string, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const options = { host: '127.0.0.1', port: server.port, path, method, headers, rejectUnauthorized: false };
      const sent = request(options, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      sent.on('error', reject);
      sent.end();
    });
  return {
    node,
    client,
    get,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
    },
  };
}

describe('7.11.2 the endpoint of a node', () => {
  it('lets nobody in whom the API server does not know, and says no to who may not', async () => {
    await using it = await open({ reader: ['get metrics'], nobody: [] });
    expect(await it.get('/metrics')).toEqual({ status: 401, body: 'Unauthorized' });
    expect((await it.get('/metrics', 'forged')).status).toBe(401);
    expect(await it.get('/metrics', 'nobody')).toEqual({
      status: 403,
      body: 'Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[metrics])',
    });
    expect((await it.get('/metrics', 'reader')).status).toBe(200);
    for (const path of ['/pods', '/stats/summary', '/healthz', '/configz', '/containerLogs/default/web/main'])
      expect([path, (await it.get(path, 'reader')).status]).toEqual([path, 403]);
    const asked = it.client.reviews;
    expect((await it.get('/metrics/resource', 'reader')).status).toBe(200);
    expect(it.client.reviews).toBe(asked); // Remembered for a while.
  });

  it.each([
    ['/pods', ['pods', 'proxy']],
    ['/runningpods/', ['pods', 'proxy']],
    ['/healthz', ['healthz', 'proxy']],
    ['/configz', ['configz', 'proxy']],
    ['/stats/summary', ['stats']],
    ['/metrics/cadvisor', ['metrics']],
    ['/logs/', ['log']],
    ['/exec/default/web/main', ['proxy']],
    ['/containerLogs/default/web/main', ['proxy']],
  ])('asks for rights of its own on %s', (path, subresources) => {
    expect(attributesOf({ method: 'GET', path })).toEqual({ verb: 'get', subresources });
  });

  it('shows pods, what runs, its settings, its health and numbers', async () => {
    const all = ['get proxy', 'get metrics', 'get stats'];
    await using it = await open({ admin: all });
    it.node.runtime.addImage('web:1');
    await it.client.create(pods, podOf({ volumes: [{ name: 'scratch', emptyDir: {} }] }), { signal });
    await waitFor(() => expect(it.node.pod().status?.phase).toBe('Running'));
    const json = async (path: string): Promise<unknown> => JSON.parse((await it.get(path, 'admin')).body);
    expect(await json('/pods')).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'web' }, status: { phase: 'Running' } }],
    });
    expect(await json('/runningpods/')).toMatchObject({ items: [{ spec: { containers: [{ name: 'main' }] } }] });
    expect(await json('/configz')).toEqual({ kubeletconfig: { maxPods: 110 } });
    for (const path of ['/healthz', '/healthz/ping', '/healthz/syncloop'])
      expect(await it.get(path, 'admin')).toEqual({ status: 200, body: 'ok' });
    expect(await json('/stats/summary')).toMatchObject({
      node: { nodeName: 'n1', fs: { capacityBytes: expect.any(Number) as number } },
      pods: [
        {
          podRef: { name: 'web', namespace: 'default' },
          containers: [{ name: 'main', logs: { usedBytes: expect.any(Number) as number } }],
          volume: [{ name: 'scratch', usedBytes: expect.any(Number) as number }],
        },
      ],
    });
    expect((await json('/stats/summary?only_cpu_and_memory=true')) as { pods: { volume: unknown[] }[] }).toMatchObject({
      pods: [{ volume: [] }],
    });
    const { body: resource } = await it.get('/metrics/resource', 'admin');
    expect(resource).toContain('container_memory_working_set_bytes{container="main",namespace="default",pod="web"}');
    expect((await it.get('/metrics/cadvisor', 'admin')).body).toContain(
      'container_cpu_usage_seconds_total{container="main"',
    );
    expect((await it.get('/metrics', 'admin')).body).toContain('kubelet_running_pods 1\n');
    expect((await it.get('/metrics/probes', 'admin')).status).toBe(200);
    expect((await it.get('/nothing', 'admin')).status).toBe(404);
    expect((await it.get('/pods', 'admin', 'DELETE')).status).toBe(403);
  });

  it('7.11.2 takes a connection that was closed meanwhile, whose certificate is gone, for nobody', async () => {
    const access = new Access({ client: new ReviewingClient({}), clock: systemClock, nodeName: 'n1' });
    // Node.js gives an empty object once the socket is destroyed, and leaves `authorized` as it was.
    const closed = { authorized: true, getPeerCertificate: () => ({}) } as unknown as TLSSocket;
    expect(await access.userOf(closed, undefined, signal)).toBeUndefined();
  });
});
