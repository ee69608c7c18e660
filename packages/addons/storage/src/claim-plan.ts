import { bytesOf } from '@geobuk/api';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import type { Place } from './local-volume.js';
import { isForUs, isOurs, localVolume, provisioner, selectedNodeAnnotation, volumeNameOf } from './local-volume.js';

export interface ClaimFacts {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass | undefined;
  /** The volume it is bound to, or the one that was made for it. */
  readonly volume: PersistentVolume | undefined;
  readonly place: Place;
  /** What may still be promised on this node. */
  readonly roomBytes: number;
}

export type ClaimPlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'provision'; readonly volume: PersistentVolume; readonly sizeBytes: number }
  /** It can never be made the way it is asked for. */
  | { readonly kind: 'refuse'; readonly message: string }
  /** No room here; the scheduler may find another node. */
  | { readonly kind: 'reschedule'; readonly message: string }
  | { readonly kind: 'grow'; readonly volume: PersistentVolume; readonly storage: string; readonly byBytes: number }
  | { readonly kind: 'cannotGrow'; readonly storage: string; readonly message: string }
  /** The claim does not say yet how large its volume is. */
  | { readonly kind: 'report'; readonly storage: string };

const nothing: ClaimPlan = { kind: 'nothing' };
const possibleModes = new Set(['ReadWriteOnce', 'ReadWriteOncePod']);
const size = (storage: string | undefined): number => bytesOf(storage ?? '0');

/** What a claim needs from this node. Pure. Follows: external provisioners and resizers. */
export function planClaim(facts: ClaimFacts): ClaimPlan {
  const { claim, volume } = facts;
  if (claim.metadata.deletionTimestamp !== undefined) return nothing;
  return (claim.spec.volumeName ?? '') === '' ? planNew(facts) : planBound(facts, volume);
}

function planNew({ claim, storageClass, volume, place, roomBytes }: ClaimFacts): ClaimPlan {
  if (!isForUs(claim) || storageClass?.provisioner !== provisioner) return nothing;
  const selected = claim.metadata.annotations?.[selectedNodeAnnotation];
  if (selected !== place.nodeName) return nothing;
  if (volume !== undefined) return nothing; // made already; the binder has not seen it yet
  const problem = problemOf(claim);
  if (problem !== undefined) return { kind: 'refuse', message: problem };
  const sizeBytes = size(claim.spec.resources?.requests?.['storage']);
  if (sizeBytes > roomBytes) {
    const message = `node ${place.nodeName} has ${readable(roomBytes)} left for local volumes, and ${readable(sizeBytes)} are asked for`;
    return { kind: 'reschedule', message };
  }
  return { kind: 'provision', volume: localVolume(claim, storageClass, place), sizeBytes };
}

/** What local directories cannot be. */
function problemOf({ spec }: PersistentVolumeClaim): string | undefined {
  const impossible = (spec.accessModes ?? []).filter((mode) => !possibleModes.has(mode));
  if (impossible.length > 0)
    return `access mode ${impossible.join(', ')} is not possible: a local volume is on one node (use ReadWriteOnce)`;
  if (spec.volumeMode === 'Block') return 'volumeMode Block is not possible: a local volume is a directory';
  if (spec.selector !== undefined) return 'spec.selector is not possible for volumes that are made on demand';
  if (spec.dataSource !== undefined || spec.dataSourceRef !== undefined)
    return 'spec.dataSource is not possible: local volumes begin empty';
  return undefined;
}

function planBound(
  { claim, storageClass, place, roomBytes }: ClaimFacts,
  volume: PersistentVolume | undefined,
): ClaimPlan {
  if (volume === undefined || volume.metadata.name !== claim.spec.volumeName) return nothing;
  if (!isOurs(volume, place) || volume.spec.claimRef?.uid !== claim.metadata.uid) return nothing;
  if (claim.status?.phase !== 'Bound') return nothing;
  const wanted = claim.spec.resources?.requests?.['storage'] ?? '0';
  const present = volume.spec.capacity?.['storage'] ?? '0';
  const byBytes = size(wanted) - size(present);
  if (byBytes > 0) {
    if (storageClass?.allowVolumeExpansion !== true)
      return {
        kind: 'cannotGrow',
        storage: wanted,
        message: `its class ${claim.spec.storageClassName ?? ''} does not allow expansion`,
      };
    if (byBytes > roomBytes) {
      const message = `node ${place.nodeName} has ${readable(roomBytes)} left for local volumes, and ${readable(byBytes)} more are asked for`;
      return { kind: 'cannotGrow', storage: wanted, message };
    }
    return { kind: 'grow', volume, storage: wanted, byBytes };
  }
  const isTold = claim.status.allocatedResourceStatuses?.['storage'] === undefined;
  if (isTold && size(claim.status.capacity?.['storage']) === size(present)) return nothing;
  return { kind: 'report', storage: present };
}

/** The volume that a claim is about: the one it names, or the one that would be made for it. */
export const volumeKeyOf = (claim: PersistentVolumeClaim): string => {
  const { volumeName = '' } = claim.spec;
  return volumeName === '' ? volumeNameOf(claim) : volumeName;
};

/** For people: `1.5 GiB`. */
export function readable(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = Math.max(0, bytes);
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${Number(amount.toFixed(1))} ${units[unit] ?? ''}`;
}
