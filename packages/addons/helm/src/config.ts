/** How helm is run; defaults stand in {@link helmConfigSchema}. */
export interface HelmConfig {
  /** Empty: `helm` in the PATH of the node. */
  readonly program: string;
  /** Folder of the node that `chart.path` is below; empty: such charts are refused. */
  readonly chartDirectory: string;
  /** Empty: any. */
  readonly node: string;
}

export const helmConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    program: {
      type: 'string',
      pattern: '^(/[^\\s]+)?$',
      default: '',
      description: 'The helm binary on the node; empty: the one in its PATH.',
    },
    chartDirectory: {
      type: 'string',
      pattern: '^(/[^/\\s][^\\s]*)?$',
      default: '',
      description: 'Folder of the node that chart.path is below; empty: such charts are refused.',
    },
    node: {
      type: 'string',
      pattern: '^([a-z0-9][a-z0-9.-]*)?$',
      default: '',
      description: 'The node that has helm; empty: any.',
    },
  },
} as const;
