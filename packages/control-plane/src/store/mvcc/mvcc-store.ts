import { onAbort } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import { StoreError } from '../store.js';
import type { CallOptions, RangeResult, Revision, Store, StoreBatch, StoredValue, StoreEvent } from '../store.js';
import { EventLog } from './event-log.js';
import type { HistoryLimits } from './history.js';
import type { Journal } from './journal.js';
import { Pulse } from './pulse.js';
import type { Version, VersionIndex } from './version-index.js';

export interface MvccStoreDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly index: VersionIndex;
  readonly limits: HistoryLimits;
}

/** What an earlier life left: the newest revision, and history since `floor`, oldest first. */
export interface RecoveredHistory {
  readonly revision: Revision;
  readonly floor: Revision;
  readonly events: readonly StoreEvent[];
}

/** A larger value is refused. Follows: etcd's default request limit, 1.5 MiB. */
export const largestValueBytes = 1.5 * 1024 * 1024;
/** One batch holds at most so much, so that a burst of large values keeps nobody waiting for all of them. */
const batchBytes = 1024 * 1024;
/** The journal writes one batch while the next one crosses to it. */
const batchesInFlight = 2;
/** Beyond this the disk is so far behind that more waiting only costs memory. */
const queueBytes = 64 * 1024 * 1024;

interface Write {
  readonly key: string;
  readonly value: Buffer | undefined;
  readonly done: (revision: Revision) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The embedded store: all values in memory with their history, every write through a journal. Writers that come
 * together share one durable append. A key has at most one write under way; the next one waits for it, so a refusal
 * never rests on something that a crash could take back.
 */
export class MvccStore implements Store {
  readonly #deps: MvccStoreDeps;
  readonly #log: EventLog;
  readonly #busy = new Map<string, Pulse>();
  #queue: Write[] = [];
  #queueBytes = 0;
  #inFlight = 0;
  #flushing = false;
  /** The newest revision given to a write, durable or not. */
  #given: Revision;
  #failure: StoreError | undefined;
  /** Why the last batch could not be written, until one can: a full disk is no reason to give up. */
  #refusal: StoreError | undefined;

  constructor(deps: MvccStoreDeps, recovered: RecoveredHistory = { revision: 0, floor: 0, events: [] }) {
    this.#deps = deps;
    this.#given = recovered.revision;
    const { clock, limits } = deps;
    const onForget = ({ events }: StoreBatch, floor: Revision): void => {
      for (const { key, revision } of events) {
        for (const version of deps.index.forget(key, revision)) deps.journal.release(version, floor);
      }
    };
    this.#log = new EventLog({ clock, limits, onForget }, recovered);
    for (const event of recovered.events) this.#log.append({ events: [event], revision: event.revision });
  }

  create(key: string, value: Buffer, options: CallOptions): Promise<Revision> {
    return this.#write(key, value, options, () => {
      if (this.#deps.index.live(key) !== undefined) throw new StoreError('AlreadyExists', `${key} exists already`);
    });
  }

  update(key: string, value: Buffer, expected: Revision, options: CallOptions): Promise<Revision> {
    return this.#write(key, value, options, () => this.#expect(key, expected));
  }

  delete(key: string, expected: Revision, options: CallOptions): Promise<Revision> {
    return this.#write(key, undefined, options, () => this.#expect(key, expected));
  }

  async read(key: string, { signal }: CallOptions): Promise<StoredValue | undefined> {
    signal.throwIfAborted();
    const version = this.#deps.index.live(key);
    return version && { key, value: version.value, modRevision: version.modRevision };
  }

  async range(
    prefix: string,
    {
      signal,
      at = this.#log.revision,
      limit,
      after,
    }: CallOptions & {
      readonly at?: Revision | undefined;
      readonly limit?: number | undefined;
      readonly after?: string | undefined;
    },
  ): Promise<RangeResult> {
    signal.throwIfAborted();
    const { floor, revision } = this.#log;
    if (at > revision)
      throw new StoreError('FutureRevision', `revision ${at} is not reached, the newest is ${revision}`);
    if (at < floor) throw new StoreError('Compacted', `revision ${at} is gone, history begins at ${floor}`);
    return this.#deps.index.range(prefix, at, { limit, after });
  }

  watch(prefix: string, options: CallOptions & { readonly after: Revision }): AsyncIterable<StoreBatch> {
    return this.#log.watch(prefix, options);
  }

  async revision({ signal }: CallOptions): Promise<Revision> {
    signal.throwIfAborted();
    return this.#log.revision;
  }

  async compact(revision: Revision, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    if (revision > this.#log.revision) {
      throw new StoreError(
        'FutureRevision',
        `revision ${revision} is not reached, the newest is ${this.#log.revision}`,
      );
    }
    this.#log.compact(revision);
  }

  async ready({ signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    const { failure } = this.#deps.journal;
    if (failure !== undefined) this.#fail(cannotWrite(failure));
    if (this.#failure !== undefined) throw this.#failure;
    // Nobody may be writing, so this asks the disk itself.
    if (this.#refusal !== undefined) await this.#append([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new StoreError('Unavailable', 'the store is closed'));
    await this.#deps.journal[Symbol.asyncDispose]();
    this.#log[Symbol.dispose]();
  }

  /** No write is acknowledged from now on; what is durable can still be read. */
  #fail(failure: StoreError): void {
    this.#failure ??= failure;
    const queue = this.#queue;
    this.#queue = [];
    this.#queueBytes = 0;
    for (const write of queue) write.failed(this.#failure);
  }

  #expect(key: string, expected: Revision): void {
    const current = this.#deps.index.live(key);
    if (current === undefined) throw new StoreError('NotFound', `no value at ${key}`);
    if (current.modRevision === expected) return;
    throw new StoreError('Conflict', `${key} is at revision ${current.modRevision}, expected ${expected}`);
  }

  async #write(key: string, value: Buffer | undefined, { signal }: CallOptions, check: () => void): Promise<Revision> {
    const bytes = value?.length ?? 0;
    if (bytes > largestValueBytes) {
      throw new StoreError('TooLarge', `${key} has ${bytes} bytes, at most ${largestValueBytes} can be stored`);
    }
    signal.throwIfAborted();
    for (let busy = this.#busy.get(key); busy !== undefined; busy = this.#busy.get(key)) {
      await unlessAborted(busy.next(), signal);
    }
    if (this.#failure !== undefined) throw this.#failure;
    check();
    if (this.#queueBytes > queueBytes)
      throw new StoreError('Unavailable', 'the disk is too far behind, try again later');

    const turn = new Pulse();
    this.#busy.set(key, turn);
    const free = (): void => {
      this.#busy.delete(key);
      turn.fire();
    };
    return new Promise<Revision>((resolve, reject) => {
      const aborted = (): void => {
        reject(signal.reason as Error);
        const at = this.#queue.indexOf(write);
        if (at < 0) return; // on its way: it keeps the key until its fate is known
        this.#queue.splice(at, 1);
        this.#queueBytes -= bytes;
        free();
      };
      const write: Write = {
        key,
        value,
        done: (revision) => {
          waiting[Symbol.dispose]();
          resolve(revision);
          free();
        },
        failed: (error) => {
          waiting[Symbol.dispose]();
          reject(error as Error);
          free();
        },
      };
      const waiting = onAbort(signal, aborted);
      this.#queue.push(write);
      this.#queueBytes += bytes;
      this.#flushSoon();
    });
  }

  /** After the writers of this turn have all come. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#inFlight < batchesInFlight && this.#queue.length > 0) {
      // A second batch only pays when it is worth a sync of its own; until then it goes on collecting.
      if (this.#inFlight > 0 && this.#queue.length < 16) return;
      let bytes = 0;
      let count = 0;
      while (count < this.#queue.length && bytes < batchBytes) bytes += this.#queue[count++]!.value?.length ?? 0;
      const writes = this.#queue.splice(0, count);
      this.#queueBytes -= bytes;
      void this.#commit(writes);
    }
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    const { index } = this.#deps;
    const versions = writes.map(({ key, value }) => index.prepare(key, ++this.#given, value));
    this.#inFlight++;
    try {
      await this.#append(versions);
    } catch (error) {
      for (const write of writes) write.failed(error);
      return;
    } finally {
      this.#inFlight--;
      if (this.#failure === undefined) this.#flushSoon();
    }

    const events = versions.map((version) => this.#publish(version));
    this.#log.append({ events, revision: versions.at(-1)!.modRevision });
    writes.forEach((write, i) => write.done(versions[i]!.modRevision));
  }

  /** @throws {StoreError} Unavailable: these versions are not written, or, for ever, no others either. */
  async #append(versions: readonly Version[]): Promise<void> {
    const { journal } = this.#deps;
    try {
      await journal.append(versions);
      this.#refusal = undefined;
    } catch (error) {
      const refusal = (this.#refusal = cannotWrite(error));
      if (journal.failure !== undefined) this.#fail(refusal);
      throw refusal;
    }
  }

  #publish(version: Version): StoreEvent {
    const { key, modRevision: revision, deleted, value } = version;
    const before = this.#deps.index.add(version);
    const previous = before && { key, value: before.value, modRevision: before.modRevision };
    return deleted
      ? { type: 'delete', key, value: undefined, revision, previous }
      : { type: 'put', key, value, revision, previous };
  }
}

function cannotWrite(cause: unknown): StoreError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('Unavailable', `the store cannot write: ${why}`, { cause });
}

/** `promise`, or the abort, whichever is first. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    void promise.then(() => {
      signal.removeEventListener('abort', aborted);
      resolve();
    });
  });
}
