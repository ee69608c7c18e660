import type { PodCgroups } from './cgroups.js';
import type { PodDirectories } from './pod-directories.js';
import type { PodRuntimes } from './pod-runtimes.js';
import type { PodSource } from './pod-source.js';

export interface OrphanPlaces {
  readonly source: PodSource;
  readonly runtimes: PodRuntimes;
  readonly directories: PodDirectories;
  readonly cgroups: PodCgroups | undefined;
}

/**
 * Pods that left something on this node and that the API does not know: in the runtimes, or only files or cgroups.
 * Asked at the start; what ends later is cleaned up by its worker.
 */
export async function findOrphans(
  { source, runtimes, directories, cgroups }: OrphanPlaces,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = new Set(await directories.uids());
  for (const runtime of runtimes.all) {
    for (const { pod } of await runtime.observeAll({ signal })) found.add(pod.uid);
  }
  for (const uid of (await cgroups?.uids()) ?? []) found.add(uid);
  return [...found].filter((uid) => source.byUid(uid) === undefined);
}
