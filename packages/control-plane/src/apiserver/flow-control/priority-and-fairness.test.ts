import { request as httpsRequest } from 'node:https';
import type { ClientRequest, OutgoingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const root = '/apis/flowcontrol.apiserver.k8s.io/v1';
const maps = '/api/v1/namespaces/default/configmaps';
const bob = { 'impersonate-user': 'bob', 'impersonate-group': 'system:nothing' };

interface Object_ {
  readonly metadata: { readonly name: string; readonly uid: string; readonly annotations?: Record<string, string> };
  readonly spec: {
    readonly matchingPrecedence?: number;
    readonly limited?: { readonly nominalConcurrencyShares: number };
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

describe('priority and fairness', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ apiServer: { maxRequestsInflight: 30, maxMutatingRequestsInflight: 20 } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const get = async (path: string) => (await server.call(`${root}/${path}`)).json as unknown as Object_;
  const wait = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 50 });
  const flowSchema = (name: string, level: string, who: string) => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: 50,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: who } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
        },
      ],
    },
  });

  /** A request that has its seat and never sends its body. */
  const stall = (headers: OutgoingHttpHeaders): ClientRequest => {
    const request = httpsRequest(`${server.url}${maps}`, {
      method: 'POST',
      ca: server.pki.ca.certPem,
      key: server.pki.admin.keyPem,
      cert: server.pki.admin.certPem,
      agent: false,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': 100 },
    });
    request.on('error', () => undefined); // it is destroyed in the end
    request.flushHeaders();
    return request;
  };
  const allow = (name: string) =>
    server.call('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
        subjects: [{ kind: 'User', name }],
      },
    });

  it('1.17.2 every cluster has the mandatory and suggested levels and schemas', async () => {
    const { items: levels } = (await server.call(`${root}/prioritylevelconfigurations`)).json as unknown as {
      items: Object_[];
    };
    expect(levels.map(({ metadata, spec }) => [metadata.name, spec.limited?.nominalConcurrencyShares])).toEqual([
      ['catch-all', 5],
      ['exempt', undefined],
      ['global-default', 20],
      ['leader-election', 10],
      ['node-high', 40],
      ['system', 30],
      ['workload-high', 40],
      ['workload-low', 100],
    ]);
    const { items: schemas } = (await server.call(`${root}/flowschemas`)).json as unknown as { items: Object_[] };
    expect(Object.fromEntries(schemas.map(({ metadata, spec }) => [metadata.name, spec.matchingPrecedence]))).toEqual({
      exempt: 1,
      probes: 2,
      'system-leader-election': 100,
      'workload-leader-election': 200,
      'system-node-high': 400,
      'system-nodes': 500,
      'kube-controller-manager': 800,
      'kube-scheduler': 800,
      'kube-system-service-accounts': 900,
      'service-accounts': 9000,
      'global-default': 9900,
      'catch-all': 10_000,
    });
    expect(schemas[0]?.metadata.annotations).toEqual({ 'apf.kubernetes.io/autoupdate-spec': 'true' });
  });

  it('1.17.2 gives back what was changed or deleted of them, and leaves alone what its owner has taken over', async () => {
    await server.call(`${root}/flowschemas/catch-all`, { method: 'DELETE' });
    await wait(async () => expect((await get('flowschemas/catch-all')).spec.matchingPrecedence).toBe(10_000));
    const patch = (name: string, annotations: object, shares: number) =>
      server.call(`${root}/prioritylevelconfigurations/${name}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { metadata: { annotations }, spec: { limited: { nominalConcurrencyShares: shares } } },
      });
    await patch('system', {}, 1);
    await wait(async () =>
      expect((await get('prioritylevelconfigurations/system')).spec.limited?.nominalConcurrencyShares).toBe(30),
    );
    await patch('workload-high', { 'apf.kubernetes.io/autoupdate-spec': 'false' }, 41);
    await patch('node-high', {}, 1);
    await wait(async () =>
      expect((await get('prioritylevelconfigurations/node-high')).spec.limited?.nominalConcurrencyShares).toBe(40),
    );
    expect((await get('prioritylevelconfigurations/workload-high')).spec.limited?.nominalConcurrencyShares).toBe(41);
  });

  it('1.17.1 a schema tells by its condition whether its level is there', async () => {
    await server.call(`${root}/flowschemas`, { body: flowSchema('lonely', 'nowhere', 'lonely') });
    const dangling = async () =>
      (await get('flowschemas/lonely')).status?.conditions?.map(({ type, status, reason }) => [type, status, reason]);
    await wait(async () => expect(await dangling()).toEqual([['Dangling', 'True', 'NotFound']]));
    await server.call(`${root}/prioritylevelconfigurations`, {
      body: {
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        kind: 'PriorityLevelConfiguration',
        metadata: { name: 'nowhere' },
        spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
      },
    });
    await wait(async () => expect(await dangling()).toEqual([['Dangling', 'False', 'Found']]));
    const status = await server.call(`${root}/flowschemas/lonely/status`);
    expect(status.status).toBe(200);
  });

  it('1.17.1 each answer names the schema and the level that it went through', async () => {
    const { headers } = await server.call('/api/v1/namespaces', { headers: bob });
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe((await get('flowschemas/global-default')).metadata.uid);
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBe(
      (await get('prioritylevelconfigurations/global-default')).metadata.uid,
    );
  });

  it('1.17.3 more than a level lets in is refused with 429 and Retry-After, and counted; administrators are not', async () => {
    const level = {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'PriorityLevelConfiguration',
      metadata: { name: 'narrow' },
      spec: {
        type: 'Limited',
        limited: { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } },
      },
    };
    await server.call(`${root}/prioritylevelconfigurations`, { body: level });
    await allow('greedy');
    const { json } = await server.call(`${root}/flowschemas`, { body: flowSchema('narrow', 'narrow', 'greedy') });
    const headers = { 'impersonate-user': 'greedy', 'impersonate-group': 'system:nothing' };
    await wait(async () =>
      expect((await server.call('/api/v1/pods', { headers })).headers['x-kubernetes-pf-flowschema-uid']).toBe(
        json.metadata?.uid,
      ),
    );
    const stalled = stall(headers);
    const refused = await wait(async () => {
      const answer = await server.call('/api/v1/pods', { headers });
      expect(answer.status).toBe(429);
      return answer;
    });
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json).toMatchObject({ kind: 'Status', reason: 'TooManyRequests' });
    const masters = await Promise.all(Array.from({ length: 5 }, () => server.call('/api/v1/pods')));
    expect(masters.every(({ status }) => status === 200)).toBe(true);
    stalled.destroy();
    const { text } = await server.call('/metrics');
    expect(text).toMatch(
      /apiserver_flowcontrol_rejected_requests_total\{priority_level="narrow",flow_schema="narrow",reason="concurrency-limit"\} [1-9]/,
    );
    expect(text).toMatch(
      /apiserver_flowcontrol_dispatched_requests_total\{priority_level="exempt",flow_schema="exempt"\} [1-9]/,
    );
    expect(text).toMatch(/apiserver_flowcontrol_nominal_limit_seats\{priority_level="system"\} [1-9]/);
  });

  it('1.17.3 while one user has taken all seats that he can get, a kubelet is answered at once and he waits', async () => {
    await allow('flood');
    const flood = { 'impersonate-user': 'flood', 'impersonate-group': 'system:nothing' };
    const stalled = Array.from({ length: 60 }, () => stall(flood));
    await wait(async () =>
      expect((await server.call('/metrics')).text).toMatch(
        /apiserver_flowcontrol_current_inqueue_requests\{priority_level="global-default",flow_schema="global-default"\} [1-9]/,
      ),
    );
    let isAnswered = false;
    const late = server.call(maps, { headers: flood }).then(({ status }) => {
      isAnswered = true;
      return status;
    });
    const node = { 'impersonate-user': 'system:node:a', 'impersonate-group': 'system:nodes' };
    for (let i = 0; i < 10; i++) {
      expect((await server.call('/api/v1/nodes/a', { headers: node })).status).toBe(404); // let in each time, never 429
    }
    expect(isAnswered).toBe(false);
    for (const request of stalled) request.destroy();
    expect(await late).toBe(200);
    const { text } = await server.call('/metrics');
    expect(text).not.toMatch(/request_wait_duration_seconds_count\{[^}]*priority_level="node-high"/);
    expect(text).toMatch(/request_wait_duration_seconds_count\{[^}]*priority_level="global-default"/);
  });

  it('1.17.3 a watch gives its seat back once it has begun', async () => {
    await allow('watcher');
    const headers = { 'impersonate-user': 'watcher', 'impersonate-group': 'system:nothing' };
    const watches = await Promise.all(Array.from({ length: 60 }, () => server.open(`${maps}?watch=true`, { headers })));
    expect((await server.call(maps, { headers })).status).toBe(200);
    for (const watch of watches) watch.destroy();
  });
});
