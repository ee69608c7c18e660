import type { PersistentVolume, PersistentVolumeClaim } from '@geobuk/api';
import { nodeChanged } from '../cluster-event.js';
import type { PodInfo } from '../node-info.js';
import type { Refusal, SchedulerPlugin } from '../plugin.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';
import { isBound } from '../volumes/volume-lookup.js';
import { bytesLeftFor, capacityBytes, planVolumes, reachable, requestedBytes } from '../volumes/volume-plan.js';
import type { VolumeBindingArgs } from '../scheduler-config.js';
import { brokenLine } from './broken-line.js';

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

/** The fuller a volume gets, the better it was chosen; a new one is best where most is left. */
const fullest = [
  { utilization: 0, score: 0 },
  { utilization: 100, score: 10 },
];
const emptiest = [
  { utilization: 0, score: 10 },
  { utilization: 100, score: 0 },
];

/**
 * Keeps pods on nodes that reach their volumes, or where volumes for their claims can be found or made.
 * Prefers nodes where the volumes fit best.
 * Follows: VolumeBinding (WaitForFirstConsumer; VolumeCapacityPriority and StorageCapacityScoring).
 */
export function volumeBinding(
  { lookup, taken }: VolumeBindingDeps,
  { shape }: VolumeBindingArgs = {},
): SchedulerPlugin<VolumeState> {
  const pointsOfVolume = brokenLine(shape ?? fullest);
  const pointsOfPlace = brokenLine(shape ?? emptiest);
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

    preScore(pod) {
      const claims = pod.claims.flatMap((key) => lookup.claim(key) ?? []);
      const unbound = claims.filter((claim) => !isBound(claim));
      return unbound.length === 0 ? 'skip' : { state: { bound: [], unbound } };
    },

    score(_pod, node, { unbound }) {
      const plan = planVolumes(unbound, node, lookup, taken);
      if (typeof plan === 'string') return 0;
      const classes = new Map<string, { wanted: number; total: number; readonly made: boolean }>();
      const count = (claim: PersistentVolumeClaim, total: number, made: boolean): void => {
        const id = `${String(made)} ${claim.spec?.storageClassName ?? ''}`;
        const sum = classes.get(id) ?? { wanted: 0, total: 0, made };
        sum.wanted += requestedBytes(claim);
        // Volumes of one class are made from the same room.
        sum.total = made ? total : sum.total + total;
        classes.set(id, sum);
      };
      for (const { claim, volume } of plan.bind) count(claim, capacityBytes(volume), false);
      for (const claim of plan.provision) {
        const left = bytesLeftFor(claim, node, lookup);
        if (left !== undefined) count(claim, left, true);
      }
      if (classes.size === 0) return 0;
      let points = 0;
      for (const { wanted, total, made } of classes.values())
        points += made ? pointsOfPlace(wanted, total) : pointsOfVolume(wanted, total);
      return Math.round(points / classes.size);
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
