/** What a user may choose about cluster DNS. */
export interface DnsConfig {
  /** UDP and TCP port of the node that the Service leads to; 0: one derived from the cluster's id. */
  readonly port: number;
  /** TCP port of the node for health and metrics; 0: one derived from the cluster's id. */
  readonly metricsPort: number;
  readonly replicas: number;
  /** Of answers about the cluster. */
  readonly ttlSeconds: number;
  /** Longest time an answer from outside is kept; 0: not at all. */
  readonly cacheSeconds: number;
  /** `address` or `address:port`; empty: those of the node's /etc/resolv.conf. */
  readonly upstreams: readonly string[];
  /** Domains that other servers know. */
  readonly stubDomains: Readonly<Record<string, readonly string[]>>;
  /** Names and their addresses, before anything else is asked. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  /** Whether `10-42-0-5.default.pod.<domain>` is answered, without a look whether there is such a pod. */
  readonly pods: 'insecure' | 'disabled';
}

const servers = { type: 'array', items: { type: 'string', minLength: 1 }, maxItems: 15 };
const port = { type: 'integer', minimum: 0, maximum: 65535, default: 0 };

export const dnsConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    port: { ...port, description: 'port of the node for DNS; 0 chooses one' },
    metricsPort: { ...port, description: 'port of the node for health and metrics; 0 chooses one' },
    replicas: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 1,
      description: 'how many servers, on as many nodes',
    },
    ttlSeconds: { type: 'integer', minimum: 0, maximum: 3600, default: 5, description: 'TTL of cluster names' },
    cacheSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 86400,
      default: 30,
      description: 'longest time to keep answers',
    },
    upstreams: { ...servers, default: [], description: 'servers for other names; empty: those of the node' },
    stubDomains: { type: 'object', additionalProperties: servers, default: {}, description: 'domain to its servers' },
    hosts: { type: 'object', additionalProperties: servers, default: {}, description: 'name to its addresses' },
    pods: { enum: ['insecure', 'disabled'], default: 'insecure', description: 'answer for names of pod addresses' },
  },
};
