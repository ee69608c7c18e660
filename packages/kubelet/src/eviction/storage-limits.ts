import type { Pod } from '@geobuk/api';
import { bytesOf, canonicalQuantity } from '@geobuk/api';
import { bytesText } from './amount-text.js';

/** What a pod keeps on the node's disk, in bytes. */
export interface StorageUse {
  /** Writable layer and logs, by container. */
  readonly containers: ReadonlyMap<string, number>;
  /** By volume name; those in memory are not here. */
  readonly emptyDirs: ReadonlyMap<string, number>;
}

const limitOf = (limits: Readonly<Record<string, string>> | undefined): string | undefined =>
  limits?.['ephemeral-storage'];

const isOnDisk = ({ medium }: { readonly medium?: string | undefined }): boolean =>
  medium === undefined || medium === '';

/** Whether anything of this pod has to be measured. */
export const hasStorageLimits = ({ spec }: Pod): boolean =>
  spec.containers.some(({ resources }) => limitOf(resources?.limits) !== undefined) ||
  (spec.volumes ?? []).some(
    ({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.sizeLimit !== '0' && isOnDisk(emptyDir),
  );

/**
 * Why a pod that takes too much disk must go. Follows: localStorageEviction: emptyDir, pod, container, and their texts.
 * Pure.
 */
export function storageViolation(pod: Pod, { containers, emptyDirs }: StorageUse): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (emptyDir === undefined || limit === undefined || bytesOf(limit) === 0 || !isOnDisk(emptyDir)) continue;
    if ((emptyDirs.get(name) ?? 0) > bytesOf(limit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${canonicalQuantity(limit)}". `;
  }
  const limits = pod.spec.containers.map(({ name, resources }) => ({ name, limit: limitOf(resources?.limits) }));
  if (limits.length > 0 && limits.every(({ limit }) => limit !== undefined)) {
    const sum = limits.reduce((total, { limit = '0' }) => total + bytesOf(limit), 0);
    const used = [...containers.values(), ...emptyDirs.values()].reduce((total, bytes) => total + bytes, 0);
    if (used > sum)
      return `Pod ephemeral local storage usage exceeds the total limit of containers ${bytesText(sum)}. `;
  }
  for (const { name, limit } of limits) {
    if (limit === undefined || (containers.get(name) ?? 0) <= bytesOf(limit)) continue;
    return `Container ${name} exceeded its local ephemeral storage limit "${canonicalQuantity(limit)}". `;
  }
  return undefined;
}
