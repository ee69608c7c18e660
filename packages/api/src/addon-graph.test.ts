import { describe, expect, it } from 'vitest';
import type { AddonNode } from './addon-graph.js';
import { addonClosure, addonConflicts, addonDependants, addonOrder, unmetCapabilities } from './addon-graph.js';

const node = (name: string, requires: readonly string[] = [], rest: Partial<AddonNode> = {}): AddonNode => ({
  name,
  provides: [name],
  requires,
  conflicts: [],
  ...rest,
});

describe('addonClosure (A2, A3)', () => {
  const diamond = [node('top', ['left', 'right']), node('left', ['base']), node('right', ['base']), node('base')];
  const cases: readonly {
    readonly title: string;
    readonly catalogue: readonly AddonNode[];
    readonly enabled?: readonly string[];
    readonly wanted: readonly string[];
    readonly expected: Partial<ReturnType<typeof addonClosure>>;
  }[] = [
    {
      title: 'a diamond holds its base once, providers first',
      catalogue: diamond,
      wanted: ['top'],
      expected: { order: ['base', 'left', 'right', 'top'], enable: ['base', 'left', 'right', 'top'], missing: [] },
    },
    {
      title: 'what is enabled already is not enabled again',
      catalogue: diamond,
      enabled: ['base', 'left'],
      wanted: ['top'],
      expected: { enable: ['right', 'top'] },
    },
    {
      title: 'a ring is enabled together and named',
      catalogue: [node('a', ['b']), node('b', ['c']), node('c', ['a'])],
      wanted: ['a'],
      expected: { enable: ['c', 'b', 'a'], cycles: [['a', 'b', 'c']] },
    },
    {
      title: 'a capability that nobody provides is missing, with who wants it',
      catalogue: [node('a', ['b']), node('b', ['moon'])],
      wanted: ['a'],
      expected: { missing: [{ addon: 'b', capability: 'moon', unfit: [] }] },
    },
    {
      title: 'a provider of another version than the one required is named, and is not enabled for it',
      catalogue: [node('app', ['dns@^2.0.0']), node('dns', [], { version: '1.4.0' })],
      wanted: ['app'],
      expected: { enable: ['app'], missing: [{ addon: 'app', capability: 'dns@^2.0.0', unfit: ['dns 1.4.0'] }] },
    },
    {
      title: 'of two providers the one whose version will do is taken',
      catalogue: [
        node('old', [], { provides: ['dns@1.0.0'], version: '7.0.0' }),
        node('new', [], { provides: ['dns'], version: '2.1.0' }),
        node('app', ['dns@>=2']),
      ],
      wanted: ['app'],
      expected: { order: ['new', 'app'], missing: [] },
    },
    {
      title: 'an enabled provider is preferred to the first of the catalogue',
      catalogue: [
        node('nginx', [], { provides: ['ingress'] }),
        node('haproxy', [], { provides: ['ingress'] }),
        node('app', ['ingress']),
      ],
      enabled: ['haproxy'],
      wanted: ['app'],
      expected: { enable: ['app'], order: ['haproxy', 'app'] },
    },
    {
      title: 'two providers of an exclusive capability conflict',
      catalogue: [
        node('bridge', [], { provides: ['pod-network'], conflicts: ['pod-network'] }),
        node('other', [], { provides: ['pod-network'], conflicts: ['pod-network'] }),
      ],
      enabled: ['bridge'],
      wanted: ['other'],
      expected: { conflicts: [{ addon: 'other', other: 'bridge', capability: 'pod-network' }] },
    },
  ];
  for (const { title, catalogue, enabled = [], wanted, expected } of cases) {
    it(title, () => expect(addonClosure(catalogue, new Set(enabled), wanted)).toMatchObject(expected));
  }
});

describe('addonDependants (A2)', () => {
  it('names those that would lack something, through others too', () => {
    const nodes = [node('network'), node('proxy', ['network']), node('dns', ['proxy']), node('registry')];
    expect(addonDependants('network', nodes)).toEqual(['proxy', 'dns']);
    expect(addonDependants('registry', nodes)).toEqual([]);
  });

  it('is nobody while another addon provides the same', () => {
    const nodes = [
      node('one', [], { provides: ['ingress'] }),
      node('two', [], { provides: ['ingress'] }),
      node('app', ['ingress']),
    ];
    expect(addonDependants('one', nodes)).toEqual([]);
  });

  it('does not count what was lacking before', () => {
    expect(addonDependants('a', [node('a'), node('b', ['moon'])])).toEqual([]);
  });
});

describe('addonConflicts, unmetCapabilities, addonOrder', () => {
  it('finds a conflict whichever side declares it', () => {
    const exclusive = node('a', [], { provides: ['x'], conflicts: ['x'] });
    const plain = node('b', [], { provides: ['x'] });
    expect(addonConflicts(plain, [exclusive, plain])).toEqual([{ addon: 'b', other: 'a', capability: 'x' }]);
    expect(addonConflicts(exclusive, [exclusive])).toEqual([]);
  });

  it('tells what is required and not there', () => {
    expect(unmetCapabilities(node('a', ['b', 'c']), [node('b')])).toEqual(['c']);
  });

  it('keeps the order given where nothing speaks against it', () => {
    expect(addonOrder([node('z'), node('a')]).order).toEqual(['z', 'a']);
  });
});
