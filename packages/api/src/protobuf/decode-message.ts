import type { Reader } from 'protobufjs/minimal.js';
import { ApiError } from '../status.js';
import type { FieldCode, MessageField, SpecialType } from './message-table.js';
import { messageType } from './message-table.js';
import { newReader } from './wire.js';

/** Deeper messages are refused: no object is, and the stack has an end. */
const maxDepth = 100;
const schemaDefinition = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

/**
 * Reads a message into its JSON form. What Go would leave out of JSON is left out here too; unknown fields are passed over.
 * @throws {ApiError} BadRequest: bytes that are no such message.
 */
export function decodeMessage(definition: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return readMessage(definition, newReader(bytes), bytes.length, 0);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw ApiError.badRequest(`the body is no protobuf message: ${(error as Error).message}`, { cause: error });
  }
}

function readMessage(definition: string, reader: Reader, end: number, depth: number): Record<string, unknown> {
  const type = messageType(definition);
  if (type === undefined) throw ApiError.badRequest(`${definition} has no protobuf form`);
  if (depth > maxDepth) throw ApiError.badRequest('the message is nested too deep');
  const object: Record<string, unknown> = {};
  while (reader.pos < end) {
    const key = reader.uint32();
    const field = type.byNumber.get(key >>> 3);
    if (field === undefined) reader.skipType(key & 7);
    else readField(object, field, reader, key & 7, depth);
  }
  for (const { name, code, keepsZero, pointer } of type.fields) {
    if (keepsZero && !pointer && name !== '' && object[name] === undefined && code.kind === 'scalar')
      object[name] = zeroOf(code.type);
  }
  return object;
}

const zeroOf = (type: string): unknown => (type === 'string' || type === 'bytes' ? '' : type === 'bool' ? false : 0);

function readField(
  object: Record<string, unknown>,
  field: MessageField,
  reader: Reader,
  wireType: number,
  depth: number,
): void {
  const { name, code, pointer, keepsZero } = field;
  if (code.kind === 'list') {
    const list = own(object, name) as unknown[] | undefined;
    const items = list ?? [];
    if (wireType === 2 && code.item.kind === 'scalar' && (code.item.type === 'int' || code.item.type === 'bool')) {
      const end = reader.uint32() + reader.pos; // packed
      while (reader.pos < end) items.push(readValue(code.item, reader, depth));
    } else items.push(readValue(code.item, reader, depth));
    if (list === undefined) put(object, name, items);
    return;
  }
  if (code.kind === 'map') {
    const map = (own(object, name) as Record<string, unknown> | undefined) ?? {};
    const end = reader.uint32() + reader.pos;
    let key = '';
    let value: unknown =
      code.value.kind === 'scalar' ? zeroOf(code.value.type) : code.value.kind === 'strings' ? [] : {};
    while (reader.pos < end) {
      const inner = reader.uint32();
      if (inner >>> 3 === 1) key = reader.string();
      else if (inner >>> 3 === 2) value = readValue(code.value, reader, depth);
      else reader.skipType(inner & 7);
    }
    put(map, key, value);
    put(object, name, map);
    return;
  }
  const value = readValue(code, reader, depth);
  if (name === '') {
    // Embedded: its fields are its holder's.
    for (const [key, item] of Object.entries(value as object)) put(object, key, item);
    return;
  }
  const empty = value === undefined || value === '' || value === 0 || value === false;
  if (empty && (value === undefined || (!pointer && !keepsZero))) return;
  // Go writes empty structs that hold nothing; a pointer to one means something.
  if (!pointer && code.kind === 'message' && Object.keys(value as object).length === 0) return;
  put(object, name, value);
}

/** Also for names such as `__proto__`, which a map's key may be. */
function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

const own = (object: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

function readValue(code: FieldCode, reader: Reader, depth: number): unknown {
  switch (code.kind) {
    case 'scalar':
      return readScalar(code.type, reader);
    case 'message': {
      const end = reader.uint32() + reader.pos;
      return readMessage(code.definition, reader, bounded(reader, end), depth + 1);
    }
    case 'special': {
      const end = reader.uint32() + reader.pos;
      return readSpecial(code.type, reader, bounded(reader, end), depth);
    }
    case 'strings': {
      const end = bounded(reader, reader.uint32() + reader.pos);
      const items: string[] = [];
      while (reader.pos < end) {
        const key = reader.uint32();
        if (key >>> 3 === 1) items.push(reader.string());
        else reader.skipType(key & 7);
      }
      return items;
    }
    default:
      throw ApiError.badRequest('a list of lists is no Kubernetes message');
  }
}

function bounded(reader: Reader, end: number): number {
  if (end > reader.len) throw ApiError.badRequest('a message is longer than its body');
  return end;
}

function readScalar(type: 'string' | 'bool' | 'int' | 'double' | 'bytes', reader: Reader): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.bool();
    case 'int':
      return Number(reader.int64());
    case 'double':
      return reader.double();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    default:
      return type satisfies never;
  }
}

function readSpecial(type: SpecialType, reader: Reader, end: number, depth: number): unknown {
  const fields = new Map<number, unknown[]>();
  const add = (number: number, value: unknown): void => {
    const known = fields.get(number);
    if (known === undefined) fields.set(number, [value]);
    else known.push(value);
  };
  while (reader.pos < end) {
    const key = reader.uint32();
    const number = key >>> 3;
    const wireType = key & 7;
    if (wireType === 0) add(number, Number(reader.int64()));
    else if (wireType === 2) add(number, reader.bytes());
    else reader.skipType(wireType);
  }
  const int = (number: number): number => (fields.get(number)?.at(-1) as number | undefined) ?? 0;
  const bytes = (number: number): Uint8Array | undefined => fields.get(number)?.at(-1) as Uint8Array | undefined;
  const text = (number: number): string => Buffer.from(bytes(number) ?? []).toString();
  const schema = (value: Uint8Array): unknown =>
    readMessage(schemaDefinition, newReader(value), value.length, depth + 1);
  switch (type) {
    case 'time':
      return int(1) === 0 && int(2) === 0 ? undefined : `${new Date(int(1) * 1000).toISOString().slice(0, 19)}Z`;
    case 'microTime':
      return int(1) === 0 && int(2) === 0
        ? undefined
        : `${new Date(int(1) * 1000).toISOString().slice(0, 19)}.${String(Math.floor(int(2) / 1000)).padStart(6, '0')}Z`;
    case 'duration':
      return `${int(1) / 1e9}s`;
    case 'raw': {
      const raw = text(1);
      return raw === '' ? undefined : (JSON.parse(raw) as unknown);
    }
    case 'quantity':
      return text(1) === '' ? '0' : text(1);
    case 'intOrString':
      return int(1) === 0 ? int(2) : text(3);
    case 'schemaOrArray':
      return fields.has(2) ? (fields.get(2) as Uint8Array[]).map(schema) : schema(bytes(1) ?? new Uint8Array());
    case 'schemaOrBool':
      return fields.has(2) ? schema(bytes(2) as Uint8Array) : int(1) !== 0;
    case 'schemaOrStrings':
      return fields.has(2)
        ? (fields.get(2) as Uint8Array[]).map((item) => Buffer.from(item).toString())
        : schema(bytes(1) ?? new Uint8Array());
    default:
      return type satisfies never;
  }
}
