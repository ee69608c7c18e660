import type { AffinityTerm } from './affinity-term.js';
import { DomainCounts } from './domain-counts.js';
import type { NodeInfo, PodInfo } from './node-info.js';

export type TermKind = 'required' | 'requiredAnti' | 'preferred' | 'preferredAnti';

/** One distinct term of running pods, and in which domains those run that carry it. */
export interface OwnedTerm {
  readonly term: AffinityTerm;
  readonly owners: DomainCounts;
}

const kinds: readonly TermKind[] = ['required', 'requiredAnti', 'preferred', 'preferredAnti'];

/**
 * The affinity terms of running pods, each distinct one once: a new pod is held against the terms of workloads, not of
 * pods. Follows: the scheduler's lists of nodes with pods with (required anti-) affinity.
 */
export class TermOwners {
  readonly #terms: Readonly<Record<TermKind, Map<string, OwnedTerm>>> = {
    required: new Map(),
    requiredAnti: new Map(),
    preferred: new Map(),
    preferredAnti: new Map(),
  };

  of(kind: TermKind): Iterable<OwnedTerm> {
    return this.#terms[kind].values();
  }

  get isEmpty(): boolean {
    return kinds.every((kind) => this.#terms[kind].size === 0);
  }

  podMoved({ affinity }: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    if (affinity === undefined) return;
    for (const kind of kinds) {
      for (const term of affinity[kind]) {
        const known = this.#terms[kind].get(term.key) ?? {
          term,
          owners: new DomainCounts(({ labels }) => labels[term.topologyKey]),
        };
        this.#terms[kind].set(term.key, known);
        known.owners.add(node, sign);
        if (known.owners.total === 0) this.#terms[kind].delete(term.key);
      }
    }
  }

  /** Before its labels change and after: all that its pods carry leaves and comes back. */
  nodeMoved(node: NodeInfo, sign: 1 | -1): void {
    for (const pod of node.pods.values()) this.podMoved(pod, node, sign);
    if (sign === 1) return;
    for (const kind of kinds) for (const { owners } of this.#terms[kind].values()) owners.removeNode(node.name);
  }
}
