import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHttpsServer } from '../../../testing/https-server.js';
import type { TestHttpsServer } from '../../../testing/https-server.js';
import { startTestServer } from '../../../testing/test-server.js';
import type { TestServer } from '../../../testing/test-server.js';

interface Review {
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly object: { readonly metadata: { readonly labels?: Record<string, string> }; readonly data?: object } | null;
    readonly oldObject: object | null;
    readonly dryRun: boolean;
    readonly userInfo: { readonly username: string };
    readonly resource: { readonly resource: string };
  };
}

describe('admission webhooks', () => {
  let server: TestServer;
  let hook: TestHttpsServer;
  const seen: { readonly path: string; readonly review: Review }[] = [];
  let answer: (path: string, request: Review['request']) => object | undefined;
  let counter = 0;

  beforeAll(async () => {
    server = await startTestServer();
    hook = await startHttpsServer(
      (request, response) => {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          const review = JSON.parse(Buffer.concat(pieces).toString()) as Review;
          const path = (request.url ?? '').split('?', 1)[0]!;
          seen.push({ path, review });
          const given = answer(path, review.request);
          if (given === undefined) return; // never answers
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({
              kind: 'AdmissionReview',
              apiVersion: 'admission.k8s.io/v1',
              response: { uid: review.request.uid, allowed: true, ...given },
            }),
          );
        });
      },
      { hosts: ['hook.default.svc'] },
    );
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await hook[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    seen.length = 0;
    answer = () => ({});
  });

  const configs = '/apis/admissionregistration.k8s.io/v1';
  /** Installs webhooks for ConfigMaps; the disposal takes them away. */
  const install = async (kind: 'Mutating' | 'Validating', webhooks: readonly object[]) => {
    const name = `c-${++counter}`;
    const path = `${configs}/${kind.toLowerCase()}webhookconfigurations`;
    const whole = webhooks.map((webhook, i) => ({
      name: `w${i}.example.test`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: {
        url: `https://127.0.0.1:${hook.port}/w${i}`,
        caBundle: Buffer.from(hook.caPem).toString('base64'),
      },
      rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      ...webhook,
    }));
    const body = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: `${kind}WebhookConfiguration`,
      metadata: { name },
      webhooks: whole,
    };
    const made = await server.call(path, { body });
    expect(made.status, made.text).toBe(201);
    return { [Symbol.asyncDispose]: async () => void (await server.call(`${path}/${name}`, { method: 'DELETE' })) };
  };
  const configMap = (labels: Record<string, string> = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `m-${++counter}`, labels },
    data: { a: '1' },
  });
  const maps = '/api/v1/namespaces/default/configmaps';
  const patchOf = (...operations: object[]) => ({
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  });

  it('2.8.4 2.8.5 mutators run in order, each sees what the one before made, and one looks again', async () => {
    answer = (path, { object }) => {
      if (path === '/w0')
        return object?.metadata.labels?.['first']
          ? {}
          : patchOf({ op: 'add', path: '/metadata/labels', value: { first: 'yes' } });
      return patchOf({ op: 'add', path: '/data/second', value: object?.metadata.labels?.['first'] ?? 'nobody' });
    };
    await using _hooks = await install('Mutating', [{ reinvocationPolicy: 'IfNeeded' }, {}]);
    const { status, json } = await server.call(maps, { body: configMap() });
    expect([status, json]).toMatchObject([
      201,
      { metadata: { labels: { first: 'yes' } }, data: { a: '1', second: 'yes' } },
    ]);
    expect(seen.map(({ path }) => path)).toEqual(['/w0', '/w1', '/w0']);
    const [{ review }] = seen as [(typeof seen)[number]];
    expect(review.apiVersion).toBe('admission.k8s.io/v1');
    expect(review.request).toMatchObject({
      operation: 'CREATE',
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      userInfo: { username: 'admin' },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    });
  });

  it('2.7.17 a refusal names the webhook, with the code and the words that it gave; warnings are passed on', async () => {
    answer = () => ({ allowed: false, status: { message: 'not today', code: 418 }, warnings: ['be careful'] });
    await using _hooks = await install('Validating', [{}]);
    const refused = await server.call(maps, { body: configMap() });
    expect([refused.status, refused.json.message]).toEqual([
      418,
      'admission webhook "w0.example.test" denied the request: not today',
    ]);
    expect(refused.headers.warning).toBe('299 - "be careful"');
    answer = () => ({ allowed: false });
    expect((await server.call(maps, { body: configMap() })).json).toMatchObject({
      code: 403,
      message: 'admission webhook "w0.example.test" denied the request without explanation',
    });
  });

  it('2.8.2 deletions show the old object; rules, selectors and CEL conditions decide who is asked', async () => {
    const map = configMap({ team: 'a' });
    await server.call(maps, { body: map });
    await using _hooks = await install('Validating', [
      { objectSelector: { matchLabels: { team: 'a' } } },
      { objectSelector: { matchLabels: { team: 'b' } } },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      { rules: [{ operations: ['CREATE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] },
      { matchConditions: [{ name: 'c', expression: "request.operation == 'DELETE' && oldObject.data.a == '1'" }] },
      { matchConditions: [{ name: 'c', expression: "request.userInfo.username == 'nobody'" }] },
    ]);
    expect((await server.call(`${maps}/${map.metadata.name}`, { method: 'DELETE' })).status).toBe(200);
    expect(seen.map(({ path }) => path).sort()).toEqual(['/w0', '/w4']);
    expect(seen[0]?.review.request).toMatchObject({
      operation: 'DELETE',
      object: null,
      oldObject: { data: { a: '1' } },
    });
  });

  it('2.8.7 a webhook that fails refuses the write, or is ignored; one that is silent runs into its time', async () => {
    answer = () => undefined;
    {
      await using _hooks = await install('Validating', [{ timeoutSeconds: 1 }]);
      const { status, json } = await server.call(maps, { body: configMap() });
      expect([status, json.message]).toEqual([
        500,
        `Internal error occurred: failed calling webhook "w0.example.test": failed to call webhook: Post "https://127.0.0.1:${hook.port}/w0?timeout=1s": context deadline exceeded`,
      ]);
    }
    await using _hooks = await install('Validating', [{ timeoutSeconds: 1, failurePolicy: 'Ignore' }]);
    expect((await server.call(maps, { body: configMap() })).status).toBe(201);
  });

  it('2.8.9 a webhook behind a Service is reached by its endpoints, under the name of the Service', async () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'hook' }, spec: { ports: [{ port: 443 }] } };
    await server.call('/api/v1/namespaces/default/services', { body: service });
    await server.apiServer.registry.create(
      server.apiServer.catalog.find('discovery.k8s.io', 'v1', 'endpointslices')!,
      'default',
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
        ports: [{ name: '', port: hook.port, protocol: 'TCP' }],
      } as never,
      { user: { name: 'test', groups: ['system:masters'] }, signal: server.signal, unchecked: true },
    );
    const clientConfig = {
      service: { namespace: 'default', name: 'hook', path: '/by-service' },
      caBundle: Buffer.from(hook.caPem).toString('base64'),
    };
    await using _hooks = await install('Validating', [{ clientConfig }]);
    expect((await server.call(`${maps}?dryRun=All`, { body: configMap() })).status).toBe(201);
    expect(seen.map(({ path, review }) => [path, review.request.dryRun])).toEqual([['/by-service', true]]);
  });

  it('2.8.1 configurations themselves are never asked about', async () => {
    answer = () => ({ allowed: false });
    const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
    const hooks = await install('Validating', [{ rules }]);
    await hooks[Symbol.asyncDispose]();
    expect(seen).toEqual([]);
  });
});
