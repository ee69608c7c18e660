import { StoreError } from '../store.js';
import type { CallOptions, Revision, StoreBatch, StoreEvent } from '../store.js';
import { History } from './history.js';
import type { HistoryDeps } from './history.js';
import { Pulse } from './pulse.js';

/** What an event costs besides the value before it: objects and references. */
const eventBytes = 300;

const bytesOf = (events: readonly StoreEvent[]): number =>
  events.reduce((sum, event) => sum + eventBytes + (event.previous?.value.length ?? 0), 0);

/**
 * The commits of the last minutes and the watches that follow them. A watch is only a place in the history: going from
 * the past to the present is no special case, and a slow watch costs nothing. One that falls behind is told `Compacted`.
 */
export class EventLog implements Disposable {
  readonly #pulse = new Pulse();
  readonly #history: History<StoreBatch>;
  #revision: Revision;
  #closed = false;

  constructor(deps: HistoryDeps<StoreBatch>, start: { readonly floor: Revision; readonly revision: Revision }) {
    this.#history = new History(deps, start.floor);
    this.#revision = start.revision;
  }

  /** History is complete after this revision. */
  get floor(): Revision {
    return this.#history.floor;
  }

  get revision(): Revision {
    return this.#revision;
  }

  append(batch: StoreBatch): void {
    this.#revision = Math.max(this.#revision, batch.revision);
    this.#history.push(batch, batch.revision, bytesOf(batch.events));
    this.#pulse.fire();
  }

  compact(revision: Revision): void {
    this.#history.compact(revision);
  }

  async *watch(
    prefix: string,
    { after, signal }: CallOptions & { readonly after: Revision },
  ): AsyncGenerator<StoreBatch, void, void> {
    this.#refuseBefore(after);
    let next = this.#history.numberAfter(after);
    let reported = after;
    const wake = (): void => this.#pulse.fire();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#closed) throw new StoreError('Unavailable', 'the store is closed');
        if (next < this.#history.first) this.#refuseBefore(reported);
        const batch = this.#history.at(next);
        if (batch === undefined) {
          if (reported < this.#revision) {
            reported = this.#revision;
            yield { events: [], revision: reported };
          } else await this.#pulse.next();
          continue;
        }
        next++;
        const events = batch.events.filter((event) => event.revision > after && event.key.startsWith(prefix));
        if (events.length === 0) continue;
        reported = batch.revision;
        yield { events, revision: reported };
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#history[Symbol.dispose]();
    this.#pulse.fire();
  }

  #refuseBefore(after: Revision): void {
    if (after >= this.floor) return;
    throw new StoreError('Compacted', `history after revision ${after} is gone, it begins after ${this.floor}`);
  }
}
