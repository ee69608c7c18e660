import type { Pod } from '@geobuk/api';
import type { Sink } from './follow.js';

/** How many pods that are not done stand on each node, kept by watch; nothing else of the pods is kept. */
export class NodeCrew implements Sink<Pod> {
  readonly #nodeOf = new Map<string, string>();
  readonly #count = new Map<string, number>();
  readonly #changed: () => void;
  #seen = new Set<string>();
  #version = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  on(node: string): number {
    return this.#count.get(node) ?? 0;
  }

  relisting(): void {
    this.#seen = new Set();
  }

  set(pod: Pod): void {
    const id = pod.metadata.uid ?? '';
    this.#seen.add(id);
    const done = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    this.#move(id, done ? '' : (pod.spec.nodeName ?? ''));
  }

  removed(pod: Pod): void {
    this.#move(pod.metadata.uid ?? '', '');
  }

  synced(): void {
    for (const id of this.#nodeOf.keys()) if (!this.#seen.has(id)) this.#move(id, '');
  }

  #move(id: string, node: string): void {
    const before = this.#nodeOf.get(id) ?? '';
    if (before === node) return;
    if (before !== '') this.#count.set(before, this.on(before) - 1);
    if (node === '') this.#nodeOf.delete(id);
    else {
      this.#nodeOf.set(id, node);
      this.#count.set(node, this.on(node) + 1);
    }
    this.#version += 1;
    this.#changed();
  }
}
