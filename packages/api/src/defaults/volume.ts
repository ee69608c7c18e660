import { fill, within, withinEach } from './fill.js';
import { pullPolicyOf } from './container.js';
import type { DownwardAPIVolumeFile, PersistentVolumeClaimSpec, Volume, VolumeProjection } from '../generated/types.js';

/** Files of Secrets, ConfigMaps and the like: 0644. */
const fileMode = 0o644;

/** Follows: SetDefaults_Volume and those of its sources. */
export function defaultVolume(volume: Volume): Volume {
  const hasSource = Object.keys(volume).some((key) => key !== 'name' && volume[key as keyof Volume] !== undefined);
  let result = hasSource ? volume : { ...volume, emptyDir: {} };
  result = within(result, 'secret', (source) => fill(source, { defaultMode: fileMode }));
  result = within(result, 'configMap', (source) => fill(source, { defaultMode: fileMode }));
  result = within(result, 'downwardAPI', (source) =>
    withinEach(fill(source, { defaultMode: fileMode }), 'items', defaultDownwardFile),
  );
  result = within(result, 'projected', (source) =>
    withinEach(fill(source, { defaultMode: fileMode }), 'sources', defaultProjection),
  );
  result = within(result, 'image', (source) => fill(source, { pullPolicy: pullPolicyOf(source.reference ?? '') }));
  result = within(result, 'ephemeral', (source) =>
    within(source, 'volumeClaimTemplate', (template) => within(template, 'spec', defaultClaimSpec)),
  );
  return defaultStorageSource(result);
}

/** Sources that volumes of pods and PersistentVolumes have in common. */
export function defaultStorageSource<T extends Pick<Volume, 'hostPath' | 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>>(
  source: T,
): T {
  let result: Pick<Volume, 'hostPath' | 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'> = source;
  result = within(result, 'hostPath', (path) => fill(path, { type: '' }));
  result = within(result, 'iscsi', (iscsi) => fill(iscsi, { iscsiInterface: 'default' }));
  result = within(result, 'rbd', (rbd) => fill(rbd, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }));
  result = within(result, 'azureDisk', (disk) =>
    fill(disk, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  );
  result = within(result, 'scaleIO', (io) => fill(io, { storageMode: 'ThinProvisioned', fsType: 'xfs' }));
  return result as T;
}

const defaultDownwardFile = (file: DownwardAPIVolumeFile): DownwardAPIVolumeFile =>
  within(file, 'fieldRef', (ref) => fill(ref, { apiVersion: 'v1' }));

function defaultProjection(projection: VolumeProjection): VolumeProjection {
  const result = within(projection, 'downwardAPI', (source) => withinEach(source, 'items', defaultDownwardFile));
  return within(result, 'serviceAccountToken', (token) => fill(token, { expirationSeconds: 3600 }));
}

/** Follows: SetDefaults_PersistentVolumeClaimSpec. */
export const defaultClaimSpec = (spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec =>
  fill(spec, { volumeMode: 'Filesystem' });
