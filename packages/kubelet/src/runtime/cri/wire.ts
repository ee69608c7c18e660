import { fromJSON } from '@grpc/proto-loader';
import type { MethodDefinition } from '@grpc/proto-loader';
import { enums, imageMethods, messages, runtimeMethods, runtimeStreams } from './schema.js';

const scalars = new Set(['string', 'bool', 'bytes', 'int32', 'uint32', 'int64', 'uint64']);

type FieldTable = Readonly<Record<string, readonly [number, string]>>;
type MethodTable = Readonly<Record<string, readonly [string, string]>>;

function fieldOf([id, type]: readonly [number, string]): object {
  if (type === 'map') return { keyType: 'string', type: 'string', id };
  if (type.endsWith('[]')) return { rule: 'repeated', type: type.slice(0, -2), id };
  if (!scalars.has(type) && !(type in messages) && !(type in enums)) throw new Error(`unknown CRI type ${type}`);
  return { type, id };
}

const mapValues = <T, R>(table: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value)]));

const methodsOf = (table: MethodTable, responseStream: boolean): Record<string, object> =>
  mapValues(table, ([requestType, responseType]) => ({ requestType, responseType, responseStream }));

function load(): ReturnType<typeof fromJSON> {
  const nested = {
    ...mapValues(messages as Readonly<Record<string, FieldTable>>, (fields) => ({
      fields: mapValues(fields, fieldOf),
    })),
    ...mapValues(enums as Readonly<Record<string, readonly string[]>>, (values) => ({
      values: Object.fromEntries(values.map((value, index) => [value, index])),
    })),
    RuntimeService: { methods: { ...methodsOf(runtimeMethods, false), ...methodsOf(runtimeStreams, true) } },
    ImageService: { methods: methodsOf(imageMethods, false) },
  };
  return fromJSON({ nested: { runtime: { nested: { v1: { nested } } } } } as Parameters<typeof fromJSON>[0], {
    keepCase: true,
    // Times are nanoseconds since 1970: a double is exact to a quarter of a microsecond, more than anybody reads.
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
  });
}

/** Path, encoder and decoder of every method, made once. */
export function criMethods(): (
  service: 'RuntimeService' | 'ImageService',
  method: string,
) => MethodDefinition<object, object> {
  const definitions = load();
  return (service, method) => {
    const definition = (definitions[`runtime.v1.${service}`] as Record<string, MethodDefinition<object, object>>)[
      method
    ];
    if (definition === undefined) throw new Error(`no method ${service}/${method} in the CRI schema`);
    return definition;
  };
}
