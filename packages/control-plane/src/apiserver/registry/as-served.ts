import { decodeCustomObject, defaultCustomObject } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { CacheBookmark, CachedObject, CacheEvent } from '../../watch-cache/watch-cache.js';
import { atVersion } from '../resources/served-resource.js';
import type { Converter, ServedResource } from '../resources/served-resource.js';
import { represent } from './write-options.js';
import type { Representation } from './write-options.js';

type Versions = Map<string, Representation>;
type Conversions = WeakMap<object, Versions>;

/** Converted once for each version, however many readers there are; a changed schema or webhook begins anew. */
const converted = new WeakMap<object, Conversions>();
/** What a webhook has been asked for and has not given yet: readers of the same object wait for the same answer. */
const underWay = new WeakMap<Converter, WeakMap<CachedObject, Map<string, Promise<void>>>>();

/** One call of a webhook carries at most so many objects, of at most so many bytes together (but always one). */
const mostObjects = 500;
const mostBytes = 2 * 1024 * 1024;

/** Whether the cached encoding of every one of `items` can go out as it is. */
export function isServedAsStored(resource: ServedResource, items: readonly CachedObject[]): boolean {
  const { custom } = resource;
  if (resource.apiVersion !== resource.storageApiVersion || custom?.hasOldVersions === true) return false;
  return custom === undefined || items.every(({ revision }) => revision > custom.schemaSince);
}

const isAsStored = (resource: ServedResource, { revision }: CachedObject): boolean =>
  resource.apiVersion === resource.storageApiVersion &&
  (resource.custom === undefined || (!resource.custom.hasOldVersions && revision > resource.custom.schemaSince));

/**
 * A cached object at the version that `resource` serves, pruned and with the defaults of its schema (3.3.2, 3.3.3).
 * What a webhook has to convert must have been made ready by {@link makeReady}.
 */
export function asServed(resource: ServedResource, cached: CachedObject): Representation {
  if (isAsStored(resource, cached)) return cached;
  const versions = versionsOf(resource, cached);
  let version = versions.get(resource.apiVersion);
  if (version === undefined) {
    if (needsWebhook(resource, cached)) throw new TypeError(`${cached.key} was not converted before it was served`);
    const object = coerced(resource, atVersion(resource, cached.object));
    version = object === cached.object ? cached : represent(object);
    versions.set(resource.apiVersion, version);
  }
  return version;
}

/** One object, with what its conversion takes. @throws {ApiError} InternalError: the conversion webhook failed. */
export async function served(
  resource: ServedResource,
  cached: CachedObject,
  signal: AbortSignal,
): Promise<Representation> {
  if (resource.custom?.converter !== undefined) await makeReady(resource, [cached], signal);
  return asServed(resource, cached);
}

/** The objects of a piece of a watch. */
export const objectsIn = (items: readonly (CacheEvent | CacheBookmark)[]): readonly CachedObject[] =>
  items.flatMap((item) => (item.type === 'BOOKMARK' ? [] : [item.current]));

/**
 * Has a webhook convert what it must before {@link asServed} is asked for it; without a webhook there is nothing to do.
 * @throws {ApiError} InternalError: the conversion webhook failed.
 */
export async function makeReady(
  resource: ServedResource,
  items: readonly CachedObject[],
  signal: AbortSignal,
): Promise<void> {
  const converter = resource.custom?.converter;
  if (converter === undefined) return;
  const pending = pendingOf(converter);
  const waits = new Set<Promise<void>>();
  let batch: CachedObject[] = [];
  let bytes = 0;
  const send = (): void => {
    if (batch.length === 0) return;
    const sent = batch;
    batch = [];
    bytes = 0;
    const done = convertAll(resource, converter, sent).finally(() => {
      for (const cached of sent) pending.get(cached)?.delete(resource.apiVersion);
    });
    for (const cached of sent) {
      const versions = pending.get(cached) ?? new Map<string, Promise<void>>();
      versions.set(resource.apiVersion, done);
      pending.set(cached, versions);
    }
    waits.add(done);
  };
  for (const cached of items) {
    if (isAsStored(resource, cached) || versionsOf(resource, cached).has(resource.apiVersion)) continue;
    if (!needsWebhook(resource, cached)) continue;
    const before = pending.get(cached)?.get(resource.apiVersion);
    if (before !== undefined) {
      waits.add(before);
      continue;
    }
    if (batch.length >= mostObjects || (batch.length > 0 && bytes + cached.jsonBytes > mostBytes)) send();
    batch.push(cached);
    bytes += cached.jsonBytes;
  }
  send();
  const outcomes = await Promise.allSettled(waits);
  signal.throwIfAborted();
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Others may wait for the same answer, so no single reader's going ends the call: the webhook's time limit does. */
async function convertAll(
  resource: ServedResource,
  converter: Converter,
  batch: readonly CachedObject[],
): Promise<void> {
  const objects = batch.map(({ object }) => object);
  const { signal } = new AbortController();
  const answers = await converter.convert(objects, resource.apiVersion, { signal });
  batch.forEach((cached, i) => {
    versionsOf(resource, cached).set(resource.apiVersion, represent(coerced(resource, answers[i]!)));
  });
}

/** What goes to the store, at the storage version. @throws {ApiError} InternalError: the conversion webhook failed. */
export async function atStorageVersion(
  resource: ServedResource,
  object: KubernetesObject,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  const { storageApiVersion, conversion, custom } = resource;
  if (object.apiVersion === storageApiVersion) return object;
  if (conversion !== undefined) return conversion.toStored(object);
  if (custom?.converter === undefined) return { ...object, apiVersion: storageApiVersion };
  const [stored] = await custom.converter.convert([object], storageApiVersion, { signal });
  return stored!;
}

const needsWebhook = ({ custom, apiVersion }: ServedResource, { object }: CachedObject): boolean =>
  custom?.converter !== undefined && object.apiVersion !== apiVersion;

/** Follows: what is read from storage is pruned and defaulted by the schema of the version that is asked for. */
function coerced({ custom, schema }: ServedResource, object: KubernetesObject): KubernetesObject {
  if (custom === undefined) return object;
  return defaultCustomObject(schema, decodeCustomObject(schema, object).object);
}

function versionsOf({ custom, schema }: ServedResource, cached: CachedObject): Versions {
  // A schema lives as long as its definition's version stays as it is.
  const owner: object = custom === undefined ? schema : (custom.schemaSource ?? schema);
  const scope = custom?.converter === undefined ? owner : scopeOf(owner, custom.converter);
  let objects = converted.get(scope);
  if (objects === undefined) converted.set(scope, (objects = new WeakMap()));
  let versions = objects.get(cached);
  if (versions === undefined) objects.set(cached, (versions = new Map()));
  return versions;
}

const scopes = new WeakMap<object, WeakMap<Converter, object>>();

/** One object for each pair of schema and webhook. */
function scopeOf(owner: object, converter: Converter): object {
  let byConverter = scopes.get(owner);
  if (byConverter === undefined) scopes.set(owner, (byConverter = new WeakMap()));
  let scope = byConverter.get(converter);
  if (scope === undefined) byConverter.set(converter, (scope = {}));
  return scope;
}

function pendingOf(converter: Converter): WeakMap<CachedObject, Map<string, Promise<void>>> {
  let pending = underWay.get(converter);
  if (pending === undefined) underWay.set(converter, (pending = new WeakMap()));
  return pending;
}
