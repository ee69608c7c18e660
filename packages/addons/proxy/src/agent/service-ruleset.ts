import { createHash } from 'node:crypto';
import type { NftChain, NftSet } from '@geobuk/addon-sdk';
import type { SharedSet } from './base-ruleset.js';
import type { ServicePortModel, Target } from './service-port.js';
import type { Door, SharedChain } from './shared-chains.js';
import { sharedChains, targetElements } from './shared-chains.js';

/** Everything of the ruleset that exists because of one Service. */
export interface ServiceRules {
  /** Of this Service alone. */
  readonly chains: ReadonlyMap<string, NftChain>;
  /** Used by other Services too; they stay as long as anybody uses them. */
  readonly shared: ReadonlyMap<string, NftChain>;
  /** Of this Service alone: who was sent where (session affinity). */
  readonly sets: ReadonlyMap<string, NftSet>;
  /** In the maps that all Services share: set, key and value. */
  readonly elements: readonly (readonly [SharedSet, string, string])[];
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/**
 * The rules for the ports of one Service. Pure.
 * @param podCIDR that of the cluster.
 */
export function serviceRuleset(ports: readonly ServicePortModel[], podCIDR: string): ServiceRules {
  const draft: Draft = { chains: new Map(), shared: new Map(), sets: new Map(), elements: [] };
  for (const model of ports) addPort(model, podCIDR, draft);
  return draft;
}

interface Draft {
  readonly chains: Map<string, NftChain>;
  readonly shared: Map<string, NftChain>;
  readonly sets: Map<string, NftSet>;
  readonly elements: (readonly [SharedSet, string, string])[];
}

function addPort(model: ServicePortModel, podCIDR: string, draft: Draft): void {
  const { protocol, port, clusterIPs, nodePort, internal, all } = model;
  const addressKey = (ip: string): string => `${ip} . ${protocol} . ${port}`;
  const outer = [...new Set([...model.externalIPs, ...model.loadBalancerIPs])];

  for (const target of all) if (target.isLocal) draft.elements.push(['hairpin', `${target.ip} . ${target.ip}`, '']);

  for (const ip of clusterIPs) {
    if (internal.length > 0)
      draft.elements.push(['services', addressKey(ip), `goto ${toCluster(model, ip, podCIDR, draft)}`]);
    // Nobody here although there are some elsewhere: the policy asks for silence, not for a refusal.
    else draft.elements.push(['no-endpoints', addressKey(ip), all.length > 0 ? 'goto drop-it' : 'goto reject-it']);
  }

  if (outer.length === 0 && nodePort === undefined) return;
  if (all.length === 0) {
    for (const ip of outer) draft.elements.push(['no-endpoints', addressKey(ip), 'goto reject-it']);
    if (nodePort !== undefined)
      draft.elements.push(['no-endpoint-nodeports', `${protocol} . ${nodePort}`, 'goto reject-it']);
    return;
  }
  for (const ip of outer) {
    const chain = fromOutside(model, 'address', `${ip} . ${port}`, podCIDR, draft);
    draft.elements.push(['services', addressKey(ip), `goto ${chain}`]);
  }
  if (nodePort !== undefined) {
    const chain = fromOutside(model, 'nodeport', String(nodePort), podCIDR, draft);
    draft.elements.push(['nodeports', `${protocol} . ${nodePort}`, `goto ${chain}`]);
  }

  if (model.sourceRanges.length > 0 && model.loadBalancerIPs.length > 0) {
    const firewall = `fw-${hash(model.id)}`;
    draft.chains.set(firewall, { rules: [...model.sourceRanges.map((range) => `ip saddr ${range} return`), 'drop'] });
    for (const ip of model.loadBalancerIPs) draft.elements.push(['firewall', addressKey(ip), `jump ${firewall}`]);
  }
}

/** @returns the chain for connections to this cluster IP. */
function toCluster(model: ServicePortModel, ip: string, podCIDR: string, draft: Draft): string {
  const { protocol, port, internal } = model;
  if (model.affinitySeconds > 0) {
    const chain = `svc-${hash(model.id)}`;
    const rules = [`ip saddr != ${podCIDR} jump mark-for-masquerade`, ...remembered(model, internal, draft)];
    draft.chains.set(chain, { rules });
    return chain;
  }
  draft.elements.push(...targetElements('address', protocol, `${ip} . ${port}`, internal));
  return use(sharedChains.internal(protocol, internal.length, podCIDR), draft);
}

/** @returns the chain for connections from outside by this door. */
function fromOutside(model: ServicePortModel, door: Door, key: string, podCIDR: string, draft: Draft): string {
  const { protocol, external, externalIsLocal } = model;
  if (model.affinitySeconds > 0) {
    const chain = `ext-${hash(model.id)}`;
    draft.chains.set(chain, { rules: rememberedFromOutside(model, podCIDR, draft) });
    return chain;
  }
  if (!externalIsLocal) {
    draft.elements.push(...targetElements(door, protocol, key, external));
    return use(sharedChains.external(door, protocol, external.length), draft);
  }
  // This node's own are among all, unless they only serve while they end and others are ready.
  const areAmongAll = external.every((target) => model.all.includes(target));
  const others = areAmongAll ? model.all.filter((target) => !external.includes(target)) : model.all;
  const numbers = { local: external.length, all: model.all.length, first: areAmongAll ? 0 : external.length };
  draft.elements.push(...targetElements(door, protocol, key, [...external, ...others]));
  return use(sharedChains.local(door, protocol, numbers, podCIDR), draft);
}

function use({ name, chain }: SharedChain, draft: Draft): string {
  draft.shared.set(name, chain);
  return name;
}

/** With the policy Local the client's address survives, and only this node's pods serve the world outside. */
function rememberedFromOutside(model: ServicePortModel, podCIDR: string, draft: Draft): readonly string[] {
  const { external } = model;
  if (!model.externalIsLocal) return ['jump mark-for-masquerade', ...remembered(model, external, draft)];
  const anywhere = `any-${hash(model.id)}`;
  draft.chains.set(anywhere, { rules: remembered(model, model.all, draft) });
  return [
    `ip saddr ${podCIDR} goto ${anywhere}`,
    'fib saddr type local jump mark-for-masquerade',
    `fib saddr type local goto ${anywhere}`,
    ...(external.length > 0 ? remembered(model, external, draft) : ['drop']),
  ];
}

/** Session affinity: sends a client to the target it had before, or else to one of them, each as likely as the other. */
function remembered(model: ServicePortModel, targets: readonly Target[], draft: Draft): readonly string[] {
  const { protocol, affinitySeconds } = model;
  const id = hash(model.id);
  const ends = targets.map(({ ip, port }) => {
    const end = hash(`${ip}:${port}`).slice(0, 12);
    const chain = `ep-${id}-${end}`;
    const set = `aff-${id}-${end}-${affinitySeconds}`;
    draft.sets.set(set, {
      kind: 'set',
      declaration: `type ipv4_addr ; flags dynamic,timeout ; size 65535 ; timeout ${affinitySeconds}s`,
      elements: new Map(),
    });
    draft.chains.set(chain, {
      rules: [`update @${set} { ip saddr }`, `meta l4proto ${protocol} dnat to ${ip}:${port}`],
    });
    return { chain, set };
  });
  return [
    ...ends.map(({ chain, set }) => `ip saddr @${set} goto ${chain}`),
    `numgen random mod ${ends.length} vmap { ${ends.map(({ chain }, index) => `${index} : goto ${chain}`).join(', ')} }`,
  ];
}
