/** What a user may choose about the pod network. */
export interface NetworkConfig {
  /** Bytes; 0: that of the link with the default route. */
  readonly mtu: number;
  /** Pods reach the world under the address of their node. */
  readonly masquerade: boolean;
  /** How nodes reach each other's pods: `auto` takes routes between neighbours and VXLAN where a router is between. */
  readonly backend: 'auto' | 'routes' | 'vxlan';
  /** UDP, the same on all nodes. */
  readonly vxlanPort: number;
  /** VXLAN network identifier; 0: one derived from the cluster's id. */
  readonly vxlanId: number;
  /** NetworkPolicy objects are enforced. */
  readonly networkPolicy: boolean;
  /** TCP port of the node for health and metrics; 0: one derived from the cluster's id. */
  readonly healthPort: number;
}

export const networkConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    mtu: {
      type: 'integer',
      minimum: 0,
      maximum: 65535,
      default: 0,
      description: 'MTU of pods; 0 takes that of the node',
    },
    masquerade: { type: 'boolean', default: true, description: 'pods reach the world under the address of their node' },
    backend: {
      type: 'string',
      enum: ['auto', 'routes', 'vxlan'],
      default: 'auto',
      description: 'between nodes: routes, vxlan, or each where it fits',
    },
    vxlanPort: { type: 'integer', minimum: 1, maximum: 65535, default: 4789, description: 'UDP port of VXLAN' },
    vxlanId: {
      type: 'integer',
      minimum: 0,
      maximum: 16777215,
      default: 0,
      description: 'VXLAN network identifier; 0 derives one from the cluster',
    },
    networkPolicy: { type: 'boolean', default: true, description: 'enforce NetworkPolicy objects' },
    healthPort: {
      type: 'integer',
      minimum: 0,
      maximum: 65535,
      default: 0,
      description: 'port of health checks; 0 chooses one',
    },
  },
} as const;
