import type { PersistentVolume, PersistentVolumeClaim } from '@geobuk/api';
import { compareQuantities, labelSelectorOf, matchesLabels } from '@geobuk/api';

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The class of a claim or a volume, the annotation of old first; undefined when nothing is said. */
export const classOf = ({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string | undefined =>
  metadata.annotations?.[classAnnotation] ?? spec.storageClassName;

const storageOf = (amounts: Readonly<Record<string, string>> | undefined): string => amounts?.['storage'] ?? '0';

/** Whether a volume was set aside for, or given to, this very claim. */
export function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec.claimRef;
  return (
    reference?.name === claim.metadata.name &&
    reference?.namespace === claim.metadata.namespace &&
    (reference?.uid === undefined || reference.uid === '' || reference.uid === claim.metadata.uid)
  );
}

function serves(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { accessModes = [], resources, volumeMode = 'Filesystem', volumeAttributesClassName = '' } = claim.spec;
  return (
    volume.metadata.deletionTimestamp === undefined &&
    (volume.spec.volumeMode ?? 'Filesystem') === volumeMode &&
    (volume.spec.volumeAttributesClassName ?? '') === volumeAttributesClassName &&
    compareQuantities(storageOf(volume.spec.capacity), storageOf(resources?.requests)) >= 0 &&
    accessModes.every((mode) => volume.spec.accessModes?.includes(mode))
  );
}

/**
 * The volume a claim gets: one set aside for it, else the smallest free one that serves. Pure.
 * Follows: FindMatchingVolume. While binding waits for a pod, only what was set aside counts.
 */
export function matchVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const candidates = volumes.filter((volume) => serves(volume, claim));
  const reserved = candidates.find((volume) => volume.spec.claimRef !== undefined && isFor(volume, claim));
  if (reserved !== undefined || delayed) return reserved;
  const selector = claim.spec.selector === undefined ? undefined : labelSelectorOf(claim.spec.selector);
  return candidates
    .filter(({ spec, status }) => spec.claimRef === undefined && (status?.phase ?? 'Available') === 'Available')
    .filter((volume) => (classOf(volume) ?? '') === (classOf(claim) ?? ''))
    .filter(({ metadata }) => selector === undefined || matchesLabels(selector, metadata.labels ?? {}))
    .sort(
      (a, b) =>
        compareQuantities(storageOf(a.spec.capacity), storageOf(b.spec.capacity)) ||
        (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''),
    )[0];
}
