/** What a user may choose about Services. */
export interface ProxyConfig {
  /** Node ports answer on 127.0.0.1 of the node too. */
  readonly localhostNodePorts: boolean;
  /** TCP port of the node for health; 0: one derived from the cluster's id. */
  readonly healthPort: number;
}

export const proxyConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    localhostNodePorts: { type: 'boolean', default: true, description: 'node ports answer on 127.0.0.1 too' },
    healthPort: {
      type: 'integer',
      minimum: 0,
      maximum: 65535,
      default: 0,
      description: 'port of health checks; 0 chooses one',
    },
  },
} as const;
