import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { ServiceError } from '@grpc/grpc-js';
import { RuntimeError } from '../runtime.js';
import { toRuntimeError } from './errors.js';
import { imageMethods } from './schema.js';
import type { ImageMethods, Message, RuntimeMethods, RuntimeStreams, Sent } from './schema.js';
import { criMethods } from './wire.js';

type UnaryMethods = RuntimeMethods & ImageMethods;
type Request<M extends keyof UnaryMethods> = Sent<UnaryMethods[M][0]>;
type Response<M extends keyof UnaryMethods> = Message<UnaryMethods[M][1]>;

/** 16 MiB, as Kubernetes has it for CRI. */
const maxMessageBytes = 16 << 20;

/** One gRPC channel to a CRI socket. Reconnects by itself when the engine comes back. */
export class CriConnection implements Disposable {
  readonly #client: Client;
  readonly #methods: ReturnType<typeof criMethods>;
  readonly #definitions = new Map<string, MethodDefinition<object, object>>();
  readonly #metadata = new Metadata();

  /** @param socket path of the unix socket. */
  constructor(socket: string) {
    this.#methods = criMethods();
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      // A restarted engine is found again at once: a failed connect of a unix socket costs nothing.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  /** @throws {RuntimeError} Timeout after `timeoutMs`, Unavailable, or what the method means by its failure. */
  call<M extends keyof UnaryMethods>(
    method: M,
    request: Request<M>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Response<M>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const definition = this.#definition(method);
      const onAbort = (): void => call.cancel();
      const call = this.#client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        request,
        this.#metadata,
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          signal.removeEventListener('abort', onAbort);
          if (error === null) resolve(response as Response<M>);
          else if (signal.aborted) reject(signal.reason);
          else reject(toRuntimeError(method, error));
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Ends without a word on abort. @throws {RuntimeError} Unavailable when the stream breaks; Internal when unimplemented. */
  async *stream<M extends keyof RuntimeStreams>(
    method: M,
    request: Sent<RuntimeStreams[M][0]>,
    signal: AbortSignal,
  ): AsyncGenerator<Message<RuntimeStreams[M][1]>> {
    if (signal.aborted) return;
    const definition = this.#methods('RuntimeService', method);
    const call = this.#client.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      request,
      this.#metadata,
      {},
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call) yield message as Message<RuntimeStreams[M][1]>;
    } catch (error) {
      if (signal.aborted) return;
      const failure = error as ServiceError;
      if (failure.code === status.UNIMPLEMENTED) throw new UnimplementedError(method, { cause: failure });
      throw toRuntimeError(method, failure);
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #definition(method: keyof UnaryMethods): MethodDefinition<object, object> {
    let definition = this.#definitions.get(method);
    if (definition === undefined) {
      definition = this.#methods(method in imageMethods ? 'ImageService' : 'RuntimeService', method);
      this.#definitions.set(method, definition);
    }
    return definition;
  }
}

/** The engine is too old for this method. */
export class UnimplementedError extends RuntimeError {
  constructor(method: string, options: ErrorOptions) {
    super('Internal', `the container runtime does not implement ${method}`, options);
  }
}
