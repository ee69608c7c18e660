import type { KubernetesObject } from '@geobuk/api';
import type { Sink } from './follow.js';

/** The objects of one followed resource, for pages that put several kinds together. */
export class ObjectSet<T extends KubernetesObject> implements Sink<T> {
  readonly #objects = new Map<string, T>();
  readonly #changed: () => void;
  readonly #slim: (object: T) => T;
  #seen = new Set<string>();
  #complete = false;

  constructor(changed: () => void, slim: (object: T) => T = (object) => object) {
    this.#changed = changed;
    this.#slim = slim;
  }

  /** Whether a whole list has arrived. */
  get complete(): boolean {
    return this.#complete;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#objects.values();
  }

  relisting(): void {
    this.#seen = new Set();
  }

  set(object: T): void {
    const id = object.metadata.uid ?? '';
    this.#seen.add(id);
    this.#objects.set(id, this.#slim(object));
    this.#changed();
  }

  removed(object: T): void {
    this.#objects.delete(object.metadata.uid ?? '');
    this.#changed();
  }

  synced(): void {
    for (const id of this.#objects.keys()) if (!this.#seen.has(id)) this.#objects.delete(id);
    this.#complete = true;
    this.#changed();
  }
}
