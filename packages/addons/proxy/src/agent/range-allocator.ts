/**
 * Gives out ranges of numbers in one shared map of targets: a Service's targets stand side by side, so that one random
 * number finds one of them. A range keeps its place while its size class stays.
 */
export class RangeAllocator {
  readonly #ranges = new Map<string, { readonly start: number; readonly size: number }>();
  readonly #free = new Map<number, number[]>();
  #end = 0;

  /** @returns the first number of a range of at least `count`; the same as before where that is large enough and not too large. */
  rangeFor(id: string, count: number): number {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, count)));
    const known = this.#ranges.get(id);
    if (known?.size === size) return known.start;
    if (known !== undefined) this.release(id);
    const start = this.#free.get(size)?.pop() ?? this.#end;
    if (start === this.#end) this.#end += size;
    this.#ranges.set(id, { start, size });
    return start;
  }

  release(id: string): void {
    const range = this.#ranges.get(id);
    if (range === undefined) return;
    this.#ranges.delete(id);
    const free = this.#free.get(range.size) ?? [];
    this.#free.set(range.size, free);
    free.push(range.start);
  }
}
