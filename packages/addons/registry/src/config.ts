/** Where images are kept and who may what; defaults stand in {@link registryConfigSchema}. */
export interface RegistryConfig {
  readonly hostname: string;
  /** Empty: any node; the images are where the pod is. */
  readonly node: string;
  /** Empty: `/var/lib/geobuk-registry/<cluster id>`. */
  readonly directory: string;
  /** A PersistentVolumeClaim of kube-system; empty: `directory` on the node. */
  readonly claim: string;
  /** Empty: as much as the disk has. */
  readonly capacity: string;
  readonly anonymousPull: boolean;
  readonly sweepHours: number;
  readonly sweepUntagged: boolean;
  /** 0: chosen from the cluster's id, so that clusters on one machine do not meet. */
  readonly port: number;
}

export const registryConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    hostname: {
      type: 'string',
      pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$',
      default: 'registry.cluster.local',
      description: 'What names of images begin with.',
    },
    node: {
      type: 'string',
      pattern: '^([a-z0-9][a-z0-9.-]*)?$',
      default: '',
      description: 'The node that keeps the images; empty: any. Name one where there are several.',
    },
    directory: {
      type: 'string',
      pattern: '^(/[^/\\s][^\\s]*)?$',
      default: '',
      description: 'Folder of the node that holds the images; empty: /var/lib/geobuk-registry/<cluster id>.',
    },
    claim: {
      type: 'string',
      pattern: '^([a-z0-9][a-z0-9.-]*)?$',
      default: '',
      description: 'A PersistentVolumeClaim of kube-system that holds the images instead of a folder of the node.',
    },
    capacity: {
      type: 'string',
      pattern: '^([0-9]+(\\.[0-9]+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?)?$',
      default: '',
      description: 'What all images together may take, such as 50Gi; empty: as much as the disk has.',
    },
    anonymousPull: {
      type: 'boolean',
      default: true,
      description: 'Pulls need no log-in; without it, pods need imagePullSecrets.',
    },
    sweepHours: {
      type: 'integer',
      minimum: 1,
      maximum: 8_760,
      default: 24,
      description: 'How often contents that no manifest leads to are removed, and how long they are spared.',
    },
    sweepUntagged: {
      type: 'boolean',
      default: false,
      description: 'Manifests that no tag leads to are removed too.',
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
