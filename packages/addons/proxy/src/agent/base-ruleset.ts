import type { NftChain, NftRuleset, NftSet, NftTable } from '@geobuk/addon-sdk';

export const proxyTable = (clusterId: string): NftTable => ({ family: 'ip', name: `geobuk-${clusterId}-proxy` });

/** Set on connections that must come back through this node. The bit that kube-proxy uses for the same. */
const masqueradeBit = '0x4000';

const byAddress = 'type ipv4_addr . inet_proto . inet_service : verdict';
const byPort = 'type inet_proto . inet_service : verdict';

/** Maps and sets that all Services share, with what is in them by declaration. */
export const sharedSets = {
  services: ['map', byAddress],
  nodeports: ['map', byPort],
  'no-endpoints': ['map', byAddress],
  'no-endpoint-nodeports': ['map', byPort],
  firewall: ['map', byAddress],
  // Targets of all Services, numbered for each address and port: a random number finds one. One map for each protocol,
  // since nft takes the type of a port from one.
  'targets-tcp': ['map', 'typeof ip daddr . tcp dport . numgen random mod 65536 : ip daddr . tcp dport'],
  'targets-udp': ['map', 'typeof ip daddr . udp dport . numgen random mod 65536 : ip daddr . udp dport'],
  'targets-sctp': ['map', 'typeof ip daddr . sctp dport . numgen random mod 65536 : ip daddr . sctp dport'],
  'nodeport-targets-tcp': ['map', 'typeof tcp dport . numgen random mod 65536 : ip daddr . tcp dport'],
  'nodeport-targets-udp': ['map', 'typeof udp dport . numgen random mod 65536 : ip daddr . udp dport'],
  'nodeport-targets-sctp': ['map', 'typeof sctp dport . numgen random mod 65536 : ip daddr . sctp dport'],
  hairpin: ['set', 'type ipv4_addr . ipv4_addr'],
} as const satisfies Readonly<Record<string, readonly ['map' | 'set', string]>>;

export type SharedSet = keyof typeof sharedSets;

export const sharedSet = (name: SharedSet, elements: ReadonlyMap<string, string>): NftSet => ({
  kind: sharedSets[name][0],
  declaration: sharedSets[name][1],
  elements,
});

export interface BaseRulesetOptions {
  /** Node ports answer on 127.0.0.1. */
  readonly localhostNodePorts: boolean;
  /** Bridged traffic passes the rules on its way back; without, it needs this node's address to find it. */
  readonly bridgeIsFiltered: boolean;
  /** This node's share of the pod network, once it is known. */
  readonly nodePodCIDR: string | undefined;
}

/**
 * The chains that do not depend on any Service: one look-up in a map for a packet, however many Services there are.
 *
 * prerouting/output → services (address, protocol, port) or nodeports (protocol, port) → a chain for so many targets → dnat
 */
export function baseChains(options: BaseRulesetOptions): ReadonlyMap<string, NftChain> {
  const local = options.localhostNodePorts ? 'fib daddr type local' : 'fib daddr type local ip daddr != 127.0.0.0/8';
  const dispatch = [
    'ip daddr . meta l4proto . th dport vmap @services',
    `${local} meta l4proto . th dport vmap @nodeports`,
  ];
  const sameNode =
    options.bridgeIsFiltered || options.nodePodCIDR === undefined
      ? []
      : [`ct status dnat ip saddr ${options.nodePodCIDR} ip daddr ${options.nodePodCIDR} masquerade`];
  return new Map<string, NftChain>([
    ['mark-for-masquerade', { rules: [`meta mark set meta mark or ${masqueradeBit}`] }],
    ['reject-it', { rules: ['reject with icmp type port-unreachable'] }],
    ['drop-it', { rules: ['drop'] }],
    ['masquerade-it', { rules: [`meta mark set meta mark xor ${masqueradeBit}`, 'masquerade fully-random'] }],
    [
      'checks',
      {
        rules: [
          'ip daddr . meta l4proto . th dport vmap @firewall',
          'ip daddr . meta l4proto . th dport vmap @no-endpoints',
          `${local} meta l4proto . th dport vmap @no-endpoint-nodeports`,
        ],
      },
    ],
    ['services-nat', { rules: dispatch }],
    // Opening 127.0.0.0/8 to routing (route_localnet) must not open it to neighbours.
    [
      'guard-loopback',
      {
        hook: 'type filter hook prerouting priority raw',
        rules: options.localhostNodePorts ? ['iifname != "lo" ip daddr 127.0.0.0/8 drop'] : [],
      },
    ],
    [
      'filter-prerouting',
      { hook: 'type filter hook prerouting priority dstnat - 10', rules: ['ct state new jump checks'] },
    ],
    ['filter-output', { hook: 'type filter hook output priority -110', rules: ['ct state new jump checks'] }],
    ['nat-prerouting', { hook: 'type nat hook prerouting priority dstnat', rules: ['jump services-nat'] }],
    ['nat-output', { hook: 'type nat hook output priority -100', rules: ['jump services-nat'] }],
    [
      'nat-postrouting',
      {
        hook: 'type nat hook postrouting priority srcnat - 5',
        rules: [
          `meta mark and ${masqueradeBit} == ${masqueradeBit} goto masquerade-it`,
          'ip saddr . ip daddr @hairpin masquerade fully-random',
          ...sameNode,
        ],
      },
    ],
  ]);
}

/** The table without any Service. */
export function baseRuleset(options: BaseRulesetOptions): NftRuleset {
  const names = Object.keys(sharedSets) as SharedSet[];
  return {
    chains: baseChains(options),
    sets: new Map(names.map((name) => [name, sharedSet(name, new Map())])),
  };
}
