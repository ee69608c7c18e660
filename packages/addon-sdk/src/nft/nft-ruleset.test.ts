import { describe, expect, it } from 'vitest';
import type { NftChain, NftRuleset, NftSet } from './nft-ruleset.js';
import { diffNftRuleset, emptyRuleset, replaceNftTable } from './nft-ruleset.js';

const table = { family: 'ip', name: 't' };
const ruleset = (chains: Record<string, NftChain>, sets: Record<string, NftSet> = {}): NftRuleset => ({
  chains: new Map(Object.entries(chains)),
  sets: new Map(Object.entries(sets)),
});
const map = (elements: Record<string, string>): NftSet => ({
  kind: 'map',
  declaration: 'type ipv4_addr : verdict',
  elements: new Map(Object.entries(elements)),
});

describe('diffNftRuleset', () => {
  const one = ruleset({ a: { rules: ['accept'] } }, { m: map({ '1.1.1.1': 'goto a' }) });
  const cases: readonly (readonly [string, NftRuleset, NftRuleset, readonly string[]])[] = [
    ['nothing for the same', one, ruleset({ a: { rules: ['accept'] } }, { m: map({ '1.1.1.1': 'goto a' }) }), []],
    [
      'sets, chains, rules, elements in this order',
      emptyRuleset,
      one,
      [
        'add map ip t m { type ipv4_addr : verdict ; }',
        'add chain ip t a',
        'add rule ip t a accept',
        'add element ip t m { 1.1.1.1 : goto a }',
      ],
    ],
    [
      'a changed chain is filled anew, in place',
      one,
      ruleset({ a: { rules: ['drop'] } }, { m: map({ '1.1.1.1': 'goto a' }) }),
      ['flush chain ip t a', 'add rule ip t a drop'],
    ],
    [
      'an element that points elsewhere, and the chain it leaves',
      one,
      ruleset({ b: { rules: ['drop'] } }, { m: map({ '1.1.1.1': 'goto b' }) }),
      [
        'add chain ip t b',
        'delete element ip t m { 1.1.1.1 }',
        'add rule ip t b drop',
        'add element ip t m { 1.1.1.1 : goto b }',
        'flush chain ip t a',
        'delete chain ip t a',
      ],
    ],
    [
      'everything goes, maps before the chains they name',
      one,
      emptyRuleset,
      ['flush chain ip t a', 'delete map ip t m', 'delete chain ip t a'],
    ],
  ];
  for (const [title, before, after, expected] of cases) {
    it(title, () => expect(diffNftRuleset(table, before, after)).toEqual(expected));
  }

  it('cuts long lists of elements', () => {
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`k${index}`, '']));
    const commands = diffNftRuleset(table, emptyRuleset, ruleset({}, { m: { ...map(many), kind: 'set' } }));
    expect(commands).toHaveLength(3);
    expect(commands[2]).toBe('add element ip t m { k500 }');
  });

  it('replaces a table whatever it held', () => {
    expect(replaceNftTable(table, emptyRuleset)).toEqual(['add table ip t', 'delete table ip t', 'add table ip t']);
  });
});
