import type { Clock } from '@geobuk/client';
import type { Revision } from '../store.js';

export interface HistoryLimits {
  /** How long ranges and watches at an old revision are possible. */
  readonly historyMs: number;
  /** What history may keep besides the newest values; the oldest goes first. */
  readonly historyBytes: number;
}

export interface HistoryDeps<T> {
  readonly clock: Clock;
  readonly limits: HistoryLimits;
  /** What only history needed of this item can go; history is complete after `floor`. */
  readonly onForget?: ((item: T, floor: Revision) => void) | undefined;
}

interface Remembered<T> {
  readonly item: T;
  readonly revision: Revision;
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * What happened in the last minutes, in the order of revisions, bounded by time and bytes. Items are numbered through
 * for good, so that a reader is nothing but the number of its next item.
 */
export class History<T> implements Disposable {
  readonly #deps: HistoryDeps<T>;
  #items: Remembered<T>[] = [];
  /** The number of `#items[0]`; those below `#first` are forgotten but not yet cut off. */
  #base = 0;
  #first = 0;
  #bytes = 0;
  #floor: Revision;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(deps: HistoryDeps<T>, floor: Revision) {
    this.#deps = deps;
    this.#floor = floor;
  }

  /** History is complete after this revision. */
  get floor(): Revision {
    return this.#floor;
  }

  /** The number of the oldest item that is remembered. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next item will get. */
  get end(): number {
    return this.#base + this.#items.length;
  }

  /** Undefined for a number that is forgotten or not there yet. */
  at(number: number): T | undefined {
    return number < this.#first ? undefined : this.#items[number - this.#base]?.item;
  }

  /** The number of the first item that reaches beyond `revision`. */
  numberAfter(revision: Revision): number {
    let low = this.#first - this.#base;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#base + low;
  }

  push(item: T, revision: Revision, bytes: number): void {
    this.#items.push({ item, revision, atMs: this.#deps.clock.now(), bytes });
    this.#bytes += bytes;
    this.#expire();
  }

  /** Forgets the items at or below `revision`. */
  compact(revision: Revision): void {
    for (let oldest = this.#oldest(); oldest !== undefined && oldest.revision <= revision; oldest = this.#oldest()) {
      this.#forget(oldest);
    }
    // An item that reaches beyond stays as a whole; its part below is refused all the same.
    this.#floor = Math.max(this.#floor, revision);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #oldest(): Remembered<T> | undefined {
    return this.#items[this.#first - this.#base];
  }

  #expire(): void {
    const { clock, limits } = this.#deps;
    const expired = clock.now() - limits.historyMs;
    const newest = this.#items.at(-1); // its readers are only now about to come, so bytes do not drive it out
    let oldest = this.#oldest();
    while (
      oldest !== undefined &&
      (oldest.atMs <= expired || (this.#bytes > limits.historyBytes && oldest !== newest))
    ) {
      this.#forget(oldest);
      oldest = this.#oldest();
    }
    if (oldest === undefined || this.#timer !== undefined || this.#closed) return;
    this.#timer = clock.timer(oldest.atMs + limits.historyMs - clock.now(), () => {
      this.#timer = undefined;
      this.#expire();
    });
  }

  #forget({ item, revision, bytes }: Remembered<T>): void {
    this.#first++;
    this.#bytes -= bytes;
    this.#floor = Math.max(this.#floor, revision);
    this.#deps.onForget?.(item, this.#floor);

    const gone = this.#first - this.#base;
    if (gone < 256 || gone * 2 < this.#items.length) return;
    this.#items = this.#items.slice(gone);
    this.#base = this.#first;
  }
}
