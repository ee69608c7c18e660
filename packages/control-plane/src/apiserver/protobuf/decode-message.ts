import { createRequire } from 'node:module';
import { setField } from '@geobuk/api';
import type { Json, MutableJsonObject } from '@geobuk/api';
import { ProtobufError, ProtoReader } from './proto-reader.js';
import type { WireType } from './proto-reader.js';

/** JSON name, scalar letter or message, and how it stands: `r` many, `m` a map of strings, `n` its fields are the parent's. */
type Field = readonly [name: string, type: string, form?: 'r' | 'm' | 'n'];
type Fields = Readonly<Record<string, Readonly<Record<string, Field>>>>;

let loaded: Fields | undefined;

/** Parsed when the first protobuf body comes: most servers never see one. */
const fields = (): Fields => (loaded ??= createRequire(import.meta.url)('./fields.json') as Fields);

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const deepest = 200;

/** Messages that JSON shows as something else than an object. */
const special: Readonly<Record<string, (bytes: Buffer) => Json | undefined>> = {
  [`${meta}.Time`]: (bytes) => timeOf(bytes, false),
  [`${meta}.MicroTime`]: (bytes) => timeOf(bytes, true),
  [`${meta}.Duration`]: (bytes) => `${Number(numberIn(bytes, 1)) / 1e9}s`,
  [`${meta}.FieldsV1`]: jsonIn,
  'io.k8s.apimachinery.pkg.runtime.RawExtension': jsonIn,
  'io.k8s.apimachinery.pkg.api.resource.Quantity': (bytes) => bytesIn(bytes, 1)?.toString() ?? '0',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': (bytes) =>
    numberIn(bytes, 1) === 1n ? (bytesIn(bytes, 3)?.toString() ?? '') : Number(BigInt.asIntN(32, numberIn(bytes, 2))),
};

/** Wrappers of a list: `ExtraValue`, `Verbs` and their like. */
const isListWrapper = (row: Readonly<Record<string, Field>>): boolean => {
  const only = Object.values(row);
  return only.length === 1 && only[0]?.[0] === 'items' && only[0][2] === 'r' && only[0][1] === 's';
};

export const isKnownMessage = (name: string): boolean => fields()[name] !== undefined;

/** One message of a built-in kind as JSON shows it. @throws {ProtobufError} */
export function decodeMessage(name: string, bytes: Buffer, depth = 0): Json | undefined {
  const own = special[name];
  if (own !== undefined) return own(bytes);
  const row = fields()[name];
  if (row === undefined) throw new ProtobufError(`no message ${name}`);
  if (depth > deepest) throw new ProtobufError('the message is nested too deeply');
  const object: MutableJsonObject = {};
  const reader = new ProtoReader(bytes);
  while (!reader.isAtEnd) {
    const { field, wire } = reader.tag();
    const known = row[field];
    if (known === undefined) reader.skip(wire);
    else take(object, known, reader, wire, depth);
  }
  if (isListWrapper(row)) return (object['items'] as Json | undefined) ?? [];
  return object;
}

function take(
  object: MutableJsonObject,
  [name, type, form]: Field,
  reader: ProtoReader,
  wire: WireType,
  depth: number,
): void {
  if (form === 'm') {
    const map = (object[name] ??= {}) as MutableJsonObject;
    const [key, value] = entryOf(type, reader.bytes(), depth);
    setField(map, key, value);
    return;
  }
  if (form === 'r' && type.length === 1 && wire === 2 && type !== 's' && type !== 'b') {
    const packed = new ProtoReader(reader.bytes());
    const list = (object[name] ??= []) as Json[];
    while (!packed.isAtEnd) list.push(scalarOf(type, packed));
    return;
  }
  const value = type.length === 1 ? scalarOf(type, reader) : decodeMessage(type, reader.bytes(), depth + 1);
  if (value === undefined) return;
  if (form === 'r') ((object[name] ??= []) as Json[]).push(value);
  else if (form === 'n') Object.assign(object, value);
  else object[name] = value;
}

function entryOf(type: string, bytes: Buffer, depth: number): readonly [string, Json] {
  const reader = new ProtoReader(bytes);
  let key = '';
  let value: Json | undefined = type === 's' || type === 'b' ? '' : undefined;
  while (!reader.isAtEnd) {
    const { field, wire } = reader.tag();
    if (field === 1) key = reader.bytes().toString();
    else if (field === 2)
      value = type.length === 1 ? scalarOf(type, reader) : decodeMessage(type, reader.bytes(), depth + 1);
    else reader.skip(wire);
  }
  return [key, value ?? null];
}

function scalarOf(type: string, reader: ProtoReader): Json {
  switch (type) {
    case 's':
      return reader.bytes().toString();
    case 'b':
      return reader.bytes().toString('base64');
    case 'o':
      return reader.varint() !== 0n;
    case 'i':
      return Number(BigInt.asIntN(64, reader.varint()));
    case 'd':
      return reader.double();
    case 'f':
      return reader.float();
    default:
      throw new ProtobufError(`no scalar ${type}`);
  }
}

function numberIn(bytes: Buffer, wanted: number): bigint {
  const reader = new ProtoReader(bytes);
  let found = 0n;
  while (!reader.isAtEnd) {
    const { field, wire } = reader.tag();
    if (field === wanted && wire === 0) found = reader.varint();
    else reader.skip(wire);
  }
  return BigInt.asIntN(64, found);
}

function bytesIn(bytes: Buffer, wanted: number): Buffer | undefined {
  const reader = new ProtoReader(bytes);
  let found: Buffer | undefined;
  while (!reader.isAtEnd) {
    const { field, wire } = reader.tag();
    if (field === wanted && wire === 2) found = reader.bytes();
    else reader.skip(wire);
  }
  return found;
}

/** An absent time is encoded as an empty message. */
function timeOf(bytes: Buffer, withMicros: boolean): Json | undefined {
  if (bytes.length === 0) return undefined;
  const seconds = Number(numberIn(bytes, 1));
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new ProtobufError('a time is out of range');
  const text = date.toISOString().slice(0, 19);
  if (!withMicros) return `${text}Z`;
  const micros = Math.floor(Number(numberIn(bytes, 2)) / 1000);
  return `${text}.${String(micros).padStart(6, '0')}Z`;
}

function jsonIn(bytes: Buffer): Json | undefined {
  const raw = bytesIn(bytes, 1);
  if (raw === undefined || raw.length === 0) return undefined;
  try {
    return JSON.parse(raw.toString()) as Json;
  } catch (cause) {
    throw new ProtobufError('embedded JSON is malformed', { cause });
  }
}
