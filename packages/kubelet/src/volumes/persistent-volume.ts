import { persistentVolumeClaims, persistentVolumes, isNotFound } from '@geobuk/api';
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { claimOf } from '../pods/pod-references.js';
import type { ReferencedObjects } from '../pods/referenced-objects.js';
import { checkHostPath } from './host-path.js';
import { VolumeError } from './volume-error.js';

export interface ClaimDeps {
  readonly objects: ReferencedObjects;
  readonly client: Client;
}

export interface BoundClaim {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
}

/** @throws {VolumeError} there is none, it is not bound, or not this pod's. */
export async function boundClaim(
  pod: Pod,
  volume: Volume,
  { objects, client }: ClaimDeps,
  signal: AbortSignal,
): Promise<BoundClaim> {
  const name = claimOf(pod, volume) ?? '';
  const namespace = pod.metadata.namespace ?? '';
  const claim = await objects.get<PersistentVolumeClaim>(persistentVolumeClaims, { namespace, name }, signal);
  if (claim === undefined) throw new VolumeError(volume.name, `persistentvolumeclaim "${name}" not found`);
  if (volume.ephemeral !== undefined && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
    throw new VolumeError(
      volume.name,
      `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name}`,
    );
  }
  const { volumeName = '' } = claim.spec;
  if (volumeName === '' || claim.status?.phase !== 'Bound')
    throw new VolumeError(volume.name, `PVC ${namespace}/${name} is not bound`);
  const bound = await client
    .read<PersistentVolume>(persistentVolumes, { name: volumeName }, { signal })
    .catch((error: unknown) => {
      if (isNotFound(error))
        throw new VolumeError(volume.name, `persistentvolume "${volumeName}" not found`, { cause: error });
      throw error;
    });
  return { claim, volume: bound };
}

/**
 * The path on this node of a volume that lies on it. Follows: volumes of type local and hostPath.
 * @throws {VolumeError} nothing is there, or it is of a kind this node cannot mount.
 */
export async function localPath(name: string, { metadata, spec }: PersistentVolume): Promise<string> {
  const { local, hostPath, volumeMode } = spec;
  if (local !== undefined) {
    await checkHostPath(name, local.path, volumeMode === 'Block' ? 'BlockDevice' : 'Directory');
    return local.path;
  }
  if (hostPath !== undefined) {
    const type = hostPath.type ?? '';
    await checkHostPath(name, hostPath.path, type === '' ? 'DirectoryOrCreate' : type);
    return hostPath.path;
  }
  throw new VolumeError(name, `persistentvolume "${metadata.name}" is of a type that this node cannot mount`);
}
