import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { classOf, isFor, matchVolume } from './match-volume.js';

export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const selectedNode = 'volume.kubernetes.io/selected-node';
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
const defaultClass = 'storageclass.kubernetes.io/is-default-class';
/** Names no provisioner: volumes of such a class are made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner';

export type ClaimStep =
  | { readonly kind: 'nothing' }
  /** Both sides are to point at each other. */
  | { readonly kind: 'bind'; readonly volume: PersistentVolume }
  | { readonly kind: 'lost'; readonly reason: string; readonly message: string }
  | { readonly kind: 'wait'; readonly reason: string; readonly message: string }
  /** A provisioner outside makes the volume. */
  | { readonly kind: 'provision'; readonly provisioner: string }
  | { readonly kind: 'defaultClass'; readonly storageClassName: string };

/** What a claim needs next. Pure. Follows: persistent volume controller, syncUnboundClaim and syncBoundClaim. */
export function diffClaim(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  classes: readonly StorageClass[],
): ClaimStep {
  const { volumeName = '' } = claim.spec;
  const named = volumes.find(({ metadata }) => metadata.name === volumeName);
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return boundStep(claim, named);
  if (claim.metadata.deletionTimestamp !== undefined) return { kind: 'nothing' };
  if (volumeName !== '') {
    if (named === undefined) return waiting('FailedBinding', `volume "${volumeName}" does not exist`);
    if (named.spec.claimRef === undefined || isFor(named, claim)) return { kind: 'bind', volume: named };
    return waiting('FailedBinding', `volume "${volumeName}" already bound to a different claim.`);
  }
  const className = classOf(claim);
  if (className === undefined) {
    const standard = defaultOf(classes);
    if (standard !== undefined) return { kind: 'defaultClass', storageClassName: standard };
  }
  const storageClass = classes.find(({ metadata }) => metadata.name === className);
  const chosen = claim.metadata.annotations?.[selectedNode] !== undefined;
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !chosen;
  const volume = matchVolume(claim, volumes, storageClass?.volumeBindingMode === 'WaitForFirstConsumer');
  if (volume !== undefined) return { kind: 'bind', volume };
  if (delayed) return waiting('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  if (className === undefined || className === '')
    return waiting('FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
  if (storageClass === undefined)
    return waiting('ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`);
  if (storageClass.provisioner === noProvisioner)
    return waiting('FailedBinding', 'no persistent volumes available for this claim');
  return { kind: 'provision', provisioner: storageClass.provisioner };
}

function boundStep(claim: PersistentVolumeClaim, named: PersistentVolume | undefined): ClaimStep {
  if (named === undefined)
    return {
      kind: 'lost',
      reason: 'ClaimLost',
      message: 'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    };
  if (named.spec.claimRef === undefined || isFor(named, claim)) return { kind: 'bind', volume: named };
  const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
  return { kind: 'lost', reason: 'ClaimMisbound', message };
}

const waiting = (reason: string, message: string): ClaimStep => ({ kind: 'wait', reason, message });

/** The newest class that is marked; at the same age the first by name. */
export function defaultOf(classes: readonly StorageClass[]): string | undefined {
  return [...classes]
    .filter(({ metadata }) => metadata.annotations?.[defaultClass] === 'true')
    .sort(
      (a, b) =>
        (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') ||
        (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''),
    )[0]?.metadata.name;
}

/** The phase a volume is in, and whether its claim reference is to be taken back. Pure. Follows: syncVolume. */
export function diffVolume(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim | undefined,
): { readonly phase: string; readonly unbind: boolean } {
  const reference = volume.spec.claimRef;
  if (reference === undefined) return { phase: 'Available', unbind: false };
  // Set aside by hand for a claim that has not taken it yet.
  if (reference.uid === undefined || reference.uid === '') return { phase: 'Available', unbind: false };
  if (claim?.metadata.uid !== reference.uid) return { phase: 'Released', unbind: false };
  const { volumeName = '' } = claim.spec;
  if (volumeName === volume.metadata.name) return { phase: 'Bound', unbind: false };
  if (volumeName === '') return { phase: volume.status?.phase ?? 'Available', unbind: false };
  // The claim took another one meanwhile.
  return { phase: 'Available', unbind: volume.metadata.annotations?.[boundByController] !== undefined };
}
