const chunkKeys = 512;

/** Index of the first element of `keys` that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A map that can also be walked in key order from any key. Keys lie in chunks of at most 512 in order, so an insert
 * moves a few hundred references and never the whole.
 */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  readonly #chunks: string[][] = [];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    const before = this.#values.size;
    this.#values.set(key, value);
    if (this.#values.size === before) return;

    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    if (chunk.at(-1)! < key) chunk.push(key);
    else chunk.splice(lowerBound(chunk, key), 0, key);
    // Keys mostly come in order, so a full last chunk is left full and not split in two halves.
    const appending = at === this.#chunks.length - 1 && chunk.at(-1) === key;
    if (chunk.length > chunkKeys) this.#chunks.splice(at + 1, 0, chunk.splice(appending ? chunkKeys : chunkKeys >>> 1));
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at]!;
    if (chunk.length === 1) this.#chunks.splice(at, 1);
    else chunk.splice(lowerBound(chunk, key), 1);
    return true;
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  /** Visits in key order the keys that start with `prefix` and lie behind `after`, until `visit` returns false. */
  walk(prefix: string, after: string | undefined, visit: (value: V, key: string) => boolean): void {
    const start = after !== undefined && after >= prefix ? after : prefix;
    for (let at = this.#chunkFor(start), first = true; at < this.#chunks.length; at++, first = false) {
      const chunk = this.#chunks[at]!;
      for (let i = first ? lowerBound(chunk, start) : 0; i < chunk.length; i++) {
        const key = chunk[i]!;
        if (key === after) continue;
        if (!key.startsWith(prefix)) return;
        if (!visit(this.#values.get(key)!, key)) return;
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
      if (this.#chunks[middle]!.at(-1)! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
