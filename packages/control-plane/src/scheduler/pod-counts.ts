import { DomainCounts } from './domain-counts.js';
import type { NodeInfo, PodInfo } from './node-info.js';
import type { CountsOf } from './plugin.js';

interface Kept {
  readonly key: string;
  readonly of: CountsOf;
  readonly counts: DomainCounts;
  readonly namespace: string | undefined;
}

/** Beyond it, what was asked for longest ago is forgotten, and counted again when somebody asks. */
const limit = 1_024;

/** All domain counts that plugins asked for lately; each pod that comes or goes changes those that it is part of. */
export class PodCounts {
  readonly #kept = new Map<string, Kept>();
  readonly #ofNamespace = new Map<string | undefined, Set<Kept>>();

  get(key: string, namespace: string | undefined, make: () => CountsOf, nodes: Iterable<NodeInfo>): DomainCounts {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key); // to the young end
      this.#kept.set(key, known);
      return known.counts;
    }
    const of = make();
    const counts = new DomainCounts(of.domainOf);
    for (const node of nodes) {
      counts.setNode(node);
      let pods = 0;
      for (const pod of node.pods.values()) if (of.selects(pod)) pods += 1;
      if (pods > 0) counts.add(node, pods);
    }
    const kept = { key, of, counts, namespace };
    this.#kept.set(key, kept);
    const siblings = this.#ofNamespace.get(namespace) ?? new Set<Kept>();
    siblings.add(kept);
    this.#ofNamespace.set(namespace, siblings);
    if (this.#kept.size > limit) {
      const [oldest] = this.#kept.values();
      if (oldest !== undefined) this.#forget(oldest);
    }
    return counts;
  }

  podMoved(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    if (this.#kept.size === 0) return;
    this.#count(this.#ofNamespace.get(pod.pod.metadata.namespace ?? ''), pod, node, sign);
    this.#count(this.#ofNamespace.get(undefined), pod, node, sign);
  }

  setNode(node: NodeInfo): void {
    // Which pods of a node count does not depend on the node; whether the node takes part does, and then all are counted anew.
    for (const { counts, of } of this.#kept.values()) {
      if (counts.has(node.name)) {
        counts.setNode(node);
        continue;
      }
      counts.setNode(node);
      if (!counts.has(node.name)) continue;
      for (const pod of node.pods.values()) if (of.selects(pod)) counts.add(node, 1);
    }
  }

  removeNode(name: string): void {
    for (const { counts } of this.#kept.values()) counts.removeNode(name);
  }

  /** Labels of namespaces changed: which pods are counted may depend on them. */
  forgetAcrossNamespaces(): void {
    for (const kept of [...(this.#ofNamespace.get(undefined) ?? [])]) this.#forget(kept);
  }

  #count(kept: ReadonlySet<Kept> | undefined, pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    if (kept === undefined) return;
    for (const { of, counts } of kept) if (counts.has(node.name) && of.selects(pod)) counts.add(node, sign);
  }

  #forget(kept: Kept): void {
    this.#kept.delete(kept.key);
    const siblings = this.#ofNamespace.get(kept.namespace);
    siblings?.delete(kept);
    if (siblings?.size === 0) this.#ofNamespace.delete(kept.namespace);
  }
}
