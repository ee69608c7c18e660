import type { NftChain } from '@geobuk/addon-sdk';
import type { SharedSet } from './base-ruleset.js';
import type { ServicePortModel, Target } from './service-port.js';

type Protocol = ServicePortModel['protocol'];

/** By which key a connection finds its targets: address and port, or the port of a node alone. */
export type Door = 'address' | 'nodeport';

export interface SharedChain {
  readonly name: string;
  readonly chain: NftChain;
}

export const targetSet = (door: Door, protocol: Protocol): SharedSet =>
  door === 'nodeport' ? `nodeport-targets-${protocol}` : `targets-${protocol}`;

/** The elements that lead from one door to its targets, by number. */
export const targetElements = (
  door: Door,
  protocol: Protocol,
  key: string,
  targets: readonly Target[],
): readonly (readonly [SharedSet, string, string])[] =>
  targets.map(({ ip, port }, index) => [targetSet(door, protocol), `${key} . ${index}`, `${ip} . ${port}`]);

/** Sends a connection to one of `count` targets of its door, from number `first` on, each as likely as the other. */
function toOneOf(door: Door, protocol: Protocol, count: number, first = 0): string {
  const key = door === 'nodeport' ? `${protocol} dport` : `ip daddr . ${protocol} dport`;
  const set = targetSet(door, protocol);
  const offset = first === 0 ? '' : ` offset ${first}`;
  return `meta l4proto ${protocol} dnat to ${key} . numgen random mod ${count}${offset} map @${set}`;
}

/**
 * Chains in which nothing is about one Service: all with the same number of targets go through the same one, and what differs
 * stands in maps. A chain for each Service would be read back by nft at every change, whatever changed: 10 000 of them cost
 * more than the change itself.
 */
export const sharedChains = {
  /** To a cluster IP. Who comes from outside of the pod network must come back through this node. */
  internal: (protocol: Protocol, count: number, podCIDR: string): SharedChain => ({
    name: `internal-${protocol}-${count}`,
    chain: { rules: [`ip saddr != ${podCIDR} jump mark-for-masquerade`, toOneOf('address', protocol, count)] },
  }),

  /** From outside, to anywhere in the cluster. */
  external: (door: Door, protocol: Protocol, count: number): SharedChain => ({
    name: `external-${door}-${protocol}-${count}`,
    chain: { rules: ['jump mark-for-masquerade', toOneOf(door, protocol, count)] },
  }),

  /**
   * From outside with the policy Local: the client's address survives, and only this node's pods serve it, which are the first
   * `local` targets. Pods and the node itself are not outside: theirs are the `all` from number `first` on.
   */
  local: (
    door: Door,
    protocol: Protocol,
    { local, all, first }: { readonly local: number; readonly all: number; readonly first: number },
    podCIDR: string,
  ): SharedChain => ({
    name: `local-${door}-${protocol}-${local}-${all}-${first}`,
    chain: {
      rules: [
        `ip saddr ${podCIDR} ${toOneOf(door, protocol, all, first)}`,
        'fib saddr type local jump mark-for-masquerade',
        `fib saddr type local ${toOneOf(door, protocol, all, first)}`,
        local > 0 ? toOneOf(door, protocol, local) : 'drop',
      ],
    },
  }),
} as const;
