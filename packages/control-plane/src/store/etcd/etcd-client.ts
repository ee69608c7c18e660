import { Client, credentials, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { StoreError } from '../store.js';
import type { CallOptions } from '../store.js';
import { codecOf } from './etcd-proto.js';
import type { Header, RangeResponse, TxnResponse, WatchResponse } from './etcd-proto.js';

export interface EtcdEndpoints {
  /** `http://…` or `https://…`; several only by IPv4 address. */
  readonly endpoints: readonly string[];
  /** PEM; for https. */
  readonly tls?:
    { readonly ca: Buffer; readonly cert?: Buffer | undefined; readonly key?: Buffer | undefined } | undefined;
}

const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
const requests = {
  range: codecOf<unknown>('RangeRequest'),
  txn: codecOf<unknown>('TxnRequest'),
  compact: codecOf<unknown>('CompactionRequest'),
  watch: codecOf<unknown>('WatchRequest'),
};
const responses = {
  range: codecOf<RangeResponse>('RangeResponse'),
  txn: codecOf<TxnResponse>('TxnResponse'),
  compact: codecOf<{ readonly header: Header }>('CompactionResponse'),
  watch: codecOf<WatchResponse>('WatchResponse'),
};

/** The calls of etcd's v3 API that a store needs. */
export class EtcdClient implements Disposable {
  readonly #client: Client;

  constructor({ endpoints, tls }: EtcdEndpoints) {
    const secure = endpoints.some((endpoint) => endpoint.startsWith('https:'));
    const channel = secure
      ? credentials.createSsl(tls?.ca ?? null, tls?.key ?? null, tls?.cert ?? null)
      : credentials.createInsecure();
    this.#client = new Client(targetOf(endpoints), channel, unlimited);
  }

  range(request: object, options: CallOptions): Promise<RangeResponse> {
    return this.#call('/etcdserverpb.KV/Range', requests.range, responses.range, request, options);
  }

  txn(request: object, options: CallOptions): Promise<TxnResponse> {
    return this.#call('/etcdserverpb.KV/Txn', requests.txn, responses.txn, request, options);
  }

  async compact(request: object, options: CallOptions): Promise<void> {
    await this.#call('/etcdserverpb.KV/Compact', requests.compact, responses.compact, request, options);
  }

  /** Carries both ways; cancel it when it is not needed any more. */
  watch(): ClientDuplexStream<object, WatchResponse> {
    const { encode } = requests.watch;
    return this.#client.makeBidiStreamRequest('/etcdserverpb.Watch/Watch', encode, responses.watch.decode);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #call<T>(
    path: string,
    request: { readonly encode: (message: object) => Buffer },
    response: { readonly decode: (bytes: Buffer) => T },
    message: object,
    { signal }: CallOptions,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const cancel = (): void => call.cancel();
      const done = (error: ServiceError | null, value?: T): void => {
        signal.removeEventListener('abort', cancel);
        if (error === null && value !== undefined) resolve(value);
        else reject(signal.aborted ? (signal.reason as Error) : storeErrorOf(error));
      };
      const call = this.#client.makeUnaryRequest(path, request.encode, response.decode, message, done);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}

/** @throws {TypeError} several endpoints by name, among which gRPC cannot choose. */
function targetOf(endpoints: readonly string[]): string {
  const hosts = endpoints.map((endpoint) => new URL(endpoint).host);
  if (hosts.length === 1) return hosts[0]!;
  if (hosts.length === 0 || !hosts.every((host) => /^\d+\.\d+\.\d+\.\d+:\d+$/.test(host))) {
    throw new TypeError('several etcd endpoints have to be given by IPv4 address and port');
  }
  return `ipv4:${hosts.join(',')}`;
}

/** By etcd's own texts, which are part of its API. Follows: etcd's rpctypes. */
export function storeErrorOf(cause: unknown): StoreError {
  const { code, details = '' } = (cause ?? {}) as Partial<ServiceError>;
  if (code === status.OUT_OF_RANGE && details.includes('compacted')) {
    return new StoreError('Compacted', 'etcd has compacted this revision', { cause });
  }
  if (code === status.OUT_OF_RANGE && details.includes('future revision')) {
    return new StoreError('FutureRevision', 'etcd has not reached this revision', { cause });
  }
  if (details.includes('request is too large')) {
    return new StoreError('TooLarge', 'the value is too large for etcd', { cause });
  }
  return new StoreError('Unavailable', `etcd: ${details === '' ? String(cause) : details}`, { cause });
}
