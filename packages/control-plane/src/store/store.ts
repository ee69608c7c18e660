/** Grows by one with each write of anything; the resourceVersion of the API. */
export type Revision = number;

export interface CallOptions {
  readonly signal: AbortSignal;
}

/** One value as it stands at a revision. The buffer is shared: nobody writes to it. */
export interface StoredValue {
  readonly key: string;
  readonly value: Buffer;
  readonly modRevision: Revision;
}

export interface RangeResult {
  readonly items: readonly StoredValue[];
  /** The revision that this range shows. */
  readonly revision: Revision;
  /** How many keys of the prefix follow the last item; 0 when the range is complete. */
  readonly remaining: number;
}

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Absent for a delete. */
  readonly value: Buffer | undefined;
  readonly revision: Revision;
  /** The value before, where there was one. */
  readonly previous: StoredValue | undefined;
}

/** The changes of one commit. No event at or below `revision` comes later; without events it only reports progress. */
export interface StoreBatch {
  readonly events: readonly StoreEvent[];
  readonly revision: Revision;
}

export type StoreErrorCode =
  'NotFound' | 'AlreadyExists' | 'Conflict' | 'Compacted' | 'FutureRevision' | 'TooLarge' | 'Unavailable';

/** The only error a store throws, besides `signal.reason`. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A small multi-version key-value contract. Keys are `/registry/<group>/<plural>/[<namespace>/]<name>`; their group and
 * plural part (`prefix`) is what a watch names. A write resolves once it is durable: nothing acknowledged is ever lost,
 * and nothing is visible to reads or watches before it is durable. After an abort nobody knows whether the write
 * happened: read again. Follows: etcd's KV and Watch.
 */
export interface Store extends AsyncDisposable {
  /** @throws {StoreError} AlreadyExists, TooLarge, Unavailable. */
  create(key: string, value: Buffer, options: CallOptions): Promise<Revision>;
  /** Replaces the value whose last change was `expected`. @throws {StoreError} NotFound, Conflict, TooLarge, Unavailable. */
  update(key: string, value: Buffer, expected: Revision, options: CallOptions): Promise<Revision>;
  /** @throws {StoreError} NotFound, Conflict, Unavailable. */
  delete(key: string, expected: Revision, options: CallOptions): Promise<Revision>;
  /** The newest value, or undefined. */
  read(key: string, options: CallOptions): Promise<StoredValue | undefined>;
  /**
   * Values whose key starts with `prefix`, in key order, as of one revision.
   * @throws {StoreError} Compacted, FutureRevision.
   */
  range(
    prefix: string,
    options: CallOptions & {
      readonly at?: Revision | undefined;
      readonly limit?: number | undefined;
      /** Exclusive. */
      readonly after?: string | undefined;
    },
  ): Promise<RangeResult>;
  /**
   * Every change below `prefix` after revision `after`, in order, without gaps, in batches of one commit.
   * A batch's values are the very buffers that the writer of this process gave, so they can be recognised.
   * @throws {StoreError} Compacted (range again), Unavailable.
   */
  watch(prefix: string, options: CallOptions & { readonly after: Revision }): AsyncIterable<StoreBatch>;
  /** The newest revision that is durable. Every watch reports progress up to it soon after. */
  revision(options: CallOptions): Promise<Revision>;
  /** Forgets history before `revision`: ranges at an older one and watches after an older one are refused. */
  compact(revision: Revision, options: CallOptions): Promise<void>;
  /** Resolves while writes are possible. @throws {StoreError} Unavailable with the reason. */
  ready(options: CallOptions): Promise<void>;
}
