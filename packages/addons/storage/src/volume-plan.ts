import type { PersistentVolume } from '@geobuk/api';
import type { Place } from './local-volume.js';
import { isOurs, volumeFinalizer } from './local-volume.js';

export type VolumePlan =
  | { readonly kind: 'nothing' }
  /** Take the directory away, then the object. */
  | { readonly kind: 'delete' }
  /** The object is going: let go of it. */
  | { readonly kind: 'release'; readonly removeDirectory: boolean };

const nothing: VolumePlan = { kind: 'nothing' };
const protection = 'kubernetes.io/pv-protection';

/**
 * What a volume needs from this node. Pure.
 * Follows: reclaim policies (Delete takes the data along, Retain keeps it), finalizers of external provisioners.
 */
export function planVolume(volume: PersistentVolume, place: Place): VolumePlan {
  if (!isOurs(volume, place)) return nothing;
  const { metadata, spec, status } = volume;
  const deletes = spec.persistentVolumeReclaimPolicy === 'Delete';
  if (metadata.deletionTimestamp === undefined)
    return deletes && status?.phase === 'Released' ? { kind: 'delete' } : nothing;
  const finalizers = metadata.finalizers ?? [];
  if (!finalizers.includes(volumeFinalizer)) return nothing;
  // Somebody still uses it; the end of that is an event.
  if (status?.phase === 'Bound' || finalizers.includes(protection)) return nothing;
  return { kind: 'release', removeDirectory: deletes };
}
