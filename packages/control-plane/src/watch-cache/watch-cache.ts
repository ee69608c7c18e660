import type { KubernetesObject, ObjectKey } from '@geobuk/api';
import type { CallOptions, Revision } from '../store/store.js';

/**
 * One object as it stood at one revision. Shared by every reader: nobody writes to it.
 *
 * The store keeps compact JSON without `metadata.resourceVersion`, beginning `{"apiVersion":…,"kind":…,"metadata":{`;
 * what is served has `"resourceVersion":"N",` spliced in behind that brace. So nothing is encoded twice, and an object
 * that is only got, listed or watched is never parsed at all.
 */
export interface CachedObject {
  /** The whole key in the store: prefix, namespace where there is one, name. */
  readonly key: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** What `metadata.resourceVersion` says. */
  readonly revision: Revision;
  /** Parsed at first use, with `metadata.resourceVersion`. Let go under memory pressure and parsed again when asked for. */
  readonly object: KubernetesObject;
  /** `metadata.labels`; cheaper than `object` where a selector runs over many objects. */
  readonly labels: Readonly<Record<string, string>>;
  /** The JSON as served, without a newline at its end. Copied at each call (about a microsecond): ask once. */
  readonly json: Buffer;
  readonly jsonBytes: number;
  /** Writes the JSON as served to `target` from `offset`; there must be `jsonBytes` of room. */
  copyJson(target: Buffer, offset: number): void;
}

/** Whether a reader wants this object. Runs objects × watchers times: synchronous, without side effects. */
export type ObjectFilter = (object: CachedObject) => boolean;

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  /** Exactly this revision; absent: what the cache holds now. */
  readonly at?: Revision | undefined;
  /** Continue behind this key (exclusive; `CachedObject.key`). */
  readonly after?: string | undefined;
  /** At most so many objects that pass the filter. */
  readonly limit?: number | undefined;
  readonly filter?: ObjectFilter | undefined;
}

export interface ListResult {
  /** In key order. */
  readonly items: readonly CachedObject[];
  /** The revision that the list shows, for `metadata.resourceVersion` and for the next page's `at`. */
  readonly revision: Revision;
  /** Another object that passes the filter follows the last item. */
  readonly more: boolean;
  /** How many follow; undefined when there is a filter, which would have to look at each. */
  readonly remaining: number | undefined;
}

/**
 * One change as one kind of watcher sees it. Every watcher that sees the change the same way gets the very same
 * `CacheEvent`, so that what is derived of it (tables, other versions, other encodings) can be kept in a `WeakMap`.
 */
export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; for DELETED the last state that was seen, with the revision of the change. */
  readonly current: CachedObject;
  readonly revision: Revision;
  /** `{"type":…,"object":…}\n`; encoded at first use, one buffer for all watchers. */
  readonly frame: Buffer;
}

/** Nothing at or below `revision` comes later. The API server encodes it, since it knows the kind that it serves. */
export interface CacheBookmark {
  readonly type: 'BOOKMARK';
  readonly revision: Revision;
  /** All objects that existed when the watch began have been sent (`k8s.io/initial-events-end`). */
  readonly initialEventsEnd: boolean;
}

export interface WatchOptions extends CallOptions {
  /**
   * A revision: every change after it. `'existing'`: first ADDED for each object that the cache holds now, then a
   * bookmark with `initialEventsEnd`, then every change since.
   */
  readonly after: Revision | 'existing';
  readonly namespace?: string | undefined;
  /** One object; with `namespace` where the resource has them. Costs the others nothing. */
  readonly name?: string | undefined;
  /** An object that begins to pass comes as ADDED, one that ceases to pass as DELETED. Follows: watch with selectors. */
  readonly filter?: ObjectFilter | undefined;
  /** Also send a bookmark about once a minute. */
  readonly bookmarks?: boolean | undefined;
}

/** The objects of one resource, always in memory. */
export interface WatchCache {
  readonly prefix: string;
  /** How many objects there are. */
  readonly size: number;
  /** The newest revision that everything here shows. */
  readonly revision: Revision;
  /** From memory, at once. For a most recent answer `await caches.fresh()` first. */
  get(key: ObjectKey): CachedObject | undefined;
  /** Yields to the event loop on the way. @throws {StoreError} Compacted when `at` is too old, FutureRevision. */
  list(options: ListOptions): Promise<ListResult>;
  /**
   * Ends when `signal` aborts, when the reader has fallen behind by more than the history holds, when the cache is
   * dropped, or when the store lost its place; a client then lists and watches anew. Nobody waits for a slow reader.
   * Each item is at least one event or bookmark; write a whole item at once.
   * @throws {StoreError} Compacted at the first step when `after` is older than the history.
   */
  watch(options: WatchOptions): AsyncIterable<readonly (CacheEvent | CacheBookmark)[]>;

  // Writes: durable and seen by every cache of this process when they resolve. `object` is taken as it is, except for
  // `metadata.resourceVersion`, which is ignored; it is shared from then on, so nobody may write to it any more.
  /** @throws {StoreError} AlreadyExists, TooLarge, Unavailable. */
  create(key: ObjectKey, object: KubernetesObject, options: CallOptions): Promise<CachedObject>;
  /**
   * Replaces `current`. When the bytes are the same nothing is written and `current` comes back.
   * @throws {StoreError} NotFound, Conflict (it is no longer the newest), TooLarge, Unavailable.
   */
  update(current: CachedObject, object: KubernetesObject, options: CallOptions): Promise<CachedObject>;
  /** @returns the last state with the revision of the deletion. @throws {StoreError} NotFound, Conflict, Unavailable. */
  delete(current: CachedObject, options: CallOptions): Promise<CachedObject>;
}

/** All resources' caches over one store, fed by one watch of it. */
export interface WatchCaches {
  /**
   * The cache of one resource: the same one for the same prefix, made and loaded at first call (also while running, for
   * new CustomResourceDefinitions). @param prefix `/registry/<group>/<plural>/`, exactly these parts.
   */
  cache(prefix: string): WatchCache;
  /** Ends the cache's watches and forgets its objects; the store keeps them. */
  drop(prefix: string): void;
  /** The newest revision that all caches show. */
  readonly revision: Revision;
  /** Resolves once every cache shows `revision`; waits as long as it takes, so bring a deadline. */
  waitUntil(revision: Revision, options: CallOptions): Promise<void>;
  /**
   * Resolves once every cache shows all writes acknowledged before this call, of any process: what a read without a
   * resourceVersion needs. Costs next to nothing with the embedded store. @throws {StoreError} Unavailable.
   */
  fresh(options: CallOptions): Promise<Revision>;
  /** Resolves when all caches made so far are loaded. */
  whenReady(options: CallOptions): Promise<void>;
  /** Loads and follows the store until `signal` aborts. A store that lost its place is loaded anew. */
  run(signal: AbortSignal): Promise<void>;
}

/** What `createWatchCaches` (`create-watch-caches.ts`) needs; `now` and timers come by `clock`. */
export interface WatchCacheLimits {
  /** History that watches may resume from, for each resource; the oldest goes first. */
  readonly historyBytes: number;
  readonly historyMs: number;
  /** Time between two bookmarks. */
  readonly bookmarkMs: number;
}
