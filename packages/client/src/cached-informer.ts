import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { keyOf, qualifiedName } from '@geobuk/api';
import type { Logger } from 'pino';
import type { Client } from './client.js';
import type { Clock } from './clock.js';
import { deepFreeze } from './deep-freeze.js';
import type { ChangeHandler, IndexFunction, Informer, InformerScope, Lister } from './informer.js';
import { ObjectCache } from './object-cache.js';
import { Reflector } from './reflector.js';

export interface CachedInformerDeps<T extends KubernetesObject> {
  readonly client: Client;
  readonly type: ResourceType<T>;
  readonly scope: InformerScope;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Tests set it: objects are frozen deep before anybody sees them. */
  readonly freezeObjects: boolean;
}

/** A local copy of one resource and those who want to hear of its changes. */
export class CachedInformer<T extends KubernetesObject> implements Informer<T> {
  readonly #deps: CachedInformerDeps<T>;
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #waiters = new Set<() => void>();
  #synced = false;
  #running = false;

  constructor(deps: CachedInformerDeps<T>) {
    this.#deps = deps;
  }

  get type(): ResourceType<T> {
    return this.#deps.type;
  }

  get lister(): Lister<T> {
    return this.#cache;
  }

  get synced(): boolean {
    return this.#synced;
  }

  subscribe(handler: ChangeHandler<T>): Disposable {
    this.#handlers.add(handler);
    for (const object of this.#cache.list()) this.#tellOne(handler, object, undefined);
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  addIndex(name: string, index: IndexFunction<T>): void {
    this.#cache.addIndex(name, index);
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (this.#synced) {
        resolve();
        return;
      }
      const done = (): void => {
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = (): void => {
        this.#waiters.delete(done);
        reject(signal.reason as Error);
      };
      this.#waiters.add(done);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** @throws {Error} when it runs already. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) throw new Error(`the informer of ${qualifiedName(this.type)} runs already`);
    this.#running = true;
    const { client, type, scope, clock, log, random } = this.#deps;
    const target = {
      replace: (objects: readonly T[]) => this.#replace(objects),
      set: (object: T) => this.#set(object),
      remove: (object: T) => this.#remove(object),
    };
    try {
      await new Reflector({ client, type, scope, clock, log, random, target }).run(signal);
    } finally {
      this.#running = false;
    }
  }

  /** Tells of the difference only: what came, what changed, what went while nobody watched. */
  #replace(objects: readonly T[]): void {
    const present = new Set<string>();
    for (const object of objects) {
      present.add(idOf(object));
      const known = this.#cache.get(keyOf(object));
      if (known?.metadata.resourceVersion !== object.metadata.resourceVersion || known === undefined) this.#set(object);
    }
    for (const object of this.#cache.list()) {
      if (!present.has(idOf(object))) this.#remove(object);
    }
    if (this.#synced) return;
    this.#synced = true;
    for (const done of this.#waiters) done();
    this.#waiters.clear();
  }

  #set(object: T): void {
    if (this.#deps.freezeObjects) deepFreeze(object);
    const before = this.#cache.set(object);
    this.#tell(object, before);
  }

  #remove(object: T): void {
    if (this.#deps.freezeObjects) deepFreeze(object);
    const before = this.#cache.remove(keyOf(object));
    // The last state, as the server told it, is newer than what stood in the cache.
    if (before !== undefined) this.#tell(undefined, object);
  }

  #tell(now: T | undefined, before: T | undefined): void {
    for (const handler of this.#handlers) this.#tellOne(handler, now, before);
  }

  #tellOne(handler: ChangeHandler<T>, now: T | undefined, before: T | undefined): void {
    try {
      handler.changed(now, before);
    } catch (error) {
      // A handler must not throw; one that does must not keep the change from the others.
      this.#deps.log.error({ resource: qualifiedName(this.type), err: error }, 'change handler threw');
    }
  }
}

const idOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
