import type { RangeResult, Revision, StoredValue } from '../store.js';
import { SortedMap } from './sorted-map.js';

/** All that is known of one key. */
export interface Entry {
  readonly key: string;
  /** Ascending; the last is the newest. Older ones stay while they are history. */
  readonly versions: Version[];
  /** The journal's own count: copies of values of this key that it has on disk, wanted or not. */
  copies: number;
}

/** One value, or one deletion, of one key. */
export interface Version {
  readonly entry: Entry;
  readonly key: string;
  readonly modRevision: Revision;
  readonly deleted: boolean;
  /** Empty for a deletion, and for a version that is no longer wanted. */
  value: Buffer;
  /** The journal's own note: the segment that holds it; undefined when it is not wanted any more. */
  place: number | undefined;
}

const empty = Buffer.alloc(0);

/** Every key's versions within history, in key order. Follows: etcd's key index. */
export class VersionIndex {
  readonly #entries = new SortedMap<Entry>();

  /** The newest value, unless it is a deletion. */
  live(key: string): Version | undefined {
    const newest = this.#entries.get(key)?.versions.at(-1);
    return newest === undefined || newest.deleted ? undefined : newest;
  }

  /** A version that is not in the index yet: first it has to be durable. */
  prepare(key: string, modRevision: Revision, value: Buffer | undefined): Version {
    const entry = this.#entries.get(key) ?? { key, versions: [], copies: 0 };
    return { entry, key, modRevision, deleted: value === undefined, value: value ?? empty, place: undefined };
  }

  /** Makes `version` the newest of its key. @returns the one before, where it was a value. */
  add(version: Version): Version | undefined {
    const { entry, key } = version;
    const before = entry.versions.at(-1);
    entry.versions.push(version);
    if (before === undefined) this.#entries.set(key, entry);
    return before === undefined || before.deleted ? undefined : before;
  }

  /** A key with versions from an earlier life, in ascending order. */
  restore(entry: Entry): void {
    this.#entries.set(entry.key, entry);
  }

  /**
   * History forgets the change of `key` at `revision`: every older version goes, and the one made then if it was a
   * deletion. The key itself goes with its last version. @returns those that went.
   */
  forget(key: string, revision: Revision): readonly Version[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    const { versions } = entry;
    let count = 0;
    while (count < versions.length && isForgotten(versions[count]!, revision)) count++;
    const gone = versions.splice(0, count);
    if (versions.length === 0) this.#entries.delete(key);
    for (const version of gone) version.value = empty;
    return gone;
  }

  range(
    prefix: string,
    at: Revision,
    { limit = Infinity, after }: { readonly limit?: number | undefined; readonly after?: string | undefined },
  ): RangeResult {
    const items: StoredValue[] = [];
    let remaining = 0;
    this.#entries.walk(prefix, after, ({ versions }) => {
      let i = versions.length - 1;
      while (i >= 0 && versions[i]!.modRevision > at) i--;
      const version = versions[i];
      if (version === undefined || version.deleted) return true;
      if (items.length < limit)
        items.push({ key: version.key, value: version.value, modRevision: version.modRevision });
      else remaining++;
      return true;
    });
    return { items, revision: at, remaining };
  }
}

const isForgotten = (version: Version, revision: Revision): boolean =>
  version.modRevision < revision || (version.modRevision === revision && version.deleted);
