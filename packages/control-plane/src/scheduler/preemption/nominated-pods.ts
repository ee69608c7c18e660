import type { Nominations } from '../filtering.js';
import type { PodInfo } from '../node-info.js';

const none: readonly PodInfo[] = [];

/** Pods that were promised a node, until they are bound there or elsewhere. Follows: PodNominator. */
export class NominatedPods implements Nominations {
  readonly #nodeOf = new Map<string, string>();
  readonly #on = new Map<string, readonly PodInfo[]>();

  on(node: string): readonly PodInfo[] {
    return this.#on.size === 0 ? none : (this.#on.get(node) ?? none);
  }

  set(pod: PodInfo, node: string): void {
    this.remove(pod.uid);
    this.#nodeOf.set(pod.uid, node);
    this.#on.set(node, [...this.on(node), pod]);
  }

  remove(uid: string): void {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return;
    this.#nodeOf.delete(uid);
    const left = this.on(node).filter((pod) => pod.uid !== uid);
    if (left.length === 0) this.#on.delete(node);
    else this.#on.set(node, left);
  }
}
