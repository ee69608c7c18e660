/** What a user may choose about the pod network. */
export interface NetworkConfig {
  /** Bytes; 0: that of the link with the default route. */
  readonly mtu: number;
  /** Pods reach the world under the address of their node. */
  readonly masquerade: boolean;
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
