export interface ConflistOptions {
  readonly clusterId: string;
  /** The node's share of the pod network. */
  readonly podCIDR: string;
  readonly mtu: number;
  /** Where host-local remembers who has which address. */
  readonly ipamDirectory: string;
}

/** Names with the cluster's id, since several clusters live on one machine. */
export const bridgeName = (clusterId: string): string => `gb${clusterId}`;
export const networkName = (clusterId: string): string => `geobuk-${clusterId}`;

/**
 * What the node's container runtime runs for each pod. Follows: CNI 1.0 network configuration list.
 * Masquerading is left to the agent's own table, which knows the whole pod network. Hairpin lets a pod reach itself by
 * way of a Service.
 */
export const conflist = (options: ConflistOptions): object => ({
  cniVersion: '1.0.0',
  name: networkName(options.clusterId),
  plugins: [
    {
      type: 'bridge',
      bridge: bridgeName(options.clusterId),
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      mtu: options.mtu,
      ipam: {
        type: 'host-local',
        dataDir: options.ipamDirectory,
        ranges: [[{ subnet: options.podCIDR }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ],
});
