import { defaultClaimSpec, defaultStorageSource } from './volume.js';
import { fill, within } from './fill.js';
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../generated/types.js';

/** Follows: SetDefaults_PersistentVolume. */
export function defaultPersistentVolume(volume: PersistentVolume): PersistentVolume {
  const result = within(volume, 'spec', (spec) =>
    defaultStorageSource(fill(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }) as never),
  );
  return within(fill(result, { status: {} }), 'status', (status) => fill(status, { phase: 'Pending' }));
}

/** Follows: SetDefaults_PersistentVolumeClaim. */
export function defaultPersistentVolumeClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const result = within(claim, 'spec', defaultClaimSpec);
  return within(fill(result, { status: {} }), 'status', (status) => fill(status, { phase: 'Pending' }));
}

/** Follows: SetDefaults_StorageClass. */
export const defaultStorageClass = (storageClass: StorageClass): StorageClass =>
  fill(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });

/** Follows: SetDefaults_CSIDriver. */
export const defaultCsiDriver = (driver: CSIDriver): CSIDriver =>
  within(driver, 'spec', (spec) =>
    fill(spec, {
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      volumeLifecycleModes: ['Persistent'],
      requiresRepublish: false,
      seLinuxMount: false,
    }),
  );
