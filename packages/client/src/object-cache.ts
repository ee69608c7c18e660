import type { KubernetesObject, ObjectKey } from '@geobuk/api';
import { formatKey, keyOf } from '@geobuk/api';
import type { IndexFunction, Lister } from './informer.js';

interface Index<T extends KubernetesObject> {
  readonly valuesOf: IndexFunction<T>;
  readonly filed: Map<string, Map<string, T>>;
}

/**
 * The objects an informer knows, by key, by namespace and by every index asked for. Written by the informer alone;
 * all others see it as a {@link Lister}.
 */
export class ObjectCache<T extends KubernetesObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #namespaces: Index<T> = { valuesOf: ({ metadata }) => [metadata.namespace ?? ''], filed: new Map() };
  readonly #indexes = new Map<string, Index<T>>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(formatKey(key));
  }

  list(namespace?: string): readonly T[] {
    const objects = namespace === undefined ? this.#objects : this.#namespaces.filed.get(namespace);
    return objects === undefined ? [] : [...objects.values()];
  }

  /** @throws {Error} an index nobody asked for: else a typing error would look like "none". */
  byIndex(index: string, value: string): readonly T[] {
    const known = this.#indexes.get(index);
    if (known === undefined) throw new Error(`no index ${index}; add it to the informer first`);
    const objects = known.filed.get(value);
    return objects === undefined ? [] : [...objects.values()];
  }

  /** @throws {Error} another function under a name that is taken. */
  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    const known = this.#indexes.get(name);
    if (known !== undefined) {
      if (known.valuesOf === valuesOf) return;
      throw new Error(`index ${name} is already kept by another function`);
    }
    const index: Index<T> = { valuesOf, filed: new Map() };
    this.#indexes.set(name, index);
    for (const [id, object] of this.#objects) file(index, id, object);
  }

  /** @returns the object that stood there before. */
  set(object: T): T | undefined {
    const id = formatKey(keyOf(object));
    const before = this.#objects.get(id);
    for (const index of this.#allIndexes()) {
      if (before !== undefined) unfile(index, id, before);
      file(index, id, object);
    }
    this.#objects.set(id, object);
    return before;
  }

  /** @returns the object that stood there. */
  remove(key: ObjectKey): T | undefined {
    const id = formatKey(key);
    const before = this.#objects.get(id);
    if (before === undefined) return undefined;
    for (const index of this.#allIndexes()) unfile(index, id, before);
    this.#objects.delete(id);
    return before;
  }

  #allIndexes(): readonly Index<T>[] {
    return [this.#namespaces, ...this.#indexes.values()];
  }
}

function file<T extends KubernetesObject>(index: Index<T>, id: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const objects = index.filed.get(value);
    if (objects === undefined) index.filed.set(value, new Map([[id, object]]));
    else objects.set(id, object);
  }
}

function unfile<T extends KubernetesObject>(index: Index<T>, id: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const objects = index.filed.get(value);
    objects?.delete(id);
    if (objects?.size === 0) index.filed.delete(value);
  }
}
