import { createHash } from 'node:crypto';
import type { NftChain, NftSet } from '@geobuk/addon-sdk';
import type { SharedSet } from './base-ruleset.js';
import type { RangeAllocator } from './range-allocator.js';
import type { ServicePortModel, Target } from './service-port.js';

/** Everything of the ruleset that exists because of one Service. */
export interface ServiceRules {
  readonly chains: ReadonlyMap<string, NftChain>;
  /** Of this Service alone: who was sent where (session affinity). */
  readonly sets: ReadonlyMap<string, NftSet>;
  /** In the maps that all Services share: set, key and value. */
  readonly elements: readonly (readonly [SharedSet, string, string])[];
  /** Ranges of the shared targets that are in use. */
  readonly ranges: readonly string[];
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/**
 * The rules for the ports of one Service. Pure but for the numbers that `ranges` gives it.
 * @param podCIDR that of the cluster.
 */
export function serviceRuleset(
  ports: readonly ServicePortModel[],
  podCIDR: string,
  ranges: Pick<RangeAllocator, 'rangeFor'>,
): ServiceRules {
  const chains = new Map<string, NftChain>();
  const sets = new Map<string, NftSet>();
  const elements: (readonly [SharedSet, string, string])[] = [];
  const used = new Set<string>();
  for (const model of ports) addPort(model, podCIDR, { chains, sets, elements, ranges, used });
  return { chains, sets, elements, ranges: [...used] };
}

interface Draft {
  readonly ranges: Pick<RangeAllocator, 'rangeFor'>;
  readonly used: Set<string>;
  readonly chains: Map<string, NftChain>;
  readonly sets: Map<string, NftSet>;
  readonly elements: (readonly [SharedSet, string, string])[];
}

function addPort(model: ServicePortModel, podCIDR: string, draft: Draft): void {
  const { protocol, port, clusterIPs, nodePort, internal, external, all } = model;
  const id = hash(model.id);
  const addressKey = (ip: string): string => `${ip} . ${protocol} . ${port}`;
  const outer = [...new Set([...model.externalIPs, ...model.loadBalancerIPs])];

  for (const target of all) if (target.isLocal) draft.elements.push(['hairpin', `${target.ip} . ${target.ip}`, '']);

  const toCluster = `svc-${id}`;
  if (internal.length > 0) {
    const rules = [`ip saddr != ${podCIDR} jump mark-for-masquerade`, ...balance(model, `svc-${id}`, internal, draft)];
    draft.chains.set(toCluster, { rules });
  }
  for (const ip of clusterIPs) {
    if (internal.length > 0) draft.elements.push(['services', addressKey(ip), `goto ${toCluster}`]);
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
  const fromOutside = `ext-${id}`;
  draft.chains.set(fromOutside, { rules: externalRules(model, id, podCIDR, external, draft) });
  for (const ip of outer) draft.elements.push(['services', addressKey(ip), `goto ${fromOutside}`]);
  if (nodePort !== undefined) draft.elements.push(['nodeports', `${protocol} . ${nodePort}`, `goto ${fromOutside}`]);

  if (model.sourceRanges.length > 0 && model.loadBalancerIPs.length > 0) {
    const firewall = `fw-${id}`;
    draft.chains.set(firewall, { rules: [...model.sourceRanges.map((range) => `ip saddr ${range} return`), 'drop'] });
    for (const ip of model.loadBalancerIPs) draft.elements.push(['firewall', addressKey(ip), `jump ${firewall}`]);
  }
}

/** With the policy Local the client's address survives, and only this node's pods serve the world outside. */
function externalRules(
  model: ServicePortModel,
  id: string,
  podCIDR: string,
  external: readonly Target[],
  draft: Draft,
): readonly string[] {
  if (!model.externalIsLocal) return ['jump mark-for-masquerade', ...balance(model, `ext-${id}`, external, draft)];
  const anywhere = `any-${id}`;
  draft.chains.set(anywhere, { rules: balance(model, anywhere, model.all, draft) });
  return [
    `ip saddr ${podCIDR} goto ${anywhere}`,
    'fib saddr type local jump mark-for-masquerade',
    `fib saddr type local goto ${anywhere}`,
    ...(external.length > 0 ? balance(model, `ext-${id}`, external, draft) : ['drop']),
  ];
}

/**
 * Sends a connection to one of the targets, each as likely as the other; with affinity to the one it had before. The
 * targets stand in a map that all Services share: a map of its own for each would make the kernel search through all of
 * them by name, which takes a minute for 10 000 Services.
 * @param list names this list of targets among those of all Services.
 */
function balance(model: ServicePortModel, list: string, targets: readonly Target[], draft: Draft): readonly string[] {
  const { protocol, affinitySeconds } = model;
  if (affinitySeconds === 0) {
    const [only] = targets;
    if (targets.length === 1 && only !== undefined) return [`meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`];
    const start = draft.ranges.rangeFor(list, targets.length);
    draft.used.add(list);
    for (const [index, { ip, port }] of targets.entries())
      draft.elements.push([`targets-${protocol}`, String(start + index), `${ip} . ${port}`]);
    const choice = `numgen random mod ${targets.length} offset ${start}`;
    return [`meta l4proto ${protocol} dnat to ${choice} map @targets-${protocol}`];
  }
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
