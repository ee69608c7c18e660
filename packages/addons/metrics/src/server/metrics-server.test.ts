import { once } from 'node:events';
import { createServer, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject, Node, Pod, ResourceType, SubjectAccessReview, TokenReview } from '@geobuk/api';
import { ApiError, nodes, pods, tokenReviews } from '@geobuk/api';
import type { Client, Lister } from '@geobuk/client';
import { bearerToken, systemClock } from '@geobuk/client';
import { MetricsCatalogue } from '../api/metrics-catalogue.js';
import { servingNames } from '../manifests.js';
import { History } from '../samples/history.js';
import { SampleStore } from '../samples/sample-store.js';
import { KubeletClients } from '../scrape/kubelet-clients.js';
import { Scraper } from '../scrape/scraper.js';
import { Authentication } from './authentication.js';
import { Authorization } from './authorization.js';
import { clusterExposition } from './cluster-exposition.js';
import { MetricsServer } from './metrics-server.js';
import { newServingCertificate } from './serving-certificate.js';
import { openAuthority } from './test-authority.js';
import { parseTrustAnchors } from './trust-anchors.js';

const log = pino({ level: 'silent' });
const { signal } = new AbortController();

/** An API server that knows one token and lets everybody but `stranger` do everything but `/metrics`. */
const reviewed: SubjectAccessReview[] = [];
const api = {
  create: (type: ResourceType, object: KubernetesObject) => {
    if (type.plural === tokenReviews.plural) {
      const authenticated = (object as TokenReview).spec.token === 'good';
      const user = { username: 'tokener', uid: 'u', groups: ['readers'] };
      return Promise.resolve({ ...object, status: authenticated ? { authenticated, user } : { authenticated } });
    }
    const review = object as SubjectAccessReview;
    reviewed.push(review);
    const allowed = review.spec.user !== 'stranger' && review.spec.nonResourceAttributes?.path !== '/metrics';
    return Promise.resolve({ ...review, status: { allowed } });
  },
} as unknown as Pick<Client, 'create'>;

const lister = <T extends KubernetesObject>(objects: readonly T[]): Lister<T> => ({
  get: ({ namespace, name }) =>
    objects.find(({ metadata }) => metadata.name === name && (namespace ?? '') === (metadata.namespace ?? '')),
  list: (namespace) => objects.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  byIndex: () => [],
});

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: Buffer;
  readonly json: Record<string, unknown>;
}

describe('the server behind metrics.k8s.io', () => {
  const cleanups: (() => unknown)[] = [];
  let cpuSeconds = 0;
  let isKubeletDown = false;
  let server: MetricsServer;
  let scraper: Scraper;
  let ca: string;
  let frontProxy: { readonly cert: string; readonly key: string };
  let authorities: {
    readonly client: Awaited<ReturnType<typeof openAuthority>>;
    readonly proxy: Awaited<ReturnType<typeof openAuthority>>;
  };

  beforeAll(async () => {
    authorities = { client: await openAuthority('cluster'), proxy: await openAuthority('front-proxy') };
    frontProxy = await authorities.proxy.issue('CN=front-proxy-client');

    const kubeletCertificate = await authorities.client.issue('CN=system:node:n1', 'serverAuth');
    const kubelet = createServer(kubeletCertificate, (incoming, response) => {
      if (isKubeletDown || incoming.headers.authorization !== 'Bearer own') return void response.writeHead(403).end();
      cpuSeconds += 1;
      const labels = (pod: string) => `{container="app",namespace="default",pod="${pod}"}`;
      const started = Date.now() / 1000 - 3_600;
      const lines = [`node_cpu_usage_seconds_total ${cpuSeconds}`, 'node_memory_working_set_bytes 1048576'];
      for (const pod of ['web', 'db']) {
        lines.push(`container_cpu_usage_seconds_total${labels(pod)} ${cpuSeconds}`);
        lines.push(`container_memory_working_set_bytes${labels(pod)} 2048`);
        lines.push(`container_start_time_seconds${labels(pod)} ${started}`);
      }
      response.end(`${lines.join('\n')}\n`);
    });
    kubelet.listen(0, '127.0.0.1');
    await once(kubelet, 'listening');
    cleanups.push(() => {
      kubelet.closeAllConnections();
      kubelet.close();
    });
    const { port: Port } = kubelet.address() as AddressInfo;
    const node: Node = {
      ...{ apiVersion: 'v1', kind: nodes.kind, metadata: { name: 'n1', labels: { zone: 'a' } }, spec: {} },
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port } },
      },
    };
    const silent: Node = { ...node, metadata: { name: 'n2' }, status: {} };
    const pod = (name: string): Pod => ({
      ...{ apiVersion: 'v1', kind: pods.kind, metadata: { namespace: 'default', name, labels: { app: name } } },
      spec: { containers: [] },
    });
    const nodeLister = lister([node, silent]);
    const podLister = lister([pod('web'), pod('db'), pod('pending')]);
    const history = new History({ stepMs: 15_000, slots: 240, maxSeries: 100 });
    const store = new SampleStore({ history, resolutionMs: 15_000 });
    const kubelets = new KubeletClients({
      server: 'https://unused',
      ca: authorities.client.pem,
      credentials: bearerToken('own'),
    });
    cleanups.push(() => kubelets[Symbol.asyncDispose]());
    const clock = systemClock;
    scraper = new Scraper({ nodeLister, kubelets, store, clock, log, resolutionMs: 15_000 });
    const anchors = parseTrustAnchors({
      metadata: {},
      data: {
        'client-ca-file': authorities.client.pem,
        'requestheader-client-ca-file': authorities.proxy.pem,
        'requestheader-allowed-names': '["front-proxy-client"]',
        'requestheader-username-headers': '["X-Remote-User"]',
        'requestheader-group-headers': '["X-Remote-Group"]',
        'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      },
    });
    const certificate = await newServingCertificate(servingNames, Date.now());
    ca = certificate.ca;
    server = new MetricsServer({
      catalogue: new MetricsCatalogue({ nodeLister, podLister, store, clock }),
      history,
      historyStepMs: 15_000,
      authentication: new Authentication({ client: api, clock, anchors: () => anchors }),
      authorization: new Authorization({ client: api, clock }),
      clock,
      log,
      notReady: () => (scraper.turns > 0 ? undefined : 'no kubelet was asked yet'),
      prometheus: () => Promise.resolve(clusterExposition(store)),
    });
    cleanups.push(() => server[Symbol.asyncDispose]());
    await server.listen('127.0.0.1', 0, certificate, anchors.pem);
  });
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  const ask = async (
    path: string,
    headers: Readonly<Record<string, string | string[]>> = {},
    client: { readonly cert?: string; readonly key?: string } = {},
    method = 'GET',
  ): Promise<Answer> => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      servername: 'metrics.kube-system.svc',
      ca,
      agent: false,
      ...client,
    };
    const outgoing = request({ ...options, path, method, headers });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const pieces: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const type = response.headers['content-type'] ?? '';
    const json = type === 'application/json' ? (JSON.parse(body.toString()) as Answer['json']) : {};
    return { code: response.statusCode ?? 0, type, body, json };
  };
  const asAlice = { 'x-remote-user': 'alice', 'x-remote-group': ['dev', 'ops'], 'x-remote-extra-scope%2fof': 'a,b' };
  const asked = (path: string, headers = {}) => ask(path, { ...asAlice, ...headers }, frontProxy);
  const api1 = '/apis/metrics.k8s.io/v1beta1';

  it('is not ready before a kubelet was asked, and says so to anybody', async () => {
    expect((await ask('/livez')).code).toBe(200);
    const answer = await ask('/readyz');
    expect([answer.code, answer.body.toString()]).toEqual([503, 'no kubelet was asked yet']);
  });

  it('has nothing to say after one look, and the numbers after two', async () => {
    await scraper.turn(Date.now(), signal);
    expect((await ask('/readyz')).code).toBe(200);
    expect((await asked(`${api1}/nodes`)).json).toMatchObject({ kind: 'NodeMetricsList', items: [] });
    expect((await asked(`${api1}/nodes/n1`)).json).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'nodes.metrics.k8s.io "n1" not found',
    });
    await scraper.turn(Date.now(), signal);
    const list = await asked(`${api1}/nodes`);
    expect(list.json['items']).toMatchObject([
      { metadata: { name: 'n1', labels: { zone: 'a' } }, usage: { memory: '1Mi' } },
    ]);
    const podNames = async (path: string) =>
      ((await asked(path)).json['items'] as readonly KubernetesObject[]).map(({ metadata }) => metadata.name);
    expect(await podNames(`${api1}/pods`)).toEqual(['db', 'web']);
    expect(await podNames(`${api1}/namespaces/default/pods?labelSelector=app%3Dweb`)).toEqual(['web']);
    expect(await podNames(`${api1}/pods?fieldSelector=metadata.name%21%3Dweb`)).toEqual(['db']);
    expect(await podNames(`${api1}/namespaces/other/pods`)).toEqual([]);
    expect((await asked(`${api1}/namespaces/default/pods/web`)).json).toMatchObject({
      kind: 'PodMetrics',
      containers: [{ name: 'app', usage: { memory: '2Ki' } }],
    });
  });

  it('answers in the form that is asked for', async () => {
    const protobuf = await asked(`${api1}/pods`, { accept: 'application/vnd.kubernetes.protobuf, */*' });
    expect([protobuf.type, protobuf.body.subarray(0, 4).toString('latin1')]).toEqual([
      'application/vnd.kubernetes.protobuf',
      'k8s\0',
    ]);
    const table = await asked(`${api1}/pods`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect(table.json).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['db', expect.any(String), '2Ki', expect.any(String)] }, {}],
    });
    expect((await asked(`${api1}/pods`, { accept: 'application/yaml' })).json).toMatchObject({ code: 406 });
  });

  it('tells what it serves, and refuses what it does not', async () => {
    expect((await asked(api1)).json).toMatchObject({
      kind: 'APIResourceList',
      resources: [{ name: 'nodes' }, { name: 'pods' }],
    });
    expect((await asked('/apis/metrics.k8s.io')).json).toMatchObject({ kind: 'APIGroup', name: 'metrics.k8s.io' });
    expect((await asked('/apis')).json).toMatchObject({ kind: 'APIGroupList' });
    expect((await asked(`${api1}/services`)).code).toBe(404);
    expect((await asked(`${api1}/nodes?watch=true`)).code).toBe(405);
    expect((await ask(`${api1}/nodes`, asAlice, frontProxy, 'DELETE')).code).toBe(405);
    expect((await asked(`${api1}/pods?labelSelector=%21%21`)).code).toBe(400);
  });

  it('gives history, by either path', async () => {
    for (const prefix of ['/history', `${api1}/history`]) {
      const { json } = await asked(`${prefix}/namespaces/default/pods/web?sinceSeconds=30`);
      const [series] = json['series'] as readonly { readonly cpuCores: readonly (number | null)[] }[];
      expect(json).toMatchObject({ stepSeconds: 15, series: [{ namespace: 'default', pod: 'web', container: 'app' }] });
      expect(json['times']).toHaveLength(2);
      expect(series?.cpuCores.some((cores) => cores !== null && cores > 0)).toBe(true);
    }
    expect((await asked('/history/nodes')).json).toMatchObject({ series: [{ node: 'n1' }] });
    expect((await asked('/history/nodes?sinceSeconds=-1')).code).toBe(400);
  });

  it('asks the API server about the user whom the front proxy names, with all of their groups', async () => {
    await asked(`${api1}/namespaces/default/pods/db`);
    expect(reviewed.at(-1)?.spec).toMatchObject({
      user: 'alice',
      groups: ['dev', 'ops'],
      extra: { 'scope/of': ['a,b'] },
      resourceAttributes: { group: 'metrics.k8s.io', resource: 'pods', verb: 'get', namespace: 'default', name: 'db' },
    });
  });

  it('knows holders of client certificates and of tokens', async () => {
    const bob = await authorities.client.issue('CN=bob,O=team');
    expect((await ask(`${api1}/nodes`, {}, bob)).code).toBe(200);
    expect(reviewed.at(-1)?.spec).toMatchObject({ user: 'bob', groups: ['team', 'system:authenticated'] });
    expect((await ask(`${api1}/nodes`, { authorization: 'Bearer good' })).code).toBe(200);
    expect(reviewed.at(-1)?.spec).toMatchObject({ user: 'tokener', groups: ['readers'] });
  });

  it('believes no names without the certificate of the front proxy', async () => {
    const other = await authorities.proxy.issue('CN=somebody-else');
    const wrongUse = await authorities.proxy.issue('CN=front-proxy-client', 'serverAuth');
    const expired = await authorities.proxy.issue('CN=front-proxy-client', 'clientAuth', new Date('2021-01-01'));
    const stranger = await (await openAuthority('front-proxy')).issue('CN=front-proxy-client');
    const nobody = {};
    for (const client of [other, wrongUse, expired, stranger, nobody])
      expect((await ask(`${api1}/nodes`, asAlice, client)).code).toBe(401);
    expect((await ask(`${api1}/nodes`, { authorization: 'Bearer bad' })).code).toBe(401);
    // A client certificate of the cluster speaks for its holder only.
    const bob = await authorities.client.issue('CN=front-proxy-client');
    await ask(`${api1}/nodes/n1`, asAlice, bob);
    expect(reviewed.at(-1)?.spec.user).toBe('front-proxy-client');
  });

  it('refuses whom the API server does not allow', async () => {
    const { code, json } = await asked(`${api1}/nodes`, { 'x-remote-user': 'stranger' });
    expect([code, json['reason']]).toEqual([403, 'Forbidden']);
    expect((await asked('/metrics')).code).toBe(403);
  });

  it('shows the cluster to Prometheus, with the node of each container', async () => {
    const { body } = await asked('/metrics', { 'x-remote-group': 'system:masters' });
    expect(body.toString()).toMatch(/^node_memory_working_set_bytes\{node="n1"\} 1048576 \d+$/m);
    expect(body.toString()).toMatch(
      /^container_memory_working_set_bytes\{node="n1",namespace="default",pod="web",container="app"\} 2048 \d+$/m,
    );
  });

  it('shows no old numbers of a kubelet that does not answer, but its history', async () => {
    isKubeletDown = true;
    await scraper.turn(Date.now(), signal);
    expect((await asked(`${api1}/nodes`)).json['items']).toEqual([]);
    expect((await asked('/history/nodes')).json).toMatchObject({ series: [{ node: 'n1' }] });
  });

  it('throws what the API server cannot say', async () => {
    const failing = { create: () => Promise.reject(ApiError.unavailable('later')) } as unknown as Pick<
      Client,
      'create'
    >;
    const authorization = new Authorization({ client: failing, clock: systemClock });
    const user = { name: 'a', uid: '', groups: [], extra: {} };
    await expect(authorization.allows(user, {}, signal)).rejects.toThrow('later');
  });
});
