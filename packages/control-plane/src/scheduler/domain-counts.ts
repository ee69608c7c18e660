import type { NodeInfo } from './node-info.js';

interface Domain {
  pods: number;
  nodes: number;
}

interface Place {
  readonly name: string;
  readonly domain: Domain;
  pods: number;
}

/**
 * How many pods each topology domain holds, kept by differences: a decision reads it and counts nothing itself.
 * Example: domains by zone, two nodes in `a` with 3 pods, one in `b` with 1: `at` says 3, 3 and 1, `fewest` 1.
 */
export class DomainCounts {
  readonly #domainOf: (node: NodeInfo) => string | undefined;
  readonly #domains = new Map<string, Domain>();
  readonly #places = new Map<string, Place>();
  /** How many domains hold so many pods: the fewest are found without a walk over all domains. */
  readonly #domainsWith = new Map<number, number>();
  #total = 0;

  constructor(domainOf: (node: NodeInfo) => string | undefined) {
    this.#domainOf = domainOf;
  }

  /** Domains with at least one node. */
  get size(): number {
    return this.#domains.size;
  }

  get total(): number {
    return this.#total;
  }

  /** In the domain with the fewest; 0 without domains. */
  get fewest(): number {
    let fewest = Number.MAX_SAFE_INTEGER;
    for (const pods of this.#domainsWith.keys()) if (pods < fewest) fewest = pods;
    return this.#domainsWith.size === 0 ? 0 : fewest;
  }

  /** In the node's domain; `undefined` when it is in none. */
  at(node: NodeInfo): number | undefined {
    const place = this.#places.get(node.name);
    if (place !== undefined) return place.domain.pods;
    const name = this.#domainOf(node);
    return name === undefined ? undefined : (this.#domains.get(name)?.pods ?? 0);
  }

  /** A node is there, or has changed; its domain exists even while it is empty. */
  setNode(node: NodeInfo): void {
    const known = this.#places.get(node.name);
    const name = this.#domainOf(node);
    if (known?.name === name) return;
    const pods = known?.pods ?? 0;
    this.removeNode(node.name);
    if (name === undefined) return;
    let domain = this.#domains.get(name);
    if (domain === undefined) {
      domain = { pods: 0, nodes: 0 };
      this.#domains.set(name, domain);
      this.#file(0, 1);
    }
    domain.nodes += 1;
    const place = { name, domain, pods: 0 };
    this.#places.set(node.name, place);
    this.#add(place, pods);
  }

  removeNode(name: string): void {
    const place = this.#places.get(name);
    if (place === undefined) return;
    this.#add(place, -place.pods);
    this.#places.delete(name);
    place.domain.nodes -= 1;
    if (place.domain.nodes > 0) return;
    this.#domains.delete(place.name);
    this.#file(place.domain.pods, -1);
  }

  has(node: string): boolean {
    return this.#places.has(node);
  }

  add(node: NodeInfo, pods: number): void {
    let place = this.#places.get(node.name);
    if (place === undefined) {
      this.setNode(node);
      place = this.#places.get(node.name);
    }
    if (place !== undefined) this.#add(place, pods);
  }

  #add(place: Place, pods: number): void {
    if (pods === 0) return;
    this.#file(place.domain.pods, -1);
    place.pods += pods;
    place.domain.pods += pods;
    this.#total += pods;
    this.#file(place.domain.pods, 1);
  }

  #file(pods: number, domains: 1 | -1): void {
    const count = (this.#domainsWith.get(pods) ?? 0) + domains;
    if (count === 0) this.#domainsWith.delete(pods);
    else this.#domainsWith.set(pods, count);
  }
}
