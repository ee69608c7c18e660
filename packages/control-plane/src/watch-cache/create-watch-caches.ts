import type { KubernetesObject } from '@geobuk/api';
import { onAbort } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { StoreError } from '../store/store.js';
import type { CallOptions, Revision, Store, StoreBatch, StoreEvent } from '../store/store.js';
import { ResourceCache } from './resource-cache.js';
import type { Seal } from './stored-object.js';
import type { WatchCache, WatchCacheLimits, WatchCaches } from './watch-cache.js';

export interface WatchCachesDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<WatchCacheLimits> | undefined;
  readonly seal?: Seal | undefined;
}

const defaultLimits: WatchCacheLimits = { historyBytes: 16 * 1024 * 1024, historyMs: 300_000, bookmarkMs: 60_000 };
/** All that the API stores lies below. */
const root = '/registry/';
/** Before the store is followed anew after it failed. */
const retryMs = 1000;
/** Caches that load at the same time. */
const loadsAtOnce = 4;

interface Waiter {
  readonly ready: () => boolean;
  readonly resolve: () => void;
}

/** Puts the watch caches in front of `store`; they fill while `run` runs. */
export function createWatchCaches(deps: WatchCachesDeps): WatchCaches {
  return new Dispatcher(deps);
}

/** One watch of the whole store, handed out to the caches by the first parts of the key. */
class Dispatcher implements WatchCaches {
  readonly #deps: WatchCachesDeps;
  readonly #limits: WatchCacheLimits;
  readonly #caches = new Map<string, ResourceCache>();
  readonly #written = new WeakMap<Buffer, KubernetesObject>();
  readonly #loading = new Set<ResourceCache>();
  /** Not loaded yet and nobody at it. */
  #toLoad: ResourceCache[] = [];
  #waiters: Waiter[] = [];
  #revision: Revision = 0;
  #following: AbortSignal | undefined;
  #lost: (error: unknown) => void = () => {};

  constructor(deps: WatchCachesDeps) {
    this.#deps = deps;
    this.#limits = { ...defaultLimits, ...deps.limits };
  }

  get revision(): Revision {
    return this.#revision;
  }

  cache(prefix: string): WatchCache {
    const known = this.#caches.get(prefix);
    if (known !== undefined) return known;
    if (prefixOf(prefix) !== prefix) throw new TypeError(`${prefix} is not /registry/<group>/<plural>/`);
    const { store, clock, seal } = this.#deps;
    const shared = { store, clock, limits: this.#limits, feed: this, written: this.#written, seal };
    const cache = new ResourceCache(prefix, shared);
    this.#caches.set(prefix, cache);
    this.#toLoad.push(cache);
    this.#loadSome();
    return cache;
  }

  drop(prefix: string): void {
    const cache = this.#caches.get(prefix);
    if (cache === undefined) return;
    this.#caches.delete(prefix);
    this.#toLoad = this.#toLoad.filter((each) => each !== cache);
    cache.unload();
  }

  async waitUntil(revision: Revision, { signal }: CallOptions): Promise<void> {
    if (this.#revision >= revision) return;
    await this.#wait(() => this.#revision >= revision, signal);
  }

  async fresh(options: CallOptions): Promise<Revision> {
    const revision = await this.#deps.store.revision(options);
    if (this.#revision < revision) await this.waitUntil(revision, options);
    return revision;
  }

  async whenReady({ signal }: CallOptions): Promise<void> {
    await this.#wait(() => this.#following !== undefined && this.#toLoad.length + this.#loading.size === 0, signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ err: error }, 'lost the place in the store, loading anew');
        if (!(error instanceof StoreError && error.code === 'Compacted')) {
          await clock.after(retryMs, { signal }).catch(() => undefined); // the loop sees the abort
        }
      }
    }
    for (const cache of this.#caches.values()) cache.unload();
  }

  /** Loads every cache and follows the store until it fails, or `parent` aborts. */
  async #follow(parent: AbortSignal): Promise<void> {
    const own = new AbortController();
    const stop = (): void => own.abort(parent.reason);
    parent.addEventListener('abort', stop, { once: true });
    this.#lost = (error) => own.abort(error);
    const { signal } = own;
    try {
      const start = await this.#deps.store.revision({ signal });
      for (const cache of this.#caches.values()) cache.unload();
      this.#toLoad = [...this.#caches.values()];
      this.#following = signal;
      this.#advance(start);
      this.#loadSome();
      for await (const batch of this.#deps.store.watch(root, { signal, after: start })) {
        this.#dispatch(batch);
        this.#advance(batch.revision);
      }
    } finally {
      this.#following = undefined;
      parent.removeEventListener('abort', stop);
      own.abort(new StoreError('Unavailable', 'the store is followed anew'));
    }
  }

  #dispatch({ events }: StoreBatch): void {
    if (events.length === 1) {
      this.#caches.get(prefixOf(events[0]!.key))?.apply(events);
      return;
    }
    const byPrefix = new Map<string, StoreEvent[]>();
    for (const event of events) {
      const prefix = prefixOf(event.key);
      const group = byPrefix.get(prefix);
      if (group === undefined) byPrefix.set(prefix, [event]);
      else group.push(event);
    }
    for (const [prefix, group] of byPrefix) this.#caches.get(prefix)?.apply(group);
  }

  #advance(revision: Revision): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#release();
  }

  #loadSome(): void {
    const signal = this.#following;
    const lost = this.#lost;
    while (signal !== undefined && this.#loading.size < loadsAtOnce) {
      const cache = this.#toLoad.shift();
      if (cache === undefined) return;
      this.#loading.add(cache);
      cache
        .load({ signal })
        .catch(lost)
        .finally(() => {
          this.#loading.delete(cache);
          this.#loadSome();
          this.#release();
        });
    }
  }

  #wait(ready: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (ready()) return resolve();
      const waiter: Waiter = {
        ready,
        resolve: () => {
          waiting[Symbol.dispose]();
          resolve();
        },
      };
      const waiting = onAbort(signal, () => {
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        reject(signal.reason as Error);
      });
      this.#waiters.push(waiter);
    });
  }

  #release(): void {
    if (this.#waiters.length === 0) return;
    const ready: Waiter[] = [];
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) (waiter.ready() ? ready : waiting).push(waiter);
    this.#waiters = waiting;
    for (const waiter of ready) waiter.resolve();
  }
}

/** `/registry/<group>/<plural>/`, the first three parts of a key with the slash behind them. */
function prefixOf(key: string): string {
  let end = 0;
  for (let slashes = 0; slashes < 3; slashes++) {
    end = key.indexOf('/', end + 1);
    if (end < 0) return '';
  }
  return key.slice(0, end + 1);
}
