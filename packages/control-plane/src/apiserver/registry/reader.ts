import { ApiError } from '@geobuk/api';
import type { ObjectKey } from '@geobuk/api';
import { deadline, DeadlineError } from '@geobuk/client';
import { StoreError } from '../../store/store.js';
import type {
  CacheBookmark,
  CachedObject,
  CacheEvent,
  ListResult,
  WatchCache,
  WatchCaches,
} from '../../watch-cache/watch-cache.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import { decodeContinue, encodeContinue } from './continue-token.js';
import { parseRevision } from './list-query.js';
import type { ListQuery, WatchQuery } from './list-query.js';
import { parseSelection } from './selection.js';
import type { Selection } from './selection.js';
import { selectServed, watchServed } from './served-selection.js';

/** How long a read waits for a revision that this server has not seen yet. */
const futureRevisionMs = 3_000;

export interface Page {
  readonly items: readonly CachedObject[];
  readonly resourceVersion: string;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
}

/** Every read of every resource, out of the watch caches. Follows: checklist 1.8 and 1.9. */
export class Reader {
  readonly #caches: WatchCaches;

  constructor({ caches }: { readonly caches: WatchCaches }) {
    this.#caches = caches;
  }

  /** @throws {ApiError} NotFound, Timeout (a resourceVersion from the future). */
  async get(
    resource: ServedResource,
    key: ObjectKey,
    resourceVersion: string | undefined,
    signal: AbortSignal,
  ): Promise<CachedObject> {
    await this.#reach(resourceVersion, signal);
    const found = this.#caches.cache(resource.prefix).get(key);
    if (found === undefined) throw ApiError.notFound(subjectOf(resource), key.name);
    return found;
  }

  /** @throws {ApiError} BadRequest, Expired, Timeout. */
  async list(
    resource: ServedResource,
    namespace: string | undefined,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<Page> {
    const selection = parseSelection(resource, namespace, query);
    const cache = this.#caches.cache(resource.prefix);
    const { limit, resourceVersion, resourceVersionMatch: match } = query;
    let after: string | undefined;
    let at: number | undefined;
    if (query.continue !== undefined) {
      if (resourceVersion !== undefined && resourceVersion !== '0') {
        throw ApiError.badRequest('specifying resource version is not allowed when using continue');
      }
      const token = decodeContinue(query.continue, resource.prefix);
      after = token.after;
      // 0: the inconsistent continuation of an expired token.
      at = token.revision === 0 ? undefined : token.revision;
      if (at === undefined) await this.#caches.fresh({ signal });
    } else {
      await this.#reach(resourceVersion, signal);
      const isExact = match === 'Exact' || (match === undefined && limit !== undefined);
      if (resourceVersion !== undefined && resourceVersion !== '0' && isExact) at = parseRevision(resourceVersion);
    }
    return this.#page(resource, cache, { ...selection, after, at, limit, signal }, query.continue !== undefined);
  }

  async #page(
    resource: ServedResource,
    cache: WatchCache,
    options: Parameters<WatchCache['list']>[0] & Pick<Selection, 'name' | 'servedFilter'>,
    continued: boolean,
  ): Promise<Page> {
    const { name, filter, namespace, limit, servedFilter } = options;
    if (
      name !== undefined &&
      servedFilter === undefined &&
      options.at === undefined &&
      (namespace !== undefined || !resource.type.namespaced)
    ) {
      const found = cache.get(namespace === undefined ? { name } : { namespace, name });
      const items = found !== undefined && filter?.(found) !== false ? [found] : [];
      return page(items, cache.revision, undefined, undefined);
    }
    const wanted =
      name === undefined ? filter : (object: CachedObject) => object.name === name && filter?.(object) !== false;
    try {
      const result = await this.#listed(resource, cache, { ...options, filter: wanted });
      const last = result.items.at(-1);
      const token =
        result.more && limit !== undefined && last !== undefined
          ? encodeContinue({ revision: result.revision, after: last.key })
          : undefined;
      return page(result.items, result.revision, token, token === undefined ? undefined : result.remaining);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.code === 'FutureRevision') throw tooLarge(options.at ?? 0, cache.revision);
      if (error.code !== 'Compacted') throw error;
      throw continued && options.after !== undefined ? expiredToken(options.after) : expiredRevision(options.at ?? 0);
    }
  }

  /** Where only the served version can say what passes, all are looked at before the page is cut. */
  async #listed(
    resource: ServedResource,
    cache: WatchCache,
    options: Parameters<WatchCache['list']>[0] & Pick<Selection, 'servedFilter'>,
  ): Promise<ListResult> {
    const { servedFilter, limit, signal } = options;
    if (servedFilter === undefined) return cache.list(options);
    const all = await cache.list({ ...options, limit: undefined });
    const items = await selectServed(resource, all.items, servedFilter, signal);
    const shown = limit === undefined ? items : items.slice(0, limit);
    return { ...all, items: shown, more: shown.length < items.length, remaining: undefined };
  }

  /**
   * Ends as the cache's watch ends, and when `signal` aborts.
   * @throws {ApiError} BadRequest at once; Expired at the first step.
   */
  async watch(
    resource: ServedResource,
    namespace: string | undefined,
    query: WatchQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<readonly (CacheEvent | CacheBookmark)[]>> {
    const { namespace: only, name, filter, servedFilter } = parseSelection(resource, namespace, query);
    const cache = this.#caches.cache(resource.prefix);
    const { resourceVersion, sendInitialEvents } = query;
    const isPlace = resourceVersion !== undefined && resourceVersion !== '0';
    const existing = sendInitialEvents ?? !isPlace;
    if (existing) await this.#reach(resourceVersion, signal);
    else if (!isPlace) await this.#caches.fresh({ signal });
    const after = existing ? 'existing' : isPlace ? parseRevision(resourceVersion) : cache.revision;
    const items = cache.watch({
      after,
      namespace: only,
      name: only !== undefined || !resource.type.namespaced ? name : undefined,
      filter:
        name !== undefined && only === undefined && resource.type.namespaced
          ? (object) => object.name === name && filter?.(object) !== false
          : filter,
      bookmarks: query.allowWatchBookmarks,
      signal,
    });
    const changes = translated(items, after);
    if (servedFilter === undefined) return changes;
    return watchServed(resource, changes, { filter: servedFilter, isWhole: after === 'existing', signal });
  }

  /** Waits until the caches show what `resourceVersion` asks for. */
  async #reach(resourceVersion: string | undefined, signal: AbortSignal): Promise<void> {
    if (resourceVersion === undefined || resourceVersion === '') {
      await this.#caches.fresh({ signal });
      return;
    }
    const wanted = parseRevision(resourceVersion);
    if (wanted <= this.#caches.revision) return;
    using limit = deadline(signal, futureRevisionMs);
    try {
      await this.#caches.waitUntil(wanted, { signal: limit.signal });
    } catch (error) {
      if (error instanceof DeadlineError) throw tooLarge(wanted, this.#caches.revision);
      throw error;
    }
  }
}

async function* translated(
  items: AsyncIterable<readonly (CacheEvent | CacheBookmark)[]>,
  after: number | 'existing',
): AsyncGenerator<readonly (CacheEvent | CacheBookmark)[], void, void> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'Compacted')
      throw ApiError.expired(`too old resource version: ${after}`);
    throw error;
  }
}

const page = (
  items: readonly CachedObject[],
  revision: number,
  token: string | undefined,
  remaining: number | undefined,
): Page => ({
  items,
  resourceVersion: String(revision),
  continue: token,
  remainingItemCount: remaining === 0 ? undefined : remaining,
});

const tooLarge = (wanted: number, current: number): ApiError =>
  ApiError.timeout(`Too large resource version: ${wanted}, current: ${current}`, [
    { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
  ]);

const expiredRevision = (at: number): ApiError =>
  ApiError.expired(`The resourceVersion for the provided list is too old: ${at}`);

/** 410 with a token that goes on at the newest revision (1.8.9). */
function expiredToken(after: string): ApiError {
  const { status } = ApiError.expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  return new ApiError({ ...status, metadata: { continue: encodeContinue({ revision: 0, after }) } });
}
