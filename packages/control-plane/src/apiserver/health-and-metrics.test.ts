import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../testing/test-server.js';
import type { TestServer } from '../testing/test-server.js';

describe('health, version and metrics', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(['healthz', 'livez', 'readyz'])(
    '1.16.1 /%s is ok for everybody, lists its checks and leaves some out',
    async (name) => {
      const plain = await server.call(`/${name}`, { certificate: null });
      expect([plain.status, plain.text, plain.headers['content-type']]).toEqual([
        200,
        'ok',
        'text/plain; charset=utf-8',
      ]);
      const verbose = await server.call(`/${name}?verbose`);
      expect(verbose.text).toMatch(/^\[\+\]ping ok\n\[\+\]store ok\n/);
      expect(verbose.text).toMatch(new RegExp(`\\n${name} check passed\\n$`));
      const without = await server.call(`/${name}?verbose&exclude=store&exclude=etcd`);
      expect(without.text).toContain('[+]store excluded: ok\n');
      expect(without.text).toContain('warn: some health checks cannot be excluded: no matches for "etcd"\n');
      expect((await server.call(`/${name}/ping`)).text).toBe('ok');
      expect((await server.call(`/${name}/poststarthook/rbac/bootstrap-roles`)).text).toBe('ok');
      expect((await server.call(`/${name}/nothing`)).status).toBe(404);
    },
  );

  it('1.16.2 what has not been made yet makes a server not ready, and the list of checks says so', async () => {
    const { reportHealth } = await import('./health.js');
    const failing = { name: 'poststarthook/rbac/bootstrap-roles', check: () => Promise.reject(new Error('not yet')) };
    const ping = { name: 'ping', check: async () => undefined };
    const { ok, text } = await reportHealth('readyz', [ping, failing], { verbose: false, exclude: [] }, server.signal);
    expect([ok, text]).toEqual([
      false,
      '[+]ping ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed\n',
    ]);
  });

  it('1.16.3 /version is readable by everybody, with whole numbers', async () => {
    const { status, json } = await server.call('/version', { certificate: null });
    const version = json as unknown as Record<string, string>;
    expect(status).toBe(200);
    expect([version['major'], version['minor']]).toEqual([
      expect.stringMatching(/^\d+$/),
      expect.stringMatching(/^\d+$/),
    ]);
    expect(version['gitVersion']).toMatch(/^v1\.\d+\.\d+/);
    expect(Object.keys(version)).toEqual(
      expect.arrayContaining(['gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']),
    );
  });

  it("1.16.4 /metrics has Kubernetes' names", async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'counted' } };
    await server.call('/api/v1/namespaces/default/configmaps', { body: map });
    await server.call('/api/v1/namespaces/default/configmaps/counted?fieldManager=t', {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: map,
    });
    const watch = await server.open('/api/v1/namespaces?watch=true');
    const { text, headers } = await server.call('/metrics');
    watch.destroy();
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const labels = 'group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver"';
    expect(text).toContain(`apiserver_request_total{verb="POST",${labels},code="201"} 1`);
    expect(text).toContain(`apiserver_request_total{verb="APPLY",${labels},code="200"} 1`);
    expect(text).toContain(`apiserver_request_duration_seconds_count{verb="POST",${labels}} 1`);
    expect(text).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1');
    expect(text).toContain('apiserver_longrunning_requests{verb="WATCH",group="",version="v1",resource="namespaces"');
    expect(text).toContain('apiserver_storage_objects{resource="namespaces"} 4');
    expect(text).toMatch(/kubernetes_build_info\{major="1",minor="\d+",git_version="v1/);
    expect(text).toMatch(/process_resident_memory_bytes \d/);
  });

  it('1.16.4 names that nobody serves do not fill the memory', async () => {
    for (let i = 0; i < 20; i++) await server.call(`/apis/none-${i}/v1/things-${i}`);
    const { text } = await server.call('/metrics');
    expect(text).not.toContain('things-');
    expect(text).toMatch(/apiserver_request_total\{verb="LIST",group="",[^}]*code="404"\} 20/);
  });

  it('1.16.5 /metrics/slis tells how each health check stands', async () => {
    const { text } = await server.call('/metrics/slis');
    expect(text).toContain('kubernetes_healthcheck{name="ping",type="readyz"} 1');
    expect(text).toContain('kubernetes_healthchecks_total{name="store",type="livez",status="success"} 1');
  });

  it('1.16.6 the keys of service account tokens are published', async () => {
    const account = { 'impersonate-user': 'system:serviceaccount:default:default' };
    const { json } = await server.call('/.well-known/openid-configuration', { headers: account });
    expect(json).toMatchObject({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
    });
    const keys = await server.call('/openid/v1/jwks', { headers: account });
    expect([keys.status, keys.headers['content-type']]).toEqual([200, 'application/jwk-set+json']);
  });
});
