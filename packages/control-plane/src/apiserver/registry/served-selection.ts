import type { KubernetesObject } from '@geobuk/api';
import type { CacheBookmark, CachedObject, CacheEvent } from '../../watch-cache/watch-cache.js';
import type { ServedResource } from '../resources/served-resource.js';
import { asServed, makeReady, objectsIn } from './as-served.js';

type Batch = readonly (CacheEvent | CacheBookmark)[];
type ServedFilter = (object: KubernetesObject) => boolean;

/** Those of `items` that pass at the version that is served. @throws {ApiError} the conversion webhook failed. */
export async function selectServed(
  resource: ServedResource,
  items: readonly CachedObject[],
  filter: ServedFilter,
  signal: AbortSignal,
): Promise<readonly CachedObject[]> {
  await makeReady(resource, items, signal);
  return items.filter((item) => filter(asServed(resource, item).object));
}

/**
 * A watch of those that pass: one that begins to pass comes as ADDED, one that ceases to as DELETED.
 * @param isWhole the watch began with all that exists, so what was not seen did not pass.
 * @throws {ApiError} at the next step: the conversion webhook failed.
 */
export async function* watchServed(
  resource: ServedResource,
  batches: AsyncIterable<Batch>,
  {
    filter,
    isWhole,
    signal,
  }: { readonly filter: ServedFilter; readonly isWhole: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Batch, void, void> {
  const passed = new Map<string, boolean>();
  for await (const batch of batches) {
    await makeReady(resource, objectsIn(batch), signal);
    const shown = batch.flatMap((item): Batch => {
      if (item.type === 'BOOKMARK') return [item];
      const { key } = item.current;
      const before = passed.get(key) ?? (isWhole ? false : undefined);
      const passes = item.type !== 'DELETED' && filter(asServed(resource, item.current).object);
      if (passes) passed.set(key, true);
      else if (isWhole) passed.delete(key);
      else passed.set(key, false);
      if (passes) return [withType(item, before === true ? 'MODIFIED' : 'ADDED')];
      return before === false ? [] : [withType(item, 'DELETED')];
    });
    if (shown.length > 0) yield shown;
  }
}

/** The same change as this watcher sees it. */
function withType(event: CacheEvent, type: CacheEvent['type']): CacheEvent {
  if (event.type === type) return event;
  const { current, revision } = event;
  return {
    type,
    current,
    revision,
    get frame() {
      return Buffer.from(`{"type":"${type}","object":${current.json.toString()}}\n`);
    },
  };
}
