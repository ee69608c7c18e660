import type { CachedObject } from '../../watch-cache/watch-cache.js';
import { atVersion } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import { represent } from './write-options.js';
import type { Representation } from './write-options.js';

/** Converted once for each version, however many readers there are. */
const converted = new WeakMap<CachedObject, Map<string, Representation>>();

/** Whether cached encodings can go out as they are. */
export const isServedAsStored = (resource: ServedResource): boolean =>
  resource.apiVersion === resource.storageApiVersion && resource.custom?.hasOldVersions !== true;

/** A cached object at the version that `resource` serves. */
export function asServed(resource: ServedResource, cached: CachedObject): Representation {
  if (isServedAsStored(resource)) return cached;
  let versions = converted.get(cached);
  if (versions === undefined) converted.set(cached, (versions = new Map()));
  let version = versions.get(resource.apiVersion);
  if (version === undefined) {
    const object = atVersion(resource, cached.object);
    version = object === cached.object ? cached : represent(object);
    versions.set(resource.apiVersion, version);
  }
  return version;
}
