import type { MethodDefinition } from '@grpc/grpc-js';
import { messageCodecs } from './codec.js';
import type { MessageCodec } from './codec.js';
import type { EnumTables, MessageTables, MethodTable } from './message-tables.js';

export interface ServiceTables {
  /** `runtime.v1`. */
  readonly package: string;
  readonly messages: MessageTables;
  readonly enums: EnumTables;
  readonly services: Readonly<Record<string, MethodTable>>;
  /** Names of methods whose answer is a stream. */
  readonly streams?: ReadonlySet<string> | undefined;
}

export type ServiceMethod = MethodDefinition<object, object>;

/** Path, encoder and decoder of every method, for clients and for servers, by service. */
export function serviceMethods(
  tables: ServiceTables,
): Readonly<Record<string, Readonly<Record<string, ServiceMethod>>>> {
  const codecs = messageCodecs(tables.messages, tables.enums);
  const codec = (name: string): MessageCodec => {
    const found = codecs.get(name);
    if (found === undefined) throw new Error(`no message ${name} in ${tables.package}`);
    return found;
  };
  return mapValues(tables.services, (methods, service) =>
    mapValues(methods, ([request, response], method) => ({
      path: `/${tables.package}.${service}/${method}`,
      requestStream: false,
      responseStream: tables.streams?.has(method) === true,
      requestSerialize: codec(request).encode,
      requestDeserialize: codec(request).decode,
      responseSerialize: codec(response).encode,
      responseDeserialize: codec(response).decode,
    })),
  );
}

const mapValues = <T, R>(
  table: Readonly<Record<string, T>>,
  change: (value: T, name: string) => R,
): Readonly<Record<string, R>> =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value, name)]));
