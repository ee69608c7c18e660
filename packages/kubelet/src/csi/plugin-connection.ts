import type { ServiceError } from '@grpc/grpc-js';
import { serviceMethods } from '../grpc/service-methods.js';
import type { ServiceMethod } from '../grpc/service-methods.js';
import { UnixGrpcClient } from '../grpc/unix-grpc-client.js';
import { CsiError, toCsiError } from './csi-error.js';
import { csiTables, registrationTables } from './schema.js';
import type { CsiMessage, CsiMethods, CsiRequest } from './schema.js';

/** Made at the first plugin: most nodes have none. */
let known: Readonly<Record<string, ServiceMethod>> | undefined;

function methodOf(name: string): ServiceMethod {
  known ??= {
    ...serviceMethods(registrationTables)['Registration'],
    ...serviceMethods(csiTables)['Identity'],
    ...serviceMethods(csiTables)['Node'],
  };
  const found = known[name];
  if (found === undefined) throw new Error(`no method ${name} in the CSI schema`);
  return found;
}

/** One socket of a plugin. */
export class PluginConnection implements Disposable {
  readonly #client: UnixGrpcClient;

  constructor(socket: string) {
    this.#client = new UnixGrpcClient(socket);
  }

  /** @throws {CsiError} Unavailable, Timeout after `timeoutMs`, NotFound, Refused. */
  async call<M extends keyof CsiMethods>(
    method: M,
    request: CsiRequest<CsiMethods[M][0]>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<CsiMessage<CsiMethods[M][1]>> {
    try {
      return (await this.#client.call(methodOf(method), request, timeoutMs, signal)) as CsiMessage<CsiMethods[M][1]>;
    } catch (error) {
      if (signal.aborted || error instanceof CsiError) throw error;
      throw toCsiError(error as ServiceError);
    }
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
