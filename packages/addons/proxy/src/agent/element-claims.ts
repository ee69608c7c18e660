import type { SharedSet } from './base-ruleset.js';

/**
 * Who wants which element of the shared maps. Two Services may claim one external address and port: the first by name
 * has it until it lets go. Several Services may claim the same hairpin pair: it stays as long as one of them does.
 */
export class ElementClaims {
  readonly #bySet = new Map<SharedSet, Map<string, Map<string, string>>>();

  /** The value that stands, or undefined when nobody claims the element. */
  get(set: SharedSet, key: string): string | undefined {
    const claims = this.#bySet.get(set)?.get(key);
    if (claims === undefined) return undefined;
    let first: string | undefined;
    for (const owner of claims.keys()) if (first === undefined || owner < first) first = owner;
    return first === undefined ? undefined : claims.get(first);
  }

  claim(owner: string, set: SharedSet, key: string, value: string): void {
    const keys = this.#bySet.get(set) ?? new Map<string, Map<string, string>>();
    this.#bySet.set(set, keys);
    const claims = keys.get(key) ?? new Map<string, string>();
    keys.set(key, claims);
    claims.set(owner, value);
  }

  release(owner: string, set: SharedSet, key: string): void {
    const keys = this.#bySet.get(set);
    const claims = keys?.get(key);
    claims?.delete(owner);
    if (claims?.size === 0) keys?.delete(key);
  }

  /** All that stand, of one set. */
  standing(set: SharedSet): ReadonlyMap<string, string> {
    const elements = new Map<string, string>();
    for (const key of this.#bySet.get(set)?.keys() ?? []) {
      const value = this.get(set, key);
      if (value !== undefined) elements.set(key, value);
    }
    return elements;
  }
}
