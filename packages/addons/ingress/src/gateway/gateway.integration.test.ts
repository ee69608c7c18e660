import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listerOf, service, slice, viewOf } from '../testing/fixtures.js';
import { ProxyUnderTest, echoBackend, freePort } from '../testing/proxy-under-test.js';
import type { Backend } from '../testing/proxy-under-test.js';
import type { Gateway, GatewayClass, HttpRoute, HttpRouteRule, ReferenceGrant } from './gateway-api.js';

let proxy: ProxyUnderTest;
let port: number;
const backends = new Map<string, Backend>();
const names = ['a', 'b', 'c', 'd'];

beforeAll(async () => {
  proxy = await ProxyUnderTest.open();
  port = await freePort();
  for (const name of names) backends.set(name, await echoBackend(name));
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const backend of backends.values()) await backend[Symbol.asyncDispose]();
});

const view = {
  ...viewOf({ services: [...names.map((name) => service(name)), service('far', 'other')] }),
  get slices() {
    return listerOf([
      ...names.map((name) => slice(name, backends.get(name)?.port ?? 0, ['127.0.0.1'])),
      slice('far', backends.get('d')?.port ?? 0, ['127.0.0.1'], 'other'),
    ]);
  },
};
const ours: GatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'geobuk' },
  spec: { controllerName: 'geobuk.dev/ingress' },
};
const gateway = (...listeners: Gateway['spec']['listeners']): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'default', name: 'front', generation: 1 },
  spec: { gatewayClassName: 'geobuk', listeners },
});
const plain = () => gateway({ name: 'http', port, protocol: 'HTTP' });
const route = (
  rules: readonly HttpRouteRule[],
  rest: Partial<HttpRoute['spec']> = {},
  namespace = 'default',
): HttpRoute => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace, name: 'r', generation: 1 },
  spec: { parentRefs: [{ name: 'front', namespace: 'default' }], rules, ...rest },
});
const to = (name: string, weight = 1) => ({ name, port: 80, weight });

async function serve(front: Gateway, routes: readonly HttpRoute[], grants: readonly ReferenceGrant[] = []) {
  const { gateway: standing } = await proxy.apply({
    view,
    gateway: { classes: [ours], gateways: [front], routes, grants },
  });
  return standing;
}
const who = async (host: string, path: string, options: Parameters<ProxyUnderTest['get']>[2] = {}) => {
  const { status, headers } = await proxy.get(host, path, { port, ...options });
  return status === 200 ? headers['x-from'] : status;
};
const conditionsOf = (words: readonly { readonly type: string; readonly reason: string }[] | undefined) =>
  Object.fromEntries((words ?? []).map(({ type, reason }) => [type, reason]));

describe('HTTPRoute', () => {
  it('matches by path, method, headers and query, the most specific first', async () => {
    await serve(plain(), [
      route([
        { backendRefs: [to('a')] },
        { matches: [{ path: { type: 'Exact', value: '/x' } }], backendRefs: [to('b')] },
        { matches: [{ path: { type: 'PathPrefix', value: '/x' }, method: 'POST' }], backendRefs: [to('c')] },
        {
          matches: [{ path: { value: '/x' }, headers: [{ name: 'Team', value: "o'k } \\" }] }],
          backendRefs: [to('d')],
        },
        { matches: [{ path: { value: '/q' }, queryParams: [{ name: 'v', value: '2' }] }], backendRefs: [to('b')] },
        { matches: [{ path: { type: 'RegularExpression', value: '/r/[0-9]+' } }], backendRefs: [to('c')] },
      ]),
    ]);
    expect(await who('any', '/')).toBe('a');
    expect(await who('any', '/x')).toBe('b');
    expect(await who('any', '/x/y')).toBe('a');
    expect(await who('any', '/x/y', { method: 'POST' })).toBe('c');
    expect(await who('any', '/x/y', { headers: { team: "o'k } \\" } })).toBe('d');
    expect(await who('any', '/x/y', { headers: { team: 'other' } })).toBe('a');
    expect(await who('any', '/q?v=2')).toBe('b');
    expect(await who('any', '/q?v=3')).toBe('a');
    expect(await who('any', '/r/12')).toBe('c');
    expect(await who('any', '/r/12x')).toBe('a');
  });

  it('serves the hosts that it has in common with the listener', async () => {
    const front = gateway({ name: 'http', port, protocol: 'HTTP', hostname: '*.a.test' });
    const standing = await serve(front, [
      route([{ backendRefs: [to('a')] }], { hostnames: ['x.a.test', 'x.b.test'] }),
      {
        ...route([{ backendRefs: [to('b')] }], { hostnames: ['b.test'] }),
        metadata: { namespace: 'default', name: 's' },
      },
    ]);
    expect(await who('x.a.test', '/')).toBe('a');
    expect(await who('x.b.test', '/')).toBe(404);
    expect(await who('y.a.test', '/')).toBe(404);
    expect(conditionsOf(standing.routes[1]?.parents[0]?.conditions)['Accepted']).toBe('NoMatchingListenerHostname');
    expect(standing.gateways[0]?.listeners[0]?.attachedRoutes).toBe(1);
    await serve(front, [route([{ backendRefs: [to('a')] }])]);
    expect(await who('z.y.a.test', '/')).toBe('a'); // a wildcard of a Gateway stands for any number of labels
    expect(await who('a.test', '/')).toBe(404);
  });

  it('changes headers of requests and responses', async () => {
    await serve(plain(), [
      route([
        {
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: {
                set: [{ name: 'X-Set', value: '%[src] \'"} # ${HOME}' }],
                add: [{ name: 'X-Add', value: 'more' }],
                remove: ['X-Gone'],
              },
            },
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { set: [{ name: 'X-From', value: 'proxy' }], remove: ['Content-Type'] },
            },
          ],
          backendRefs: [to('a')],
        },
      ]),
    ]);
    const headers = { 'x-set': 'old', 'x-add': 'one', 'x-gone': 'yes' };
    const answer = await proxy.get('any', '/', { port, headers });
    const seen = (JSON.parse(answer.body) as { headers: Record<string, string> }).headers;
    expect(seen).toMatchObject({ 'x-set': '%[src] \'"} # ${HOME}', 'x-add': 'one, more' });
    expect(seen['x-gone']).toBeUndefined();
    expect(answer.headers).toMatchObject({ 'x-from': 'proxy' });
    expect(answer.headers['content-type']).toBeUndefined();
  });

  const rewrites = [
    ['/old', '/new', '/old', '/new'],
    ['/old', '/new', '/old/', '/new/'],
    ['/old/', '/new/', '/old/x?y=1', '/new/x?y=1'],
    ['/old', '/', '/old', '/'],
    ['/old', '/', '/old/x', '/x'],
    ['/', '/new', '/x', '/new/x'],
  ] as const;
  for (const [prefix, replacePrefixMatch, asked, seen] of rewrites) {
    it(`rewrites ${asked} to ${seen} where ${prefix} becomes ${replacePrefixMatch}`, async () => {
      const path = { type: 'ReplacePrefixMatch', replacePrefixMatch };
      await serve(plain(), [
        route([
          {
            matches: [{ path: { type: 'PathPrefix', value: prefix } }],
            filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'inner.test', path } }],
            backendRefs: [to('a')],
          },
        ]),
      ]);
      expect(await proxy.echo('any', asked, { port })).toMatchObject({ url: seen, headers: { host: 'inner.test' } });
    });
  }

  const redirects = [
    [{}, 302, (own: number) => `http://r.test:${own}/p/x?q=1`],
    [{ scheme: 'https', statusCode: 301 }, 301, () => 'https://r.test/p/x?q=1'],
    [{ hostname: 'new.test', port: 8080 }, 302, () => 'http://new.test:8080/p/x?q=1'],
    [{ path: { type: 'ReplaceFullPath', replaceFullPath: '/all' }, port: 80 }, 302, () => 'http://r.test/all?q=1'],
    [
      { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/n' }, statusCode: 308, port: 80 },
      308,
      () => 'http://r.test/n/x?q=1',
    ],
  ] as const;
  for (const [requestRedirect, status, location] of redirects) {
    it(`redirects by ${JSON.stringify(requestRedirect)}`, async () => {
      await serve(plain(), [
        route([{ matches: [{ path: { value: '/p' } }], filters: [{ type: 'RequestRedirect', requestRedirect }] }]),
      ]);
      const answer = await proxy.get('r.test', '/p/x?q=1', { port });
      expect([answer.status, answer.headers.location]).toEqual([status, location(port)]);
    });
  }

  it('shares requests out by weight', async () => {
    await serve(plain(), [route([{ backendRefs: [to('a', 3), to('b', 1), to('c', 0)] }])]);
    const counts: Record<string, number> = {};
    for (let index = 0; index < 400; index += 1) {
      const name = String(await who('any', '/'));
      counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(['a', 'b']);
    expect(counts['a']).toBeGreaterThan(250);
    expect(counts['b']).toBeGreaterThan(50);
  });

  it('refers to another namespace only where a ReferenceGrant lets it', async () => {
    const far = route([{ backendRefs: [{ ...to('far'), namespace: 'other' }] }]);
    const standing = await serve(plain(), [far]);
    expect(await who('any', '/')).toBe(500);
    expect(conditionsOf(standing.routes[0]?.parents[0]?.conditions)).toEqual({
      Accepted: 'Accepted',
      ResolvedRefs: 'RefNotPermitted',
    });
    const group = 'gateway.networking.k8s.io';
    const grant: ReferenceGrant = {
      metadata: { namespace: 'other', name: 'g' },
      spec: { from: [{ group, kind: 'HTTPRoute', namespace: 'default' }], to: [{ group: '', kind: 'Service' }] },
    };
    await serve(plain(), [far], [grant]);
    expect(await who('any', '/')).toBe('d');
  });

  it('is let in by the listener, or told that it is not', async () => {
    const foreign = route([{ backendRefs: [to('a')] }], {}, 'other');
    const standing = await serve(plain(), [foreign]);
    expect(conditionsOf(standing.routes[0]?.parents[0]?.conditions)['Accepted']).toBe('NotAllowedByListeners');
    const open = gateway({ name: 'http', port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } });
    const after = await serve(open, [foreign]);
    expect(conditionsOf(after.routes[0]?.parents[0]?.conditions)['Accepted']).toBe('Accepted');
  });

  it('with what is not supported answers 500 there, says so, and works elsewhere', async () => {
    const standing = await serve(plain(), [
      route([
        { matches: [{ path: { value: '/mirror' } }], filters: [{ type: 'RequestMirror' }], backendRefs: [to('a')] },
        { matches: [{ path: { type: 'RegularExpression', value: '(?=x)' } }], backendRefs: [to('a')] },
        { matches: [{ path: { value: '/ok' } }], backendRefs: [to('b')] },
      ]),
    ]);
    expect(await who('any', '/mirror')).toBe(500);
    expect(await who('any', '/ok')).toBe('b');
    expect(standing.routes[0]?.parents[0]?.conditions[0]).toMatchObject({
      type: 'Accepted',
      status: 'False',
      reason: 'UnsupportedValue',
      message: 'the filter RequestMirror is not supported',
    });
  });
});

describe('Gateway', () => {
  it('says of each listener what is wrong with it, and serves the others', async () => {
    const standing = await serve(
      gateway(
        { name: 'good', port, protocol: 'HTTP' },
        { name: 'tcp', port: 4_000, protocol: 'TCP' },
        { name: 'tls', port: 4_001, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'gone' }] } },
        { name: 'clash', port: proxy.httpsPort, protocol: 'HTTP' },
      ),
      [route([{ backendRefs: [to('a')] }], { parentRefs: [{ name: 'front', sectionName: 'good' }] })],
    );
    const [front] = standing.gateways;
    expect(conditionsOf(front?.conditions)).toEqual({ Accepted: 'ListenersNotValid', Programmed: 'Programmed' });
    const [good, tcp, tls, clash] = front?.listeners ?? [];
    expect(conditionsOf(good?.conditions)['Programmed']).toBe('Programmed');
    expect(conditionsOf(tcp?.conditions)['Accepted']).toBe('UnsupportedProtocol');
    expect(conditionsOf(tls?.conditions)['ResolvedRefs']).toBe('InvalidCertificateRef');
    expect(conditionsOf(clash?.conditions)['Conflicted']).toBe('ProtocolConflict');
    expect(await who('any', '/')).toBe('a');
  });
});
