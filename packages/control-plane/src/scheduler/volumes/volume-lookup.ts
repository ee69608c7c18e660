import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '@geobuk/api';
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  parseKey,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '@geobuk/api';
import type { Informers } from '@geobuk/client';

/** What is known of storage. */
export interface VolumeLookup {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumesOfClass(name: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  capacities(storageClass: string): readonly CSIStorageCapacity[];
}

const byClass = 'schedulerStorageClass';
const classOfVolume = ({ spec }: PersistentVolume): readonly string[] => [spec?.storageClassName ?? ''];
const classOfCapacity = ({ storageClassName }: CSIStorageCapacity): readonly string[] => [storageClassName];

export function volumeLookup(informers: Informers): VolumeLookup {
  informers.of(persistentVolumes).addIndex(byClass, classOfVolume);
  informers.of(csiStorageCapacities).addIndex(byClass, classOfCapacity);
  const claims = informers.of(persistentVolumeClaims).lister;
  const volumes = informers.of(persistentVolumes).lister;
  const classes = informers.of(storageClasses).lister;
  const nodes = informers.of(csiNodes).lister;
  const drivers = informers.of(csiDrivers).lister;
  const capacities = informers.of(csiStorageCapacities).lister;
  return {
    claim: (key) => claims.get(parseKey(key)),
    volume: (name) => volumes.get({ name }),
    volumesOfClass: (name) => volumes.byIndex(byClass, name),
    storageClass: (name) => classes.get({ name }),
    csiNode: (name) => nodes.get({ name }),
    csiDriver: (name) => drivers.get({ name }),
    capacities: (name) => capacities.byIndex(byClass, name),
  };
}

/** Bound for good: the claim names its volume and the binder has said that it is done. */
export const isBound = ({ metadata, spec, status }: PersistentVolumeClaim): boolean =>
  (spec?.volumeName ?? '') !== '' &&
  (metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined || status?.phase === 'Bound');
