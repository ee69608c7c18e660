import { describe, expect, it } from 'vitest';
import { covers, intersectHosts, parseHostPattern } from './host-pattern.js';
import { safeHeaderName, safePath, safePattern, safeValue } from './safe-text.js';

describe('text for the configuration', () => {
  it('lets paths through as requests carry them', () => {
    expect(safePath('/a/b%2Fc~')).toBe('/a/b%2Fc~');
    expect(safePath("/a b'{}")).toBe('/a%20b%27%7B%7D');
    expect(safePath('/100%')).toBe('/100%25');
    for (const bad of ['a', '', '/a\nb', '/\0', `/${'x'.repeat(5_000)}`]) expect(safePath(bad)).toBeUndefined();
  });

  it('takes values of one line and names of plain letters', () => {
    expect(safeValue('%[src] "\' #')).toBe('%[src] "\' #');
    expect(safeValue('a\r\nSet-Cookie: x')).toBeUndefined();
    expect(safeHeaderName('X-Team_1.a')).toBe('X-Team_1.a');
    for (const bad of ['', 'a b', 'a)', 'a,b', "a'", 'a:b']) expect(safeHeaderName(bad)).toBeUndefined();
  });

  it('takes patterns that all engines read alike, and none that may run for ever', () => {
    for (const good of ['/api/v[0-9]+', '/(a|b)/.*', '\\d{2,4}', '[^/]+\\.json', '(?:x)?'])
      expect(safePattern(good), good).toBe(good);
    const bad = ['(?=x)', '(?<n>x)', '\\1', '\\p{L}', '[[:alpha:]]', '[]', '(a+)+', 'a++', '(', 'a{2000}', 'a\nb', ''];
    for (const pattern of bad) expect(safePattern(pattern), pattern).toBeUndefined();
  });
});

describe('hosts', () => {
  it('are host names, with a wildcard only in front', () => {
    for (const bad of ['a b', 'a_b', '-a', '*', '*.', 'a.*.b', '*a.b', "a'", 'a\nb', '10.0.0.1:80'])
      expect(parseHostPattern(bad, 'suffix'), bad).toBeUndefined();
    expect(parseHostPattern('WWW.Example.com', 'suffix')).toEqual({ kind: 'exact', name: 'www.example.com' });
  });

  const cases = [
    ['', 'a.test', 'a.test'],
    ['*.a.test', '', '*.a.test'],
    ['*.a.test', 'x.a.test', 'x.a.test'],
    ['*.a.test', 'y.x.a.test', 'y.x.a.test'],
    ['x.a.test', '*.a.test', 'x.a.test'],
    ['*.a.test', '*.b.a.test', '*.b.a.test'],
    ['*.b.a.test', '*.a.test', '*.b.a.test'],
    ['*.a.test', 'a.test', undefined],
    ['a.test', 'b.test', undefined],
  ] as const;
  for (const [listener, route, common] of cases) {
    it(`of a listener "${listener}" and a route "${route}" meet in ${common ?? 'nothing'}`, () => {
      const parse = (text: string) => parseHostPattern(text, 'suffix') ?? { kind: 'any' as const };
      const expected = common === undefined ? undefined : parse(common);
      expect(intersectHosts(parse(listener), parse(route))).toEqual(expected);
    });
  }

  it('of an Ingress have one label for the wildcard, those of a Gateway any number', () => {
    const one = parseHostPattern('*.a.test', 'oneLabel');
    const many = parseHostPattern('*.a.test', 'suffix');
    if (one === undefined || many === undefined) throw new Error('both are host names');
    expect([covers(one, 'x.a.test'), covers(one, 'y.x.a.test'), covers(one, 'a.test')]).toEqual([true, false, false]);
    expect([covers(many, 'x.a.test'), covers(many, 'y.x.a.test'), covers(many, 'a.test')]).toEqual([true, true, false]);
  });
});
