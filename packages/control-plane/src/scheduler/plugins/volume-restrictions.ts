import type { Volume } from '@geobuk/api';
import { nodeChanged } from '../cluster-event.js';
import type { ClusterSnapshot, SchedulerPlugin } from '../plugin.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';

const diskTaken = { reason: 'node(s) had no available disk', preemptionHelps: true } as const;
const claimTaken = {
  reason: 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
  preemptionHelps: true,
} as const;

interface RestrictionState {
  readonly exclusive: readonly string[];
  readonly disks: readonly Volume[];
  readonly cluster: ClusterSnapshot;
}

/** Keeps a claim of one pod to that pod, and a disk that only one may write to one pod of a node. Follows: VolumeRestrictions. */
export function volumeRestrictions(lookup: VolumeLookup): SchedulerPlugin<RestrictionState> {
  return {
    name: 'VolumeRestrictions',
    preFilter({ pod, claims }, cluster) {
      const exclusive = claims.filter((key) => lookup.claim(key)?.spec?.accessModes?.includes('ReadWriteOncePod'));
      const disks = pod.spec.volumes?.filter(isDisk) ?? [];
      return exclusive.length + disks.length === 0 ? 'skip' : { state: { exclusive, disks, cluster } };
    },
    filter(_pod, node, { exclusive, disks, cluster }) {
      if (disks.length > 0) {
        for (const { pod } of node.pods.values())
          if (pod.spec.volumes?.some((taken) => disks.some((wanted) => sameDisk(wanted, taken)))) return diskTaken;
      }
      return exclusive.some((claim) => cluster.usersOfClaim(claim) > 0) ? claimTaken : undefined;
    },
    wokenBy: (event) => event.kind === 'podGone' || event.kind === 'claim' || nodeChanged(event, 'added'),
  };
}

const isDisk = ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): boolean =>
  (gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd) !== undefined;

/** The same disk, and not both only reading where that is allowed. Follows: isVolumeConflict. */
function sameDisk(a: Volume, b: Volume): boolean {
  const bothRead = (x: { readonly readOnly?: boolean | undefined }, y: { readonly readOnly?: boolean | undefined }) =>
    x.readOnly === true && y.readOnly === true;
  if (a.gcePersistentDisk !== undefined && b.gcePersistentDisk !== undefined)
    return (
      a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && !bothRead(a.gcePersistentDisk, b.gcePersistentDisk)
    );
  if (a.awsElasticBlockStore !== undefined && b.awsElasticBlockStore !== undefined)
    return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID;
  if (a.iscsi !== undefined && b.iscsi !== undefined) return a.iscsi.iqn === b.iscsi.iqn && !bothRead(a.iscsi, b.iscsi);
  if (a.rbd !== undefined && b.rbd !== undefined) {
    const { rbd: one } = a;
    const { rbd: two } = b;
    const monitors = one.monitors.some((monitor) => two.monitors.includes(monitor));
    return monitors && one.image === two.image && (one.pool ?? 'rbd') === (two.pool ?? 'rbd') && !bothRead(one, two);
  }
  return false;
}
