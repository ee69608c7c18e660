import { readdir } from 'node:fs/promises';
import { ignoring } from '@geobuk/api';
import type { PodRuntimes } from './pod-runtimes.js';
import type { PodSource } from './pod-source.js';

/**
 * Pods that left something on this node and that the API does not know: in the runtimes, or only files.
 * Asked at the start; what ends later is cleaned up by its worker.
 */
export async function findOrphans(
  source: PodSource,
  runtimes: PodRuntimes,
  podsRoot: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const runtime of runtimes.all) {
    for (const { pod } of await runtime.observeAll({ signal })) found.add(pod.uid);
  }
  const missing = ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT');
  for (const uid of (await readdir(podsRoot).catch(missing)) ?? []) found.add(uid);
  return [...found].filter((uid) => source.byUid(uid) === undefined);
}
