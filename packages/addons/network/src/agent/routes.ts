import type { Node } from '@geobuk/api';

export interface Route {
  /** The other node's share of the pod network. */
  readonly destination: string;
  readonly via: string;
}

export const podCIDRof = ({ spec }: Node): string | undefined =>
  [...(spec.podCIDRs ?? []), spec.podCIDR].find((cidr) => cidr !== undefined && !cidr.includes(':'));

const isIPv4 = (address: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(address);

export const internalAddressOf = ({ status }: Node): string | undefined =>
  status?.addresses?.find(({ type, address }) => type === 'InternalIP' && isIPv4(address))?.address;

/** The ways to the pods of all other nodes. */
export function wantedRoutes(nodes: readonly Node[], ownName: string): readonly Route[] {
  const own = nodes.find(({ metadata }) => metadata.name === ownName);
  const ownAddress = own === undefined ? undefined : internalAddressOf(own);
  return nodes.flatMap((node) => {
    const destination = podCIDRof(node);
    const via = internalAddressOf(node);
    if (node.metadata.name === ownName || destination === undefined || via === undefined || via === ownAddress)
      return [];
    return [{ destination, via }];
  });
}

/** Which routes to set and which to take away. */
export function diffRoutes(present: readonly Route[], wanted: readonly Route[]) {
  const byDestination = new Map(present.map(({ destination, via }) => [destination, via]));
  const destinations = new Set(wanted.map(({ destination }) => destination));
  return {
    replace: wanted.filter(({ destination, via }) => byDestination.get(destination) !== via),
    remove: present.filter(({ destination }) => !destinations.has(destination)),
  };
}
