import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { ApiError, formatKey, keyOf } from '@geobuk/api';
import { deepFreeze } from '../deep-freeze.js';

/** One committed write. `now` is absent for a removal; then `before` carries the revision of the removal. */
export interface FakeChange {
  readonly revision: number;
  readonly collection: string;
  readonly now: KubernetesObject | undefined;
  readonly before: KubernetesObject | undefined;
}

export const collectionOf = (type: ResourceType): string => `${type.group}/${type.plural}`;

const withRevision = (object: KubernetesObject, revision: number): KubernetesObject =>
  deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });

/** Objects by resource and key, with one revision for all and the history of changes. In memory, and synchronous. */
export class FakeStore {
  readonly #collections = new Map<string, Map<string, KubernetesObject>>();
  readonly #listeners = new Set<(change: FakeChange) => void>();
  #history: FakeChange[] = [];
  #revision = 1;
  #compactedAt = 0;

  get revision(): number {
    return this.#revision;
  }

  get(type: ResourceType, key: ObjectKey): KubernetesObject | undefined {
    return this.#collections.get(collectionOf(type))?.get(formatKey(key));
  }

  /** In the order of keys, as the real store has it. */
  list(type: ResourceType): readonly KubernetesObject[] {
    const objects = this.#collections.get(collectionOf(type));
    if (objects === undefined) return [];
    return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  put(type: ResourceType, object: KubernetesObject): KubernetesObject {
    const collection = collectionOf(type);
    const objects = this.#collections.get(collection) ?? new Map<string, KubernetesObject>();
    this.#collections.set(collection, objects);
    const id = formatKey(keyOf(object));
    const before = objects.get(id);
    const now = withRevision(structuredClone(object), (this.#revision += 1));
    objects.set(id, now);
    this.#publish({ revision: this.#revision, collection, now, before });
    return now;
  }

  remove(type: ResourceType, key: ObjectKey, last?: KubernetesObject): KubernetesObject {
    const collection = collectionOf(type);
    const objects = this.#collections.get(collection);
    const before = objects?.get(formatKey(key));
    if (objects === undefined || before === undefined) throw ApiError.notFound(type, key.name);
    objects.delete(formatKey(key));
    const gone = withRevision(structuredClone(last ?? before), (this.#revision += 1));
    this.#publish({ revision: this.#revision, collection, now: undefined, before: gone });
    return gone;
  }

  /** @throws {ApiError} Expired when the history since then is gone. */
  changesAfter(revision: number, collection: string): readonly FakeChange[] {
    if (revision < this.#compactedAt) {
      throw ApiError.expired(`too old resource version: ${revision} (${this.#compactedAt})`);
    }
    return this.#history.filter((change) => change.revision > revision && change.collection === collection);
  }

  subscribe(listener: (change: FakeChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Forgets the history up to now: watches from older revisions meet Expired. */
  compact(): void {
    this.#history = [];
    this.#compactedAt = this.#revision;
  }

  #publish(change: FakeChange): void {
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}
