import { createHash } from 'node:crypto';
import type { NftChain, NftSet } from '@geobuk/addon-sdk';
import type { SharedSet } from './base-ruleset.js';
import type { ServicePortModel, Target } from './service-port.js';

/** Everything of the ruleset that exists because of one Service. */
export interface ServiceRules {
  readonly chains: ReadonlyMap<string, NftChain>;
  /** Of this Service alone: who was sent where (session affinity). */
  readonly sets: ReadonlyMap<string, NftSet>;
  /** In the maps that all Services share: set, key and value. */
  readonly elements: readonly (readonly [SharedSet, string, string])[];
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Pure: the rules for the ports of one Service. `podCIDR` is that of the cluster. */
export function serviceRuleset(ports: readonly ServicePortModel[], podCIDR: string): ServiceRules {
  const chains = new Map<string, NftChain>();
  const sets = new Map<string, NftSet>();
  const elements: (readonly [SharedSet, string, string])[] = [];
  for (const model of ports) addPort(model, podCIDR, { chains, sets, elements });
  return { chains, sets, elements };
}

interface Draft {
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
    const rules = [`ip saddr != ${podCIDR} jump mark-for-masquerade`, ...balance(model, id, internal, draft)];
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
  if (!model.externalIsLocal) return ['jump mark-for-masquerade', ...balance(model, id, external, draft)];
  const anywhere = `any-${id}`;
  draft.chains.set(anywhere, { rules: balance(model, id, model.all, draft) });
  return [
    `ip saddr ${podCIDR} goto ${anywhere}`,
    'fib saddr type local jump mark-for-masquerade',
    `fib saddr type local goto ${anywhere}`,
    ...(external.length > 0 ? balance(model, id, external, draft) : ['drop']),
  ];
}

/** Sends a connection to one of the targets, each as likely as the other; with affinity to the one it had before. */
function balance(model: ServicePortModel, id: string, targets: readonly Target[], draft: Draft): readonly string[] {
  const { protocol, affinitySeconds } = model;
  if (affinitySeconds === 0) {
    const choices = targets.map(({ ip, port }, index) => `${index} : ${ip} . ${port}`).join(', ');
    const [only] = targets;
    if (targets.length === 1 && only !== undefined) return [`meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`];
    return [`meta l4proto ${protocol} dnat to numgen random mod ${targets.length} map { ${choices} }`];
  }
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
