import type { PersistentVolume, PersistentVolumeClaim } from '@geobuk/api';
import { nodeChanged } from '../cluster-event.js';
import type { PodInfo } from '../node-info.js';
import type { Refusal, SchedulerPlugin } from '../plugin.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';
import { isBound } from '../volumes/volume-lookup.js';
import { planVolumes, reachable } from '../volumes/volume-plan.js';

const final = (reason: string): Refusal => ({ reason, preemptionHelps: false });
const conflict = final("node(s) didn't match PersistentVolume's node affinity");
const vanished = final('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
const problems = {
  noVolume: final("node(s) didn't find available persistent volumes to bind"),
  noSpace: final('node(s) did not have enough free storage'),
} as const;

interface VolumeState {
  readonly bound: readonly (PersistentVolume | undefined)[];
  readonly unbound: readonly PersistentVolumeClaim[];
}

export interface VolumeBindingDeps {
  readonly lookup: VolumeLookup;
  /** Volumes promised to pods that are being bound. */
  readonly taken: ReadonlySet<string>;
}

/**
 * Keeps pods on nodes that reach their volumes, or where volumes for their claims can be found or made.
 * Follows: VolumeBinding (WaitForFirstConsumer).
 */
export function volumeBinding({ lookup, taken }: VolumeBindingDeps): SchedulerPlugin<VolumeState> {
  return {
    name: 'VolumeBinding',

    preFilter(pod) {
      if (pod.claims.length === 0) return 'skip';
      const bound: (PersistentVolume | undefined)[] = [];
      const unbound: PersistentVolumeClaim[] = [];
      for (const key of pod.claims) {
        const claim = lookup.claim(key);
        const problem = claimProblem(key, claim, pod, lookup);
        if (problem !== undefined || claim === undefined) return { refusal: final(problem ?? '') };
        if (isBound(claim)) bound.push(lookup.volume(claim.spec?.volumeName ?? ''));
        else unbound.push(claim);
      }
      return { state: { bound, unbound } };
    },

    filter(_pod, node, { bound, unbound }) {
      for (const volume of bound) {
        if (volume === undefined) return vanished;
        if (!reachable(volume, node)) return conflict;
      }
      if (unbound.length === 0) return undefined;
      const plan = planVolumes(unbound, node, lookup, taken);
      return typeof plan === 'string' ? problems[plan] : undefined;
    },

    wokenBy: (event) =>
      event.kind === 'claim' ||
      event.kind === 'volume' ||
      event.kind === 'storageClass' ||
      event.kind === 'csiNode' ||
      event.kind === 'storageCapacity' ||
      nodeChanged(event, 'added', 'labels'),
  };
}

function claimProblem(
  key: string,
  claim: PersistentVolumeClaim | undefined,
  { pod }: PodInfo,
  lookup: VolumeLookup,
): string | undefined {
  const name = key.slice(key.indexOf('/') + 1);
  const ephemeral = pod.spec.volumes?.some(
    (volume) => volume.ephemeral !== undefined && `${pod.metadata.name ?? ''}-${volume.name}` === name,
  );
  if (claim === undefined)
    return ephemeral === true
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  if (ephemeral === true && claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid) !== true)
    return `PVC ${key} was not created for pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''} (pod is not owner)`;
  if (claim.status?.phase === 'Lost')
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
  if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  if (isBound(claim)) return undefined;
  const { storageClassName = '', volumeName = '' } = claim.spec ?? {};
  const delayed = lookup.storageClass(storageClassName)?.volumeBindingMode === 'WaitForFirstConsumer';
  return delayed && volumeName === '' ? undefined : 'pod has unbound immediate PersistentVolumeClaims';
}
