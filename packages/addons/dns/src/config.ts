/** How the cluster resolves names; defaults stand in {@link dnsConfigSchema}. */
export interface DnsConfig {
  readonly replicas: number;
  readonly ttlSeconds: number;
  readonly pods: 'disabled' | 'insecure' | 'verified';
  readonly ignoreEmptyService: boolean;
  /** `/etc/resolv.conf`-like files or addresses, with an optional port: `192.0.2.1`, `192.0.2.1:5353`. */
  readonly upstreams: readonly string[];
  readonly stubDomains: Readonly<Record<string, readonly string[]>>;
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  readonly cache: {
    readonly maxEntries: number;
    readonly maxTtlSeconds: number;
    readonly maxNegativeTtlSeconds: number;
  };
  readonly forward: { readonly timeoutMs: number; readonly maxConcurrent: number };
  /** 0: chosen from the cluster's id, so that clusters on one machine do not meet. */
  readonly port: number;
}

const server = { type: 'string', pattern: '^(/.+|[0-9A-Fa-f.:]+|\\[[0-9A-Fa-f:]+\\]:\\d+)$' };

export const dnsConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    replicas: {
      type: 'integer',
      minimum: 1,
      maximum: 10,
      default: 1,
      description: 'Servers that share the load; each needs a node of its own.',
    },
    ttlSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      default: 5,
      description: 'How long clients may keep cluster names.',
    },
    pods: {
      enum: ['disabled', 'insecure', 'verified'],
      default: 'insecure',
      description: 'Names such as 10-42-0-9.default.pod.cluster.local.',
    },
    ignoreEmptyService: {
      type: 'boolean',
      default: false,
      description: 'Services without ready endpoints do not exist.',
    },
    upstreams: {
      type: 'array',
      minItems: 1,
      items: server,
      default: ['/etc/resolv.conf'],
      description: 'Who answers all other names.',
    },
    stubDomains: {
      type: 'object',
      additionalProperties: { type: 'array', minItems: 1, items: server },
      default: {},
      description: 'Domains that have servers of their own.',
    },
    hosts: {
      type: 'object',
      additionalProperties: { type: 'array', minItems: 1, items: { type: 'string' } },
      default: {},
      description: 'Fixed names and their addresses.',
    },
    cache: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        maxEntries: { type: 'integer', minimum: 0, default: 10_000 },
        maxTtlSeconds: { type: 'integer', minimum: 0, default: 3600 },
        maxNegativeTtlSeconds: { type: 'integer', minimum: 0, default: 1800 },
      },
      description: 'Bounds of the cache of other names.',
    },
    forward: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        timeoutMs: { type: 'integer', minimum: 100, maximum: 10_000, default: 2_000 },
        maxConcurrent: { type: 'integer', minimum: 1, default: 1_000 },
      },
      description: 'Patience with upstream servers.',
    },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'Port on the node; 0 chooses one from the cluster id.',
    },
  },
} as const;
