import type { Entry, Version } from '../mvcc/version-index.js';

interface Segment {
  readonly number: number;
  bytes: number;
  liveBytes: number;
  /** Records here that are still wanted. */
  readonly live: Set<Version>;
  /** For each value here that nobody wants any more, its key. */
  readonly dead: Entry[];
}

/** About what a record takes on disk. */
const bytesOf = (version: Version): number => version.key.length + version.value.length + 60;

/**
 * Which records of which segment file are still wanted, so that files of which most is waste can be emptied.
 *
 * A deletion is wanted for as long as any file holds an older value of its key: without it, that value would be back
 * after the next start. Example: segment 1 holds `a=1`, segment 2 `a deleted`. History forgets both. The value is
 * waste at once, the deletion only when segment 1 is gone.
 */
export class SegmentTable {
  readonly #segments = new Map<number, Segment>();
  readonly #bytes = new WeakMap<Version, number>();
  /** Forgotten deletions of keys of which there are values on disk. */
  readonly #waiting = new Map<Entry, Version[]>();
  #newest = 0;

  begin(number: number): void {
    if (this.#segments.has(number)) return;
    this.#segments.set(number, { number, bytes: 0, liveBytes: 0, live: new Set(), dead: [] });
    this.#newest = Math.max(this.#newest, number);
  }

  /** `version` was written to segment `number`; a copy elsewhere is waste from now on. */
  add(version: Version, number: number, { wanted }: { readonly wanted: boolean } = { wanted: true }): void {
    this.begin(number);
    const segment = this.#segments.get(number)!;
    const bytes = this.#bytes.get(version) ?? bytesOf(version);
    segment.bytes += bytes;
    if (!version.deleted) version.entry.copies++;
    if (!wanted) {
      if (!version.deleted) segment.dead.push(version.entry);
      return;
    }
    if (version.place !== undefined) this.#drop(version);
    this.#bytes.set(version, bytes);
    version.place = number;
    segment.live.add(version);
    segment.liveBytes += bytes;
  }

  /** Nobody reads `version` any more. */
  release(version: Version): void {
    const { entry } = version;
    const isNewest = entry.versions.length === 0;
    if (version.deleted && isNewest && entry.copies > 0) {
      const waiting = this.#waiting.get(entry);
      if (waiting === undefined) this.#waiting.set(entry, [version]);
      else waiting.push(version);
    } else this.#drop(version);
  }

  /** The file of which the most is waste, if that is more than half. The newest one is still written to. */
  mostWasted(): number | undefined {
    let worst: Segment | undefined;
    for (const segment of this.#segments.values()) {
      if (segment.number === this.#newest || segment.liveBytes * 2 > segment.bytes) continue;
      if (worst === undefined || segment.liveBytes * worst.bytes < worst.liveBytes * segment.bytes) worst = segment;
    }
    return worst?.number;
  }

  wanted(number: number): readonly Version[] {
    return [...(this.#segments.get(number)?.live ?? [])];
  }

  /** The file is gone. */
  remove(number: number): void {
    const segment = this.#segments.get(number);
    if (segment === undefined) return;
    this.#segments.delete(number);
    for (const entry of segment.dead) {
      entry.copies--;
      if (entry.copies > 0) continue;
      for (const version of this.#waiting.get(entry) ?? []) this.#drop(version);
      this.#waiting.delete(entry);
    }
  }

  #drop(version: Version): void {
    const segment = version.place === undefined ? undefined : this.#segments.get(version.place);
    version.place = undefined;
    if (segment === undefined || !segment.live.delete(version)) return;
    segment.liveBytes -= this.#bytes.get(version)!;
    if (!version.deleted) segment.dead.push(version.entry);
  }
}
