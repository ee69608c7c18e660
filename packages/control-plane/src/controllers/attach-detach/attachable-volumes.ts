import { createHash } from 'node:crypto';
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import { claimsOfPod } from '../volume-protection/claims-of-pod.js';

/** A volume that has to be attached to a node before a kubelet there can mount it. */
export interface AttachableVolume {
  /** As `status.volumesAttached` and `status.volumesInUse` of nodes name it. */
  readonly uniqueName: string;
  readonly persistentVolume: string;
  readonly driver: string;
  readonly handle: string;
  /** Whether it may be attached to several nodes at once. */
  readonly shared: boolean;
}

export interface StorageListers {
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly drivers: Lister<CSIDriver>;
}

/** Follows: CSI plugin's volume names, `kubernetes.io/csi/<driver>^<handle>`. */
const uniqueNameOf = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`;

/** The name of the VolumeAttachment of a volume on a node: the same for whoever asks. Follows: getAttachmentName. */
export const attachmentName = ({ driver, handle }: AttachableVolume, nodeName: string): string =>
  `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;

/** Absent when nothing is to be attached: no CSI volume, or a driver that says so. An unknown driver is believed to want it. */
export function attachableVolume(
  volume: PersistentVolume,
  drivers: StorageListers['drivers'],
): AttachableVolume | undefined {
  const { csi, accessModes = [] } = volume.spec ?? {};
  if (csi === undefined) return undefined;
  if (drivers.get({ name: csi.driver })?.spec.attachRequired === false) return undefined;
  return {
    uniqueName: uniqueNameOf(csi.driver, csi.volumeHandle),
    persistentVolume: volume.metadata.name ?? '',
    driver: csi.driver,
    handle: csi.volumeHandle,
    shared: accessModes.length === 0 || accessModes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany'),
  };
}

/** What a pod needs attached, of claims that are bound to it and to nobody else. Pure. Follows: desired state of world populator. */
export function attachableVolumesOf(
  pod: Pod,
  { claims, volumes, drivers }: StorageListers,
): readonly AttachableVolume[] {
  return claimsOfPod(pod).flatMap((key) => {
    const claim = claims.get(key);
    const volume = volumes.get({ name: claim?.spec?.volumeName ?? '' });
    if (claim === undefined || volume === undefined || claim.status?.phase !== 'Bound') return [];
    if (volume.spec?.claimRef?.uid !== claim.metadata.uid) return [];
    return attachableVolume(volume, drivers) ?? [];
  });
}

/** Ended, or being deleted with no container left: its volumes may go. Follows: IsPodTerminated. */
export function isDoneWithVolumes({ metadata, status }: Pod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  if (metadata.deletionTimestamp === undefined) return false;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return containers.every(
    ({ state }) => state?.running === undefined && (state?.waiting ?? state?.terminated) !== undefined,
  );
}
