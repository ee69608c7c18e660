/** Where volumes are and how much they may be; defaults stand in {@link storageConfigSchema}. */
export interface StorageConfig {
  /** Empty: `/var/lib/geobuk-volumes/<cluster id>`. Each node has a folder of its name in it. */
  readonly directory: string;
  /** What volumes of one node may be promised together; empty: the size of the file system less the reserve. */
  readonly capacity: string;
  readonly reservedPercent: number;
  readonly defaultClass: boolean;
  /** 0: chosen from the cluster's id, so that clusters on one machine do not meet. */
  readonly healthPort: number;
}

export const storageConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    directory: {
      type: 'string',
      pattern: '^(/[^/\\s][^\\s]*)?$',
      default: '',
      description: 'Folder of the nodes that holds the volumes; empty: /var/lib/geobuk-volumes/<cluster id>.',
    },
    capacity: {
      type: 'string',
      pattern: '^([0-9]+(\\.[0-9]+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?)?$',
      default: '',
      description:
        'What may be promised on each node, such as 100Gi; empty: the size of the file system less the reserve.',
    },
    reservedPercent: {
      type: 'integer',
      minimum: 0,
      maximum: 90,
      default: 10,
      description: 'Share of the file system that is never promised.',
    },
    defaultClass: {
      type: 'boolean',
      default: true,
      description: 'Claims that name no class get a local volume.',
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
