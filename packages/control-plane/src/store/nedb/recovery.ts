import type { HistoryLimits } from '../mvcc/history.js';
import type { RecoveredHistory } from '../mvcc/mvcc-store.js';
import type { Entry, Version, VersionIndex } from '../mvcc/version-index.js';
import type { Revision, StoreEvent } from '../store.js';
import type { JournalAnswer } from './journal-messages.js';
import type { NedbJournal } from './nedb-journal.js';

export interface RecoveryDeps {
  readonly index: VersionIndex;
  readonly journal: Pick<NedbJournal, 'restore' | 'release'>;
  readonly limits: HistoryLimits;
}

/** History that is taken over at most, so that a start stays quick. */
const mostEvents = 10_000;
const empty = Buffer.alloc(0);

/** Builds the index from the journal's files, which hold records in any order and some of them twice. */
export class Recovery {
  readonly #deps: RecoveryDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #places = new Map<Version, number>();

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  take({ segment, records, values }: Extract<JournalAnswer, { type: 'segment' }>): void {
    const all = Buffer.from(values.buffer, values.byteOffset, values.length);
    let offset = 0;
    for (const { key, revision: modRevision, bytes } of records) {
      let entry = this.#entries.get(key);
      if (entry === undefined) this.#entries.set(key, (entry = { key, versions: [], copies: 0 }));
      const deleted = bytes < 0;
      const value = deleted ? empty : all.subarray(offset, offset + bytes);
      offset += Math.max(0, bytes);
      const version: Version = { entry, key, modRevision, deleted, value, place: undefined };
      // Files come oldest first; of two copies the one in the newer file stays.
      const twin = entry.versions.findIndex((each) => each.modRevision === modRevision);
      if (twin < 0) entry.versions.push(version);
      else {
        const copy = entry.versions[twin]!;
        this.#deps.journal.restore(copy, this.#places.get(copy)!, false);
        this.#places.delete(copy);
        entry.versions[twin] = version;
      }
      this.#places.set(version, segment);
    }
  }

  /** Puts the newest values and their history into the index; what is older is waste. */
  finish(opened: { readonly revision: Revision; readonly floor: Revision }): RecoveredHistory {
    const { index, journal } = this.#deps;
    for (const [version, segment] of this.#places) journal.restore(version, segment, true);
    for (const { versions } of this.#entries.values()) {
      if (versions.length > 1) versions.sort((a, b) => a.modRevision - b.modRevision);
    }
    const floor = Math.max(opened.floor, this.#affordableFloor(opened.floor));
    const events: StoreEvent[] = [];
    for (const entry of this.#entries.values()) {
      for (const [i, version] of entry.versions.entries()) {
        if (version.modRevision > floor) events.push(eventOf(version, entry.versions[i - 1]));
      }
      index.restore(entry);
      const settled = entry.versions.findLast((version) => version.modRevision <= floor);
      if (settled === undefined) continue;
      for (const gone of index.forget(entry.key, settled.modRevision)) journal.release(gone, floor);
    }
    events.sort((a, b) => a.revision - b.revision);
    return { revision: opened.revision, floor, events };
  }

  /** The revision after which history has neither too many events nor too many bytes. */
  #affordableFloor(floor: Revision): Revision {
    const changes: { readonly revision: Revision; readonly bytes: number }[] = [];
    for (const { versions } of this.#entries.values()) {
      for (const [i, { modRevision: revision }] of versions.entries()) {
        if (revision > floor) changes.push({ revision, bytes: 300 + (versions[i - 1]?.value.length ?? 0) });
      }
    }
    changes.sort((a, b) => b.revision - a.revision);
    let bytes = 0;
    for (const [i, change] of changes.entries()) {
      bytes += change.bytes;
      if (i >= mostEvents || bytes > this.#deps.limits.historyBytes) return change.revision;
    }
    return floor;
  }
}

function eventOf({ key, modRevision: revision, deleted, value }: Version, before: Version | undefined): StoreEvent {
  const previous =
    before === undefined || before.deleted ? undefined : { key, value: before.value, modRevision: before.modRevision };
  return deleted
    ? { type: 'delete', key, value: undefined, revision, previous }
    : { type: 'put', key, value, revision, previous };
}
