import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { formatKey } from '@geobuk/api';
import { createInformers, deadline } from '@geobuk/client';
import type { Client, Clock, Informer } from '@geobuk/client';
import type { Logger } from 'pino';

export interface Reference {
  readonly type: ResourceType;
  readonly key: ObjectKey;
}

export interface ReferencedObjectsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** An object that these pods refer to came, changed or went. */
  readonly changed: (uids: Iterable<string>) => void;
}

interface Watched {
  readonly informer: Informer<KubernetesObject>;
  readonly holders: Set<string>;
  readonly stop: AbortController;
}

const syncTimeoutMs = 30_000;

/**
 * Single objects that pods refer to, each watched as long as some pod needs it: a node may see only those.
 * Follows: the kubelet's watch based ConfigMap and Secret managers.
 */
export class ReferencedObjects implements Disposable {
  readonly #deps: ReferencedObjectsDeps;
  readonly #watched = new Map<string, Watched>();
  readonly #heldBy = new Map<string, Set<string>>();

  constructor(deps: ReferencedObjectsDeps) {
    this.#deps = deps;
  }

  /** What this pod refers to now; what it referred to before and no longer does is let go. */
  hold(uid: string, references: readonly Reference[]): void {
    const wanted = new Set<string>();
    for (const reference of references) {
      const id = idOf(reference);
      wanted.add(id);
      const watched = this.#watched.get(id) ?? this.#watch(id, reference);
      watched.holders.add(uid);
    }
    for (const id of this.#heldBy.get(uid) ?? []) if (!wanted.has(id)) this.#release(uid, id);
    if (wanted.size === 0) this.#heldBy.delete(uid);
    else this.#heldBy.set(uid, wanted);
  }

  /**
   * The object as it is now, or `undefined` where there is none. The pod must hold it.
   * @throws {DeadlineError} when the API server does not answer.
   */
  async get<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const id = idOf({ type: type as ResourceType, key });
    const watched = this.#watched.get(id);
    if (watched === undefined) throw new Error(`nobody holds ${id}`);
    if (!watched.informer.synced) {
      using limit = deadline(signal, syncTimeoutMs, this.#deps.clock);
      await watched.informer.whenSynced(limit.signal);
    }
    return watched.informer.lister.get(key) as T | undefined;
  }

  [Symbol.dispose](): void {
    for (const { stop } of this.#watched.values()) stop.abort();
    this.#watched.clear();
    this.#heldBy.clear();
  }

  #watch(id: string, { type, key }: Reference): Watched {
    const { client, clock, log, changed } = this.#deps;
    const informers = createInformers({ client, clock, log });
    const informer = informers.of(type, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}` });
    const holders = new Set<string>();
    const stop = new AbortController();
    informer.subscribe({ changed: () => changed(holders) });
    informers
      .run(stop.signal)
      .catch((error: unknown) => log.error({ object: id, err: error }, 'watch of an object ended'));
    const watched = { informer, holders, stop };
    this.#watched.set(id, watched);
    return watched;
  }

  #release(uid: string, id: string): void {
    const watched = this.#watched.get(id);
    watched?.holders.delete(uid);
    if (watched === undefined || watched.holders.size > 0) return;
    watched.stop.abort();
    this.#watched.delete(id);
  }
}

const idOf = ({ type, key }: Reference): string => `${type.plural}/${formatKey(key)}`;
