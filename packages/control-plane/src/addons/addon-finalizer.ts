import type { Addon } from '@geobuk/api';
import { addons, keyOf } from '@geobuk/api';
import type { Client } from '@geobuk/client';

/** Holds an Addon object until what it brought is removed: the inventory is in it. */
export const pruneFinalizer = 'addons.geobuk.dev/prune';

/** The addon with the finalizer set, or without it; writes only if that is a change. */
export async function withFinalizer(
  client: Client,
  addon: Addon,
  signal: AbortSignal,
  wanted: boolean = true,
): Promise<Addon> {
  const { finalizers = [], resourceVersion } = addon.metadata;
  if (finalizers.includes(pruneFinalizer) === wanted) return addon;
  const others = finalizers.filter((name) => name !== pruneFinalizer);
  const next = wanted ? [...others, pruneFinalizer] : others;
  const body = { metadata: { resourceVersion, finalizers: next } };
  return client.patch(addons, keyOf(addon), { type: 'merge', body }, { signal });
}
