import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { serviceMethods } from '../../grpc/service-methods.js';
import type { ServiceMethod } from '../../grpc/service-methods.js';
import { UnixGrpcClient } from '../../grpc/unix-grpc-client.js';
import { RuntimeError } from '../runtime.js';
import { toRuntimeError } from './errors.js';
import { enums, imageMethods, messages, runtimeMethods, runtimeStreams } from './schema.js';
import type { ImageMethods, Message, RuntimeMethods, RuntimeStreams, Sent } from './schema.js';

type UnaryMethods = RuntimeMethods & ImageMethods;
type Request<M extends keyof UnaryMethods> = Sent<UnaryMethods[M][0]>;
type Response<M extends keyof UnaryMethods> = Message<UnaryMethods[M][1]>;

/** One gRPC channel to a CRI socket. Reconnects by itself when the engine comes back. */
export class CriConnection implements Disposable {
  readonly #client: UnixGrpcClient;
  readonly #methods: Readonly<Record<string, ServiceMethod>>;

  /** @param socket path of the unix socket. */
  constructor(socket: string) {
    const { RuntimeService = {}, ImageService = {} } = serviceMethods({
      package: 'runtime.v1',
      messages,
      enums,
      services: { RuntimeService: { ...runtimeMethods, ...runtimeStreams }, ImageService: imageMethods },
      streams: new Set(Object.keys(runtimeStreams)),
    });
    this.#methods = { ...RuntimeService, ...ImageService };
    this.#client = new UnixGrpcClient(socket);
  }

  /** @throws {RuntimeError} Timeout after `timeoutMs`, Unavailable, or what the method means by its failure. */
  async call<M extends keyof UnaryMethods>(
    method: M,
    request: Request<M>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Response<M>> {
    try {
      return (await this.#client.call(this.#method(method), request, timeoutMs, signal)) as Response<M>;
    } catch (error) {
      throw signal.aborted ? error : toRuntimeError(method, error as ServiceError);
    }
  }

  /** Ends without a word on abort. @throws {RuntimeError} Unavailable when the stream breaks; Internal when unimplemented. */
  async *stream<M extends keyof RuntimeStreams>(
    method: M,
    request: Sent<RuntimeStreams[M][0]>,
    signal: AbortSignal,
  ): AsyncGenerator<Message<RuntimeStreams[M][1]>> {
    try {
      for await (const message of this.#client.stream(this.#method(method), request, signal))
        yield message as Message<RuntimeStreams[M][1]>;
    } catch (error) {
      const failure = error as ServiceError;
      if (failure.code === status.UNIMPLEMENTED) throw new UnimplementedError(method, { cause: failure });
      throw toRuntimeError(method, failure);
    }
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  #method(name: string): ServiceMethod {
    const found = this.#methods[name];
    if (found === undefined) throw new Error(`no method ${name} in the CRI schema`);
    return found;
  }
}

/** The engine is too old for this method. */
export class UnimplementedError extends RuntimeError {
  constructor(method: string, options: ErrorOptions) {
    super('Internal', `the container runtime does not implement ${method}`, options);
  }
}
