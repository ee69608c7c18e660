/** Where the dashboard listens and how long log-ins last; defaults stand in {@link dashboardConfigSchema}. */
export interface DashboardConfig {
  readonly bind: string;
  /** 0: chosen from the cluster's id, so that clusters on one machine do not meet. */
  readonly port: number;
  /** Names besides the loopback ones by which browsers may ask for it. */
  readonly hosts: readonly string[];
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly session: { readonly idleMinutes: number; readonly maxHours: number };
}

export const dashboardConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    bind: {
      type: 'string',
      pattern: '^[0-9A-Fa-f.:]+$',
      default: '127.0.0.1',
      description: 'Address of the node to listen on; any but a loopback address needs tls.',
    },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'Port on the node; 0 chooses one from the cluster id.',
    },
    hosts: {
      type: 'array',
      items: { type: 'string', pattern: '^[A-Za-z0-9.:-]+$' },
      default: [],
      description: 'Names besides localhost by which browsers may ask for it.',
    },
    tls: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        certFile: { type: 'string', default: '' },
        keyFile: { type: 'string', default: '' },
      },
      description: 'PEM files on the node; both or none.',
    },
    session: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        idleMinutes: { type: 'integer', minimum: 1, maximum: 720, default: 30 },
        maxHours: { type: 'integer', minimum: 1, maximum: 72, default: 12 },
      },
      description: 'When a log-in ends: unused for so long, or so long after it began.',
    },
  },
} as const;
