import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { ServiceMethod } from './service-methods.js';

/** Peers answer from memory or name files: no message of them is larger. As Kubernetes has it for CRI. */
const maxMessageBytes = 16 << 20;

/** One gRPC channel to a unix socket. Reconnects by itself when the peer comes back. */
export class UnixGrpcClient implements Disposable {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  /** @param socket path of the unix socket. */
  constructor(socket: string) {
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      // A restarted peer is found again at once: a failed connect of a unix socket costs nothing.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  /** @throws the `ServiceError` of grpc-js; `signal.reason` after an abort. */
  call(method: ServiceMethod, request: object, timeoutMs: number, signal: AbortSignal): Promise<object> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => call.cancel();
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata,
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          signal.removeEventListener('abort', onAbort);
          if (error === null) resolve(response as object);
          else reject(signal.aborted ? signal.reason : error);
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Ends without a word on abort. @throws the `ServiceError` of grpc-js when the stream breaks. */
  async *stream(method: ServiceMethod, request: object, signal: AbortSignal): AsyncGenerator<object> {
    if (signal.aborted) return;
    const call = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadata,
      {},
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call) yield message as object;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
