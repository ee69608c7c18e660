import { describe, expect, it } from 'vitest';
import { ProxyRuleset } from './proxy-ruleset.js';
import type { ServiceRules } from './service-ruleset.js';

const using = (...names: readonly string[]): ServiceRules => ({
  chains: new Map(),
  shared: new Map(names.map((name) => [name, { rules: ['accept'] }])),
  sets: new Map(),
  elements: [],
});
const chainsOf = ({ before, after }: ReturnType<ProxyRuleset['change']>) => [
  [...before.chains.keys()],
  [...after.chains.keys()],
];

describe('ProxyRuleset', () => {
  it('keeps a shared chain as long as a Service uses it', () => {
    const ruleset = new ProxyRuleset();
    expect(chainsOf(ruleset.change(new Map([['a', using('two')]])))).toEqual([[], ['two']]);
    expect(chainsOf(ruleset.change(new Map([['b', using('two')]])))).toEqual([['two'], ['two']]);
    expect(chainsOf(ruleset.change(new Map([['a', using('three')]])))).toEqual([['two'], ['two', 'three']]);
    expect(chainsOf(ruleset.change(new Map([['b', undefined]])))).toEqual([['two'], []]);
    const base = { localhostNodePorts: true, bridgeIsFiltered: true, nodePodCIDR: undefined };
    expect([...ruleset.whole(base).chains.keys()]).toContain('three');
    expect([...ruleset.whole(base).chains.keys()]).not.toContain('two');
  });

  it('exchanges users of a chain within one change', () => {
    const ruleset = new ProxyRuleset();
    ruleset.change(new Map([['a', using('two')]]));
    const change = ruleset.change(
      new Map<string, ServiceRules | undefined>([
        ['a', undefined],
        ['b', using('two')],
      ]),
    );
    expect(chainsOf(change)).toEqual([['two'], ['two']]);
  });
});
