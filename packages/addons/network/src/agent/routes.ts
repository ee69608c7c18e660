import { BlockList, isIPv4 } from 'node:net';
import type { Node } from '@geobuk/api';
import type { NetworkConfig } from '../config.js';
import type { TunnelPeer } from './tunnel.js';
import { tunnelAddressOf } from './tunnel.js';

export interface Route {
  /** The other node's share of the pod network. */
  readonly destination: string;
  readonly via: string;
  /** Through our tunnel; otherwise by a link that reaches the other node directly. */
  readonly tunnelled: boolean;
}

/** How this node reaches the pods of all others. */
export interface Paths {
  readonly routes: readonly Route[];
  /** Nodes at the far end of the tunnel; without any there is no tunnel. */
  readonly peers: readonly TunnelPeer[];
}

export interface PathOptions {
  readonly backend: NetworkConfig['backend'];
  /** Whether an address answers on a link of this node, without a router in between. */
  readonly isOnLink: (address: string) => boolean;
}

export const podCIDRof = ({ spec }: Node): string | undefined =>
  [...(spec.podCIDRs ?? []), spec.podCIDR].find((cidr) => cidr !== undefined && !cidr.includes(':'));

export const internalAddressOf = ({ status }: Node): string | undefined =>
  status?.addresses?.find(({ type, address }) => type === 'InternalIP' && isIPv4(address))?.address;

/** Pure. The ways to the pods of all other nodes: a route where they are neighbours, the tunnel where they are not. */
export function wantedPaths(nodes: readonly Node[], ownName: string, { backend, isOnLink }: PathOptions): Paths {
  const own = nodes.find(({ metadata }) => metadata.name === ownName);
  const ownAddress = own === undefined ? undefined : internalAddressOf(own);
  const routes: Route[] = [];
  const peers: TunnelPeer[] = [];
  for (const node of nodes) {
    const destination = podCIDRof(node);
    const nodeAddress = internalAddressOf(node);
    if (node.metadata.name === ownName || destination === undefined) continue;
    if (nodeAddress === undefined || nodeAddress === ownAddress) continue;
    const tunnelled = backend === 'vxlan' || (backend === 'auto' && !isOnLink(nodeAddress));
    routes.push({ destination, via: tunnelled ? tunnelAddressOf(destination) : nodeAddress, tunnelled });
    if (tunnelled) peers.push({ podCIDR: destination, nodeAddress });
  }
  return { routes, peers };
}

/** Which routes to set and which to take away. */
export function diffRoutes(present: readonly Route[], wanted: readonly Route[]) {
  const byDestination = new Map(present.map((route) => [route.destination, route]));
  const destinations = new Set(wanted.map(({ destination }) => destination));
  return {
    replace: wanted.filter(({ destination, via, tunnelled }) => {
      const known = byDestination.get(destination);
      return known?.via !== via || known.tunnelled !== tunnelled;
    }),
    remove: present.filter(({ destination }) => !destinations.has(destination)),
  };
}

/** Whether an address lies in one of these networks, such as `192.0.2.0/24`, `198.51.100.1` or `default`. */
export function insideOf(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits = '32'] = (network === 'default' ? '0.0.0.0/0' : network).split('/');
    if (isIPv4(base)) list.addSubnet(base, Number(bits), 'ipv4');
  }
  return (address) => list.check(address.split('/')[0] ?? '', 'ipv4');
}
