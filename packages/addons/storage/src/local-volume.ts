import { join } from 'node:path';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';

export const provisioner = 'geobuk.dev/local';
/** Keeps a volume's object until its directory is gone too. */
export const volumeFinalizer = 'geobuk.dev/local-volume';
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';
const provisionedBy = 'pv.kubernetes.io/provisioned-by';
const provisionerAnnotations = [
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
];
const hostnameLabel = 'kubernetes.io/hostname';

/** The node that a program looks after, and where its volumes are. */
export interface Place {
  readonly nodeName: string;
  /** What volumes select the node by: a label, not its name. */
  readonly hostname: string;
  readonly directory: string;
}

export const hostnameOf = ({ metadata }: Node): string => metadata.labels?.[hostnameLabel] ?? metadata.name ?? '';

/** Whether the cluster left it to this provisioner to make a volume for a claim. */
export const isForUs = ({ metadata }: PersistentVolumeClaim): boolean =>
  provisionerAnnotations.some((key) => metadata.annotations?.[key] === provisioner);

/** The same for the same claim, so that a second attempt meets the first. Follows: external provisioners. */
export const volumeNameOf = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid ?? ''}`;

/** Made by this provisioner on this node, and where this provisioner makes them: nobody else's path is ever touched. */
export function isOurs(volume: PersistentVolume, { hostname, directory }: Place): boolean {
  const { metadata, spec } = volume;
  if (metadata.annotations?.[provisionedBy] !== provisioner) return false;
  if (spec.local?.path !== join(directory, metadata.name ?? '')) return false;
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return terms.some(({ matchExpressions = [] }) =>
    matchExpressions.some(({ key, values = [] }) => key === hostnameLabel && values.includes(hostname)),
  );
}

/** The volume for a claim on this node. Follows: local volumes; what an external provisioner writes. */
export function localVolume(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  { hostname, directory }: Place,
): PersistentVolume {
  const { accessModes, resources } = claim.spec;
  const { namespace, name, uid } = claim.metadata;
  const volumeName = volumeNameOf(claim);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { [provisionedBy]: provisioner },
      finalizers: [volumeFinalizer],
    },
    spec: {
      capacity: { storage: resources?.requests?.['storage'] ?? '0' },
      accessModes,
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      ...(storageClass.mountOptions === undefined ? {} : { mountOptions: storageClass.mountOptions }),
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      local: { path: join(directory, volumeName) },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [hostname] }] }],
        },
      },
    },
  };
}
