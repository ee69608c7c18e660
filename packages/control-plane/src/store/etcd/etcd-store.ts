import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '@geobuk/client';
import { largestValueBytes } from '../mvcc/mvcc-store.js';
import { StoreError } from '../store.js';
import type { CallOptions, RangeResult, Revision, Store, StoreBatch, StoredValue, StoreEvent } from '../store.js';
import { storeErrorOf } from './etcd-client.js';
import type { EtcdClient } from './etcd-client.js';
import type { KeyValue, WatchResponse } from './etcd-proto.js';

export interface EtcdStoreDeps {
  readonly client: EtcdClient;
  readonly clock: Clock;
}

/** Before a watch that lost its connection tries again. */
const retryMs = 500;
/**
 * etcd before 3.4.25 and 3.5.8 reports progress also for a watch to which it has not sent all of the past yet. It works
 * that off every 100 ms and tells nobody when it is done, so a watch that has a past is not asked for so long.
 */
const catchUpMs = 1000;

const storedOf = ({ key, value, modRevision }: KeyValue): StoredValue => ({ key: key.toString(), value, modRevision });

/** The first key behind all that start with `prefix`. Prefixes are ASCII, so their last byte can grow. */
function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}

/** The engine for several control planes: one etcd, v3. Several processes may share it. */
export class EtcdStore implements Store {
  readonly #deps: EtcdStoreDeps;
  readonly #streams = new Set<ClientDuplexStream<object, WatchResponse>>();
  readonly #closing = new AbortController();

  constructor(deps: EtcdStoreDeps) {
    this.#deps = deps;
  }

  async create(key: string, value: Buffer, options: CallOptions): Promise<Revision> {
    refuseTooLarge(key, value);
    const name = Buffer.from(key);
    const compare = [{ target: 'CREATE', result: 'EQUAL', key: name, createRevision: 0 }];
    const success = [{ requestPut: { key: name, value } }];
    const { succeeded, header } = await this.#deps.client.txn({ compare, success }, options);
    if (!succeeded) throw new StoreError('AlreadyExists', `${key} exists already`);
    return header.revision;
  }

  async update(key: string, value: Buffer, expected: Revision, options: CallOptions): Promise<Revision> {
    refuseTooLarge(key, value);
    return this.#replace(key, { requestPut: { key: Buffer.from(key), value } }, expected, options);
  }

  delete(key: string, expected: Revision, options: CallOptions): Promise<Revision> {
    return this.#replace(key, { requestDeleteRange: { key: Buffer.from(key) } }, expected, options);
  }

  async read(key: string, options: CallOptions): Promise<StoredValue | undefined> {
    const { kvs } = await this.#deps.client.range({ key: Buffer.from(key) }, options);
    return kvs[0] && storedOf(kvs[0]);
  }

  async range(
    prefix: string,
    {
      signal,
      at,
      limit,
      after,
    }: CallOptions & {
      readonly at?: Revision | undefined;
      readonly limit?: number | undefined;
      readonly after?: string | undefined;
    },
  ): Promise<RangeResult> {
    const start = after !== undefined && after >= prefix ? `${after}\0` : prefix;
    const request = { key: Buffer.from(start), rangeEnd: endOf(prefix), limit: limit ?? 0, revision: at ?? 0 };
    const { kvs, count, header } = await this.#deps.client.range(request, { signal });
    return { items: kvs.map(storedOf), revision: at ?? header.revision, remaining: count - kvs.length };
  }

  async *watch(
    prefix: string,
    { after, signal }: CallOptions & { readonly after: Revision },
  ): AsyncGenerator<StoreBatch, void, void> {
    for (let seen = after; ;) {
      try {
        for await (const batch of this.#stream(prefix, seen, signal)) {
          seen = batch.revision;
          yield batch;
        }
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (this.#closing.signal.aborted) throw new StoreError('Unavailable', 'the store is closed');
        if (!(error instanceof StoreError) || error.code !== 'Unavailable') throw error;
      }
      await this.#deps.clock.after(retryMs, { signal });
    }
  }

  async revision(options: CallOptions): Promise<Revision> {
    // Goes through the quorum, so it is not older than any write acknowledged before.
    const { header } = await this.#deps.client.range({ key: Buffer.from('\0'), countOnly: true }, options);
    for (const stream of this.#streams) stream.write({ progressRequest: {} });
    return header.revision;
  }

  async compact(revision: Revision, options: CallOptions): Promise<void> {
    try {
      await this.#deps.client.compact({ revision }, options);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'Compacted')) throw error; // as far as wished, or farther
    }
  }

  async ready(options: CallOptions): Promise<void> {
    await this.revision(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const stream of this.#streams) stream.cancel();
    this.#deps.client[Symbol.dispose]();
  }

  async #replace(key: string, change: object, expected: Revision, options: CallOptions): Promise<Revision> {
    const name = Buffer.from(key);
    const compare = [{ target: 'MOD', result: 'EQUAL', key: name, modRevision: expected }];
    const failure = [{ requestRange: { key: name, keysOnly: true } }];
    const response = await this.#deps.client.txn({ compare, success: [change], failure }, options);
    if (response.succeeded) return response.header.revision;
    const current = response.responses[0]?.responseRange?.kvs[0];
    if (current === undefined) throw new StoreError('NotFound', `no value at ${key}`);
    throw new StoreError('Conflict', `${key} is at revision ${current.modRevision}, expected ${expected}`);
  }

  /** One connection's worth of a watch. */
  async *#stream(prefix: string, after: Revision, signal: AbortSignal): AsyncGenerator<StoreBatch, void, void> {
    signal.throwIfAborted();
    const stream = this.#deps.client.watch();
    // An async iterator that is left behind would otherwise leave the cancellation's error without a listener.
    stream.on('error', () => undefined);
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const createRequest = {
      key: Buffer.from(prefix),
      rangeEnd: endOf(prefix),
      startRevision: after + 1,
      progressNotify: true,
      prevKv: true,
    };
    stream.write({ createRequest });
    let seen = after;
    let catchingUp: Disposable | undefined;
    const answersProgress = (): void => {
      this.#streams.add(stream);
      stream.write({ progressRequest: {} }); // also for whoever asked before
    };
    try {
      for await (const response of stream as AsyncIterable<WatchResponse>) {
        if (response.compactRevision > 0) {
          throw new StoreError(
            'Compacted',
            `etcd's history begins at ${response.compactRevision}, wanted ${after + 1}`,
          );
        }
        if (response.canceled) throw new StoreError('Unavailable', `etcd ended the watch: ${response.cancelReason}`);
        if (response.created) {
          if (response.header.revision <= after) answersProgress();
          else catchingUp = this.#deps.clock.timer(catchUpMs, answersProgress);
          continue;
        }
        const events = response.events.map(eventOf);
        // With events the header may be ahead of what this watch has been sent; without, it says how far it is.
        const revision = events.at(-1)?.revision ?? response.header.revision;
        if (events.length === 0 && revision <= seen) continue;
        seen = revision;
        yield { events, revision };
      }
    } catch (error) {
      throw error instanceof StoreError ? error : storeErrorOf(error);
    } finally {
      catchingUp?.[Symbol.dispose]();
      this.#streams.delete(stream);
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }
}

function refuseTooLarge(key: string, value: Buffer): void {
  if (value.length <= largestValueBytes) return;
  throw new StoreError('TooLarge', `${key} has ${value.length} bytes, at most ${largestValueBytes} can be stored`);
}

function eventOf({ type, kv, prevKv }: WatchResponse['events'][number]): StoreEvent {
  const previous = prevKv ? storedOf(prevKv) : undefined;
  const { key, value, modRevision: revision } = storedOf(kv);
  return type === 1
    ? { type: 'delete', key, value: undefined, revision, previous }
    : { type: 'put', key, value, revision, previous };
}
