import { accessModesText, none } from './cell-text.js';
import { ageCell, integer, nameCell, printer, wide } from './table.js';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../generated/types.js';

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const defaultClassAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

export const persistentVolumePrinter = printer<PersistentVolume>({
  Name: nameCell,
  Capacity: ({ spec }) => spec?.capacity?.['storage'] ?? '',
  'Access Modes': ({ spec }) => accessModesText(spec?.accessModes),
  'Reclaim Policy': ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
  Status: ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating'),
  Claim: ({ spec }) =>
    spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
  StorageClass: ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
  VolumeAttributesClass: ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
  Reason: ({ status }) => status?.reason ?? '',
  Age: ageCell,
  VolumeMode: wide(({ spec }) => spec?.volumeMode ?? '<unset>'),
});

export const persistentVolumeClaimPrinter = printer<PersistentVolumeClaim>({
  Name: nameCell,
  Status: ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating'),
  Volume: ({ spec }) => spec?.volumeName ?? '',
  Capacity: ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.['storage'] ?? '') : ''),
  'Access Modes': ({ spec, status }) => (spec?.volumeName ? accessModesText(status?.accessModes) : ''),
  StorageClass: ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
  VolumeAttributesClass: ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
  Age: ageCell,
  VolumeMode: wide(({ spec }) => spec?.volumeMode ?? '<unset>'),
});

export const storageClassPrinter = printer<StorageClass>({
  Name: ({ metadata }) => {
    const isDefault = defaultClassAnnotations.some((key) => metadata.annotations?.[key] === 'true');
    return isDefault ? `${metadata.name ?? ''} (default)` : (metadata.name ?? '');
  },
  Provisioner: ({ provisioner }) => provisioner ?? '',
  ReclaimPolicy: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete',
  VolumeBindingMode: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate',
  AllowVolumeExpansion: { type: 'boolean', cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
  Age: ageCell,
});

export const volumeAttributesClassPrinter = printer<VolumeAttributesClass>({
  Name: nameCell,
  DriverName: ({ driverName }) => driverName ?? '',
  Age: ageCell,
});

export const volumeAttachmentPrinter = printer<VolumeAttachment>({
  Name: nameCell,
  Attacher: ({ spec }) => spec?.attacher ?? '',
  PV: ({ spec }) => spec?.source?.persistentVolumeName ?? '',
  Node: ({ spec }) => spec?.nodeName ?? '',
  Attached: { type: 'boolean', cell: ({ status }) => status?.attached ?? false },
  Age: ageCell,
});

export const csiDriverPrinter = printer<CSIDriver>({
  Name: nameCell,
  AttachRequired: { type: 'boolean', cell: ({ spec }) => spec?.attachRequired ?? true },
  PodInfoOnMount: { type: 'boolean', cell: ({ spec }) => spec?.podInfoOnMount ?? false },
  StorageCapacity: { type: 'boolean', cell: ({ spec }) => spec?.storageCapacity ?? false },
  TokenRequests: ({ spec }) => (spec?.tokenRequests ?? []).map(({ audience }) => audience).join(',') || '<unset>',
  RequiresRepublish: { type: 'boolean', cell: ({ spec }) => spec?.requiresRepublish ?? false },
  Modes: ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(',') || none,
  Age: ageCell,
});

export const csiNodePrinter = printer<CSINode>({
  Name: nameCell,
  Drivers: integer(({ spec }) => spec?.drivers?.length ?? 0),
  Age: ageCell,
});

export const csiStorageCapacityPrinter = printer<CSIStorageCapacity>({
  Name: nameCell,
  StorageClassName: ({ storageClassName }) => storageClassName ?? '',
  Capacity: ({ capacity }) => capacity ?? '<unset>',
});
