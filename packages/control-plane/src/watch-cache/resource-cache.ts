import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KubernetesObject, ObjectKey } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { History } from '../store/mvcc/history.js';
import { Pulse } from '../store/mvcc/pulse.js';
import { SortedMap } from '../store/mvcc/sorted-map.js';
import { StoreError } from '../store/store.js';
import type { CallOptions, Revision, Store, StoredValue, StoreEvent } from '../store/store.js';
import { Change, existing } from './change.js';
import { StoredObject, encodeObject, placeOf } from './stored-object.js';
import type { ObjectPlace, Seal } from './stored-object.js';
import { Watchers, scopeOf } from './watchers.js';
import type { Watcher } from './watchers.js';
import type {
  CacheBookmark,
  CacheEvent,
  CachedObject,
  ListOptions,
  ListResult,
  ObjectFilter,
  WatchCache,
  WatchCacheLimits,
  WatchOptions,
} from './watch-cache.js';

export interface ResourceCacheDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: WatchCacheLimits;
  /** What the store's watch has shown so far, to all caches. */
  readonly feed: { readonly revision: Revision; waitUntil(revision: Revision, options: CallOptions): Promise<void> };
  /** The objects that buffers of this process were encoded from, until the store's watch brings them. */
  readonly written: WeakMap<Buffer, KubernetesObject>;
  readonly seal: Seal | undefined;
}

const loadPage = 1000;
/** A turn of the event loop is left to others after so long. */
const turnMs = 4;
/** Changes or events that a watch takes at once. */
const watchStep = 500;
/** Frames of older changes are let go: live watchers have had them, late ones have them made again. */
const framesKept = 1000;

/** See {@link WatchCache}. Fed by the dispatcher in `create-watch-caches.ts`, which alone calls `load` and `apply`. */
export class ResourceCache implements WatchCache {
  readonly prefix: string;
  readonly #deps: ResourceCacheDeps;
  readonly #watchers = new Watchers();
  #objects = new SortedMap<StoredObject>();
  #history: History<Change>;
  #loadedAt: Revision | undefined;
  /** The newest revision that changed an object here. */
  #changedAt: Revision = 0;
  /** Counts the times that the cache was loaded; watches of an earlier time end. */
  #life = 0;
  /** What came while the cache was loading. */
  #early: StoreEvent[] = [];

  constructor(prefix: string, deps: ResourceCacheDeps) {
    this.prefix = prefix;
    this.#deps = deps;
    this.#history = new History({ clock: deps.clock, limits: deps.limits }, 0);
  }

  get size(): number {
    return this.#objects.size;
  }

  get revision(): Revision {
    return this.#loadedAt === undefined ? 0 : Math.max(this.#loadedAt, this.#deps.feed.revision);
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#objects.get(this.#keyOf(key));
  }

  async list({ signal, namespace, at, after, limit = Infinity, filter }: ListOptions): Promise<ListResult> {
    signal.throwIfAborted();
    if (at !== undefined && at > this.revision) {
      throw new StoreError('FutureRevision', `revision ${at} is not reached, the newest is ${this.revision}`);
    }
    const prefix = namespace === undefined ? this.prefix : `${this.prefix}${namespace}/`;
    if (at !== undefined && at < this.#changedAt) return this.#listOld(prefix, at, { signal, after, limit, filter });

    const revision = at ?? this.revision;
    const items: StoredObject[] = [];
    const wanted = filter === undefined ? limit : Infinity;
    this.#objects.walk(prefix, after, (object) => items.push(object) < wanted);
    if (filter !== undefined)
      return { revision, remaining: undefined, ...(await chosen([items], filter, limit, signal)) };
    const remaining = this.#objects.count(prefix, items.at(-1)?.key ?? after);
    return { items, revision, remaining, more: remaining > 0 };
  }

  async *watch(options: WatchOptions): AsyncGenerator<readonly (CacheEvent | CacheBookmark)[], void, void> {
    const { signal, after, namespace, name, filter } = options;
    const life = this.#life;
    const history = this.#history;
    if (typeof after === 'number' && after < history.floor) {
      throw new StoreError('Compacted', `too old resource version: ${after} (${history.floor})`);
    }

    const pulse = new Pulse();
    const snapshot = after === 'existing' ? { revision: this.revision, objects: this.#inScope(options) } : undefined;
    const watcher: Watcher = {
      after: snapshot?.revision ?? Number(after),
      filter,
      next: typeof after === 'number' ? history.numberAfter(after) : history.end,
      idle: false,
      pending: [],
      wake: () => pulse.fire(),
    };
    const scope = scopeOf(namespace, name);
    let bookmarkDue = false;
    let timer: Disposable | undefined;
    const armBookmark = (): void => {
      if (options.bookmarks !== true) return;
      timer = this.#deps.clock.timer(this.#deps.limits.bookmarkMs, () => {
        bookmarkDue = true;
        watcher.wake();
        armBookmark();
      });
    };

    signal.addEventListener('abort', watcher.wake, { once: true });
    this.#watchers.add(scope, watcher);
    armBookmark();
    try {
      if (snapshot !== undefined) {
        for (let start = 0; start < snapshot.objects.length; start += watchStep) {
          const slice = snapshot.objects.slice(start, start + watchStep);
          const events = (filter === undefined ? slice : slice.filter(filter)).map(existing);
          if (events.length > 0) yield events;
          await nextTurn();
        }
        yield [{ type: 'BOOKMARK', revision: snapshot.revision, initialEventsEnd: true }];
      }
      while (!signal.aborted && life === this.#life) {
        if (!watcher.idle && watcher.next < history.first) return; // too slow: its place is forgotten
        const events = takeEvents(watcher, history, scope);
        if (events.length > 0) yield events;
        else if (watcher.next < history.end && !watcher.idle) await nextTurn();
        else if (bookmarkDue) {
          bookmarkDue = false;
          yield [{ type: 'BOOKMARK', revision: Math.max(this.revision, watcher.after), initialEventsEnd: false }];
        } else {
          watcher.idle = true;
          await pulse.next();
        }
      }
    } finally {
      timer?.[Symbol.dispose]();
      signal.removeEventListener('abort', watcher.wake);
      this.#watchers.remove(scope, watcher);
    }
  }

  async create(key: ObjectKey, object: KubernetesObject, options: CallOptions): Promise<CachedObject> {
    const storeKey = this.#keyOf(key);
    const value = encodeObject(object);
    this.#deps.written.set(value, object);
    return this.#seen(storeKey, value, await this.#deps.store.create(storeKey, value, options), object, options);
  }

  async update(current: CachedObject, object: KubernetesObject, options: CallOptions): Promise<CachedObject> {
    const value = encodeObject(object);
    const newest = this.#objects.get(current.key);
    if (newest?.revision === current.revision && newest.value.equals(value)) return newest;
    this.#deps.written.set(value, object);
    const revision = await this.#deps.store.update(current.key, value, current.revision, options);
    return this.#seen(current.key, value, revision, object, options);
  }

  async delete(current: CachedObject, options: CallOptions): Promise<CachedObject> {
    const last = this.#objects.get(current.key);
    const revision = await this.#deps.store.delete(current.key, current.revision, options);
    await this.#deps.feed.waitUntil(revision, options);
    if (last?.revision === current.revision) return last.at(revision);
    return this.#make(current, encodeObject(current.object), revision, current.object);
  }

  /** Reads all objects anew; events meanwhile are kept and follow. Watches of the time before end. */
  async load({ signal }: CallOptions): Promise<void> {
    this.unload();
    const objects = new SortedMap<StoredObject>();
    let at: Revision | undefined;
    let after: string | undefined;
    let changedAt = 0;
    for (let remaining = 1; remaining > 0;) {
      const page = await this.#deps.store.range(this.prefix, { signal, at, after, limit: loadPage });
      for (const { key, value, modRevision } of page.items) {
        objects.set(key, this.#make(placeOf(key, this.prefix), value, modRevision));
        changedAt = Math.max(changedAt, modRevision);
      }
      at = page.revision;
      after = page.items.at(-1)?.key;
      remaining = page.remaining;
      await nextTurn();
    }
    const loadedAt = at ?? 0;
    this.#objects = objects;
    // A deletion may be the newest change, so only what is known counts: nothing changed after the range.
    this.#changedAt = Math.max(changedAt, loadedAt);
    this.#history = new History({ clock: this.#deps.clock, limits: this.#deps.limits }, loadedAt);
    this.#loadedAt = loadedAt;
    const early = this.#early;
    this.#early = [];
    this.apply(early);
  }

  /** Ends all watches; what comes before the next load is kept for it. */
  unload(): void {
    this.#life++;
    this.#loadedAt = undefined;
    this.#early = [];
    this.#history[Symbol.dispose]();
    this.#watchers.wakeAll();
  }

  /** The next events of this resource, in order. */
  apply(events: readonly StoreEvent[]): void {
    if (this.#loadedAt === undefined) {
      this.#early.push(...events);
      return;
    }
    const changes: Change[] = [];
    for (const { key, value, revision } of events) {
      if (revision <= this.#loadedAt) continue; // the range that loaded the cache showed it
      const before = this.#objects.get(key);
      const place = before ?? placeOf(key, this.prefix);
      const after = value && this.#make(place, value, revision);
      if (after !== undefined) this.#objects.set(key, after);
      else this.#objects.delete(key);
      this.#changedAt = revision;
      const change = new Change(before, after, revision);
      this.#history.push(change, revision, change.bytes);
      this.#history.at(this.#history.end - framesKept)?.dropFrames();
      changes.push(change);
    }
    if (changes.length > 0) this.#watchers.publish(changes, this.#history.end);
  }

  #make(place: ObjectPlace, value: Buffer, revision: Revision, object?: KubernetesObject): StoredObject {
    const written = object ?? this.#deps.written.get(value);
    return new StoredObject(place, value, revision, { written, seal: this.#deps.seal });
  }

  #keyOf({ namespace, name }: ObjectKey): string {
    return namespace === undefined ? this.prefix + name : `${this.prefix}${namespace}/${name}`;
  }

  #inScope({ namespace, name }: WatchOptions): StoredObject[] {
    const prefix = namespace === undefined ? this.prefix : `${this.prefix}${namespace}/`;
    const found: StoredObject[] = [];
    this.#objects.walk(prefix, undefined, (object) => {
      if (name === undefined || object.name === name) found.push(object);
      return true;
    });
    return found;
  }

  /** Resolves when the caches show what was written, so that its writer finds it by whatever way. */
  async #seen(
    key: string,
    value: Buffer,
    revision: Revision,
    object: KubernetesObject,
    options: CallOptions,
  ): Promise<CachedObject> {
    await this.#deps.feed.waitUntil(revision, options);
    const now = this.#objects.get(key);
    return now?.revision === revision ? now : this.#make(placeOf(key, this.prefix), value, revision, object);
  }

  /** From the store's history; objects that have not changed since are the cached ones. */
  async #listOld(
    prefix: string,
    at: Revision,
    { signal, after, limit = Infinity, filter }: ListOptions,
  ): Promise<ListResult> {
    const cached = ({ key, value, modRevision }: StoredValue): StoredObject => {
      const now = this.#objects.get(key);
      return now?.revision === modRevision ? now : this.#make(placeOf(key, this.prefix), value, modRevision);
    };
    const { store } = this.#deps;
    if (filter === undefined) {
      const page = await store.range(prefix, { signal, at, after, ...(limit === Infinity ? {} : { limit }) });
      return { items: page.items.map(cached), revision: at, remaining: page.remaining, more: page.remaining > 0 };
    }
    const pages = async function* (): AsyncGenerator<StoredObject[]> {
      for (let from = after, remaining = 1; remaining > 0;) {
        const page = await store.range(prefix, { signal, at, after: from, limit: loadPage });
        yield page.items.map(cached);
        from = page.items.at(-1)?.key;
        remaining = page.remaining;
      }
    };
    return { revision: at, remaining: undefined, ...(await chosen(pages(), filter, limit, signal)) };
  }
}

/** Up to `limit` objects that pass, and whether another one does; the event loop turns on the way. */
async function chosen(
  pages: Iterable<readonly StoredObject[]> | AsyncIterable<readonly StoredObject[]>,
  filter: ObjectFilter,
  limit: number,
  signal: AbortSignal,
): Promise<{ items: StoredObject[]; more: boolean }> {
  const items: StoredObject[] = [];
  let turnEnds = performance.now() + turnMs;
  for await (const page of pages) {
    for (const [i, object] of page.entries()) {
      if (i % 32 === 31 && performance.now() > turnEnds) {
        await nextTurn();
        signal.throwIfAborted();
        turnEnds = performance.now() + turnMs;
      }
      if (!filter(object)) continue;
      if (items.length === limit) return { items, more: true };
      items.push(object);
    }
  }
  return { items, more: false };
}

/** What was matched while the watcher was idle, then what history holds beyond; a bounded piece of it. */
function takeEvents(watcher: Watcher, history: History<Change>, scope: string): CacheEvent[] {
  if (watcher.idle) return [];
  const events = watcher.pending;
  watcher.pending = [];
  const stop = Math.min(history.end, watcher.next + watchStep);
  for (; watcher.next < stop; watcher.next++) {
    const change = history.at(watcher.next)!;
    if (change.revision <= watcher.after || !inScope(scope, change.place)) continue;
    const event = change.seenThrough(watcher.filter);
    if (event !== undefined) events.push(event);
  }
  return events;
}

const inScope = (scope: string, { namespace, name }: StoredObject): boolean =>
  scope === '' ||
  scope === scopeOf(undefined, name) ||
  (namespace !== undefined && (scope === scopeOf(namespace, undefined) || scope === scopeOf(namespace, name)));
