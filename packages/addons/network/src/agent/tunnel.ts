/** Bytes that VXLAN puts around a packet: outer IPv4, UDP and VXLAN headers, and the inner Ethernet header. */
export const tunnelOverheadBytes = 50;

/** This node's end of the tunnel. */
export interface TunnelEnd {
  readonly podCIDR: string;
  /** The node's address, from which it sends. */
  readonly nodeAddress: string;
  readonly vni: number;
  /** UDP. */
  readonly port: number;
  readonly mtu: number;
}

/** The far end of the tunnel. */
export interface TunnelPeer {
  readonly podCIDR: string;
  readonly nodeAddress: string;
}

/** What the kernel is told about a far end: its address in the tunnel, its hardware address there, the node it is on. */
export interface TunnelNeighbour {
  readonly address: string;
  readonly hardware: string;
  readonly nodeAddress: string;
}

/** Names with the cluster's id, since several clusters live on one machine. */
export const tunnelName = (clusterId: string): string => `gv${clusterId}`;

/** Clusters that share a machine and a UDP port are told apart by this number of 24 bits. */
export const vniOf = (configured: number, clusterId: string): number =>
  configured === 0 ? Number.parseInt(clusterId, 16) & 0xffffff || 1 : configured;

/** A node's own address in the tunnel: the first of its share, which no pod is given. */
export const tunnelAddressOf = (podCIDR: string): string => podCIDR.split('/')[0] ?? '';

/** Follows from the share alone (locally administered, unicast), so that no node has to be asked for it. */
export const hardwareAddressOf = (podCIDR: string): string => {
  const octets = tunnelAddressOf(podCIDR).split('.').map(Number);
  return ['02', '67', ...octets.map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
};

export const neighbourOf = ({ podCIDR, nodeAddress }: TunnelPeer): TunnelNeighbour => ({
  address: tunnelAddressOf(podCIDR),
  hardware: hardwareAddressOf(podCIDR),
  nodeAddress,
});

/** Which far ends to tell the kernel about, and which to make it forget. */
export function diffNeighbours(present: readonly TunnelNeighbour[], wanted: readonly TunnelNeighbour[]) {
  const idOf = ({ address, hardware, nodeAddress }: TunnelNeighbour): string => `${address} ${hardware} ${nodeAddress}`;
  const known = new Set(present.map(idOf));
  const kept = new Set(wanted.map(({ address }) => address));
  return {
    set: wanted.filter((neighbour) => !known.has(idOf(neighbour))),
    forget: present.filter(({ address }) => !kept.has(address)),
  };
}
