/** How use is measured; defaults stand in {@link metricsConfigSchema}. */
export interface MetricsConfig {
  readonly resolutionSeconds: number;
  readonly history: { readonly minutes: number; readonly maxSeries: number };
  /** 0: chosen from the cluster's id, so that clusters on one machine do not meet. */
  readonly port: number;
}

export const metricsConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    resolutionSeconds: {
      type: 'integer',
      minimum: 5,
      maximum: 300,
      default: 15,
      description: 'Time between two looks at each node.',
    },
    history: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        minutes: { type: 'integer', minimum: 5, maximum: 1_440, default: 60 },
        maxSeries: { type: 'integer', minimum: 100, maximum: 100_000, default: 5_000 },
      },
      description: 'How long and for how many nodes and containers use is remembered; eight bytes for each look.',
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
