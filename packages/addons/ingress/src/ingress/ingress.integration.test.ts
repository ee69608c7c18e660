import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IngressSpec } from '@geobuk/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingress, service, slice, viewOf } from '../testing/fixtures.js';
import type { Backend } from '../testing/proxy-under-test.js';
import { ProxyUnderTest, echoBackend } from '../testing/proxy-under-test.js';

let proxy: ProxyUnderTest;
const backends = new Map<string, Backend>();
const names = ['a', 'b', 'c', 'd', 'rest'];

beforeAll(async () => {
  proxy = await ProxyUnderTest.open();
  for (const name of names) backends.set(name, await echoBackend(name));
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const backend of backends.values()) await backend[Symbol.asyncDispose]();
});

const view = () =>
  viewOf({
    services: [...names, 'empty'].map((name) => service(name)),
    slices: names.map((name) => slice(name, backends.get(name)?.port ?? 0, ['127.0.0.1'])),
  });

type PathType = 'Exact' | 'Prefix' | 'ImplementationSpecific';
const path = (text: string, pathType: PathType, name: string) => ({
  path: text,
  pathType,
  backend: { service: { name, port: { number: 80 } } },
});
const rule = (host: string | undefined, ...paths: readonly ReturnType<typeof path>[]) => ({
  ...(host === undefined ? {} : { host }),
  http: { paths },
});

/** Which backend answers, or the status where none does. */
async function who(host: string, url: string): Promise<string | number> {
  const { status, headers } = await proxy.get(host, url);
  return status === 200 ? String(headers['x-from']) : status;
}

describe('Ingress', () => {
  const cases: readonly (readonly [string, IngressSpec, readonly (readonly [string, string, string | number])[]])[] = [
    [
      'a prefix matches whole path elements, with or without a slash at its end',
      { rules: [rule('p.test', path('/foo', 'Prefix', 'a'), path('/bar/', 'Prefix', 'b'))] },
      [
        ['p.test', '/foo', 'a'],
        ['p.test', '/foo/', 'a'],
        ['p.test', '/foo/x?y=/z', 'a'],
        ['p.test', '/foobar', 404],
        ['p.test', '/bar', 'b'],
        ['p.test', '/bar/x', 'b'],
        ['p.test', '/Foo', 404],
        ['p.test', '/', 404],
      ],
    ],
    [
      'an exact path matches itself alone, and goes before a prefix',
      { rules: [rule('e.test', path('/foo', 'Exact', 'a'), path('/foo', 'Prefix', 'b'), path('/x/', 'Exact', 'c'))] },
      [
        ['e.test', '/foo', 'a'],
        ['e.test', '/foo?q=1', 'a'],
        ['e.test', '/foo/', 'b'],
        ['e.test', '/foo/y', 'b'],
        ['e.test', '/x', 404],
        ['e.test', '/x/', 'c'],
      ],
    ],
    [
      'the longest prefix wins, whatever the order',
      { rules: [rule('l.test', path('/', 'Prefix', 'a'), path('/a/b', 'Prefix', 'b'), path('/a', 'Prefix', 'c'))] },
      [
        ['l.test', '/', 'a'],
        ['l.test', '/ab', 'a'],
        ['l.test', '/a', 'c'],
        ['l.test', '/a/bc', 'c'],
        ['l.test', '/a/b/c', 'b'],
      ],
    ],
    [
      'a wildcard stands for one label, and an exact host goes before it',
      { rules: [rule('*.w.test', path('/', 'Prefix', 'a')), rule('x.w.test', path('/', 'Prefix', 'b'))] },
      [
        ['y.w.test', '/', 'a'],
        ['x.w.test', '/', 'b'],
        ['X.W.test:8080', '/', 'b'],
        ['z.y.w.test', '/', 404],
        ['w.test', '/', 404],
      ],
    ],
    [
      'a rule without a host is for all hosts, after those that name one',
      { rules: [rule(undefined, path('/all', 'Prefix', 'a')), rule('h.test', path('/own', 'Prefix', 'b'))] },
      [
        ['anything', '/all', 'a'],
        ['h.test', '/own', 'b'],
        ['h.test', '/all', 'a'],
        ['anything', '/own', 404],
      ],
    ],
    [
      'what nothing matches goes to the default backend',
      {
        defaultBackend: { service: { name: 'rest', port: { name: 'http' } } },
        rules: [rule('d.test', path('/a', 'Prefix', 'a'))],
      },
      [
        ['d.test', '/a', 'a'],
        ['d.test', '/b', 'rest'],
        ['other.test', '/a', 'rest'],
      ],
    ],
    [
      'ImplementationSpecific is a prefix, and paths may need encoding',
      { rules: [rule('i.test', path('/이', 'ImplementationSpecific', 'a'), path('/a b', 'Exact', 'b'))] },
      [
        ['i.test', '/%EC%9D%B4/x', 'a'],
        ['i.test', '/a%20b', 'b'],
      ],
    ],
    [
      'a Service without endpoints answers 503',
      { rules: [rule('s.test', path('/', 'Prefix', 'empty'))] },
      [['s.test', '/', 503]],
    ],
  ];
  for (const [title, spec, expected] of cases) {
    it(title, async () => {
      const { problems } = await proxy.apply({ ingresses: [ingress('i', spec)], view: view() });
      expect(problems).toEqual([]);
      for (const [host, url, answer] of expected) expect(await who(host, url), `${host}${url}`).toBe(answer);
    });
  }

  it('of two that want the same path, the older one gets it', async () => {
    const older = ingress('z', { rules: [rule('o.test', path('/', 'Prefix', 'a'))] });
    const newer = ingress('y', { rules: [rule('o.test', path('/', 'Prefix', 'b'))] });
    const later = { ...newer, metadata: { ...newer.metadata, creationTimestamp: '2031-01-01T00:00:00Z' } };
    await proxy.apply({ ingresses: [later, older], view: view() });
    expect(await who('o.test', '/')).toBe('a');
  });

  it('is refused where a backend is no Service or is not there: the path answers 503, the rest works', async () => {
    const resource = { apiGroup: 'x.test', kind: 'Bucket', name: 'pictures' };
    const spec: IngressSpec = {
      rules: [
        rule('r.test', path('/gone', 'Prefix', 'gone'), path('/', 'Prefix', 'a')),
        { host: 'r.test', http: { paths: [{ path: '/res', pathType: 'Prefix', backend: { resource } }] } },
      ],
    };
    const { problems } = await proxy.apply({ ingresses: [ingress('i', spec)], view: view() });
    expect(problems.map(({ message }) => message)).toEqual([
      'Service default/gone not found; a backend that is the Bucket pictures is not supported: name a Service',
    ]);
    expect(await who('r.test', '/gone/x')).toBe(503);
    expect(await who('r.test', '/res')).toBe(503);
    expect(await who('r.test', '/')).toBe('a');
  });

  it('of another class is none of its business', async () => {
    const foreign = ingress('f', { ingressClassName: 'nginx', rules: [rule('f.test', path('/', 'Prefix', 'a'))] });
    const { ingresses } = await proxy.apply({ ingresses: [foreign], view: view() });
    expect(ingresses).toEqual([]);
    expect(await who('f.test', '/')).toBe(404);
  });

  it('brings no line into the configuration, whatever its host and paths say', async () => {
    const evil = [
      '/x\n  http-request return status 200',
      '/y /z a_b',
      '/\'; } # \\ " %[env(HOME)] ${HOME}',
      '/q{a}(b)|c`$(id)`',
    ];
    const spec: IngressSpec = {
      rules: [
        rule('h.test\nbackend x', path('/', 'Prefix', 'a')),
        rule("h.test' }", path('/', 'Prefix', 'a')),
        rule('h.test', ...evil.map((text) => path(text, 'Prefix', 'a')), path('/good', 'Exact', 'b')),
      ],
    };
    const { problems } = await proxy.apply({ ingresses: [ingress('i', spec)], view: view() });
    expect(problems[0]?.message).toContain('is no host name');
    expect(await who('h.test', '/good')).toBe('b');
    expect(await who('h.test', '/q%7Ba%7D(b)%7Cc%60$(id)%60')).toBe('a');
    const text = await readFile(join(proxy.directory, 'haproxy.cfg'), 'utf8');
    expect(text).not.toContain('return status 200');
    expect(text).not.toContain('HOME');
  });

  it('tells the backend who asked, and does not believe the client', async () => {
    const spec: IngressSpec = { rules: [rule('x.test', path('/', 'Prefix', 'a'))] };
    await proxy.apply({ ingresses: [ingress('i', spec)], view: view() });
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'bank.test' };
    const { headers } = await proxy.echo('x.test', '/', { headers: forged });
    expect(headers).toMatchObject({
      host: 'x.test',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'x.test',
    });
    await expect.poll(() => proxy.log.some((line) => line.includes('"x.test" "GET / HTTP/1.1"'))).toBe(true);
  });
});
