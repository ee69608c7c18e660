const chunkItems = 512;

interface Item<V> {
  readonly key: string;
  value: V;
}

/** Index of the first of `items` whose key is not below `key`. */
function lowerBound(items: readonly Item<unknown>[], key: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A map that can also be walked in key order from any key. Items lie in chunks of at most 512 in order, so an insert
 * moves a few hundred references and never the whole.
 */
export class SortedMap<V> {
  readonly #items = new Map<string, Item<V>>();
  readonly #chunks: Item<V>[][] = [];

  get size(): number {
    return this.#items.size;
  }

  get(key: string): V | undefined {
    return this.#items.get(key)?.value;
  }

  set(key: string, value: V): void {
    const known = this.#items.get(key);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    const item = { key, value };
    this.#items.set(key, item);
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([item]);
      return;
    }
    if (chunk.at(-1)!.key < key) chunk.push(item);
    else chunk.splice(lowerBound(chunk, key), 0, item);
    // Keys mostly come in order, so a full last chunk is left full and not split in two halves.
    const appending = at === this.#chunks.length - 1 && chunk.at(-1) === item;
    if (chunk.length <= chunkItems) return;
    this.#chunks.splice(at + 1, 0, chunk.splice(appending ? chunkItems : chunkItems >>> 1));
  }

  delete(key: string): boolean {
    if (!this.#items.delete(key)) return false;
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at]!;
    if (chunk.length === 1) this.#chunks.splice(at, 1);
    else chunk.splice(lowerBound(chunk, key), 1);
    return true;
  }

  /** Visits in key order the keys that start with `prefix` and lie behind `after`, until `visit` returns false. */
  walk(prefix: string, after: string | undefined, visit: (value: V) => boolean): void {
    const start = after !== undefined && after >= prefix ? after : prefix;
    for (let at = this.#chunkFor(start), first = true; at < this.#chunks.length; at++, first = false) {
      const chunk = this.#chunks[at]!;
      const begin = first ? lowerBound(chunk, start) : 0;
      // Keys are in order: when the last one has the prefix, all from the first on have it.
      const within = chunk.at(-1)!.key.startsWith(prefix);
      for (let i = begin; i < chunk.length; i++) {
        const item = chunk[i]!;
        if (!within && !item.key.startsWith(prefix)) return;
        if (first && item.key === after) continue;
        if (!visit(item.value)) return;
      }
    }
  }

  /** How many keys start with `prefix` and lie behind `after`. */
  count(prefix: string, after?: string): number {
    const start = after !== undefined && after >= prefix ? this.#position(`${after}\0`) : this.#position(prefix);
    return Math.max(0, this.#position(`${prefix}\uffff`) - start);
  }

  /** How many keys lie before `key`. */
  #position(key: string): number {
    const at = this.#chunkFor(key);
    let before = 0;
    for (let i = 0; i < at; i++) before += this.#chunks[i]!.length;
    return before + lowerBound(this.#chunks[at] ?? [], key);
  }

  /** The chunk that holds `key` or would; the last one for keys behind all, and 0 of an empty map. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.at(-1)!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
