/** How traffic comes into the cluster; defaults stand in {@link ingressConfigSchema}. */
export interface IngressConfig {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Ingresses that name no class are for this addon. */
  readonly defaultClass: boolean;
  /** `bring` the definitions of the Gateway API, `use` those that are there, or `off`. */
  readonly gatewayApi: 'bring' | 'use' | 'off';
  /** What status shows; empty: the addresses of the nodes that run the proxy. */
  readonly publishAddresses: readonly string[];
  /** `<namespace>/<name>` of a Secret for clients that name no known host; empty: a self-signed one. */
  readonly defaultCertificate: string;
  readonly trustForwardedHeaders: boolean;
  readonly accessLog: boolean;
  readonly maxConnections: number;
  readonly timeoutSeconds: number;
  readonly drainSeconds: number;
  /** Install the proxy from the distribution's packages where it is missing. */
  readonly install: boolean;
  /** 0: chosen from the cluster's id, so that clusters on one machine do not meet. */
  readonly healthPort: number;
}

const port = { type: 'integer', minimum: 1, maximum: 65_535 } as const;

export const ingressConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    httpPort: { ...port, default: 80, description: 'Port of every node for HTTP.' },
    httpsPort: { ...port, default: 443, description: 'Port of every node for HTTPS.' },
    defaultClass: { type: 'boolean', default: true, description: 'Ingresses that name no class are for this addon.' },
    gatewayApi: {
      enum: ['bring', 'use', 'off'],
      default: 'bring',
      description: 'Bring the definitions of the Gateway API, use those that are there, or serve Ingress alone.',
    },
    publishAddresses: {
      type: 'array',
      items: { type: 'string', pattern: '^[0-9A-Za-z.:-]+$' },
      default: [],
      description: 'Addresses or names that status shows; empty: the nodes that run the proxy.',
    },
    defaultCertificate: {
      type: 'string',
      pattern: '^([a-z0-9-]+/[a-z0-9.-]+)?$',
      default: '',
      description: 'Secret (namespace/name) for clients that name no known host; empty: a self-signed certificate.',
    },
    trustForwardedHeaders: {
      type: 'boolean',
      default: false,
      description: 'Keep the X-Forwarded headers of clients: right behind another proxy only.',
    },
    accessLog: { type: 'boolean', default: true, description: 'One line for each request in the log of the pod.' },
    maxConnections: {
      type: 'integer',
      minimum: 100,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Connections of clients at the same time, on each node.',
    },
    timeoutSeconds: {
      type: 'integer',
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description: 'How long a client or a server may be silent within a request.',
    },
    drainSeconds: {
      type: 'integer',
      minimum: 1,
      maximum: 86_400,
      default: 600,
      description: 'How long connections may go on under a configuration of before.',
    },
    install: {
      type: 'boolean',
      default: true,
      description: "Install haproxy from the distribution's packages where it is missing.",
    },
    healthPort: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'Port on the node for health and metrics; 0 chooses one from the cluster id.',
    },
  },
} as const;
