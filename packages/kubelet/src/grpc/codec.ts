import type { EnumTables, MessageTables } from './message-tables.js';
import { WireReader, WireWriter } from './wire.js';

type Fields = Record<string, unknown>;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly message: MessageCodec | undefined;
  readonly values: readonly string[] | undefined;
}

/** Numbers, booleans and enums: one varint each, and many of them in one field. */
const varints = new Set(['bool', 'int32', 'uint32', 'int64', 'uint64']);
const wireTypes = { varint: 0, lengthDelimited: 2 };

/** Reads and writes one message. */
export class MessageCodec {
  readonly #byNumber = new Map<number, Field>();
  readonly #fields: Field[] = [];

  /** Called once, when all messages of the tables have a codec: they may hold each other. */
  define(fields: readonly Field[]): void {
    for (const field of fields) {
      this.#fields.push(field);
      this.#byNumber.set(field.number, field);
    }
  }

  readonly encode = (value: object): Buffer => {
    const writer = new WireWriter();
    this.#write(value as Fields, writer);
    return writer.finish();
  };

  /** @throws {Error} bytes that are no such message. */
  readonly decode = (bytes: Buffer): object => this.#read(new WireReader(bytes));

  #write(value: Fields, writer: WireWriter): void {
    for (const field of this.#fields) {
      const given = value[field.name];
      if (given === undefined || given === null) continue;
      if (field.type === 'map') writeMap(field.number, given as Readonly<Record<string, string>>, writer);
      else if (!field.repeated) this.#writeOne(field, given, writer, false);
      else if (isVarint(field)) writePacked(field, given as readonly unknown[], writer);
      else for (const item of given as readonly unknown[]) this.#writeOne(field, item, writer, true);
    }
  }

  /** proto3: what is zero is not written, other than as an item of a list. */
  #writeOne(field: Field, value: unknown, writer: WireWriter, always: boolean): void {
    if (field.message !== undefined) {
      writer.tag(field.number, wireTypes.lengthDelimited);
      writer.bytes(field.message.encode(value as object));
    } else if (isVarint(field)) {
      const number = numberOf(field, value);
      if (number === 0 && !always) return;
      writer.tag(field.number, wireTypes.varint);
      writer.varint(number);
    } else {
      const bytes = field.type === 'bytes' ? (value as Buffer) : Buffer.from(value as string);
      if (bytes.length === 0 && !always) return;
      writer.tag(field.number, wireTypes.lengthDelimited);
      writer.bytes(bytes);
    }
  }

  #read(reader: WireReader): Fields {
    const found: Fields = {};
    for (const field of this.#fields) found[field.name] = emptyOf(field);
    while (!reader.atEnd) {
      const { number, wireType } = reader.tag();
      const field = this.#byNumber.get(number);
      if (field === undefined || !fits(field, wireType)) reader.skip(wireType);
      else readField(field, wireType, reader, found);
    }
    return found;
  }
}

const isVarint = ({ type, values }: Field): boolean => values !== undefined || varints.has(type);

const fits = (field: Field, wireType: number): boolean =>
  wireType === wireTypes.lengthDelimited
    ? !isVarint(field) || field.repeated
    : wireType === wireTypes.varint && isVarint(field);

function numberOf({ name, type, values }: Field, value: unknown): number {
  if (values !== undefined) {
    const index = values.indexOf(value as string);
    if (index < 0) throw new Error(`${String(value)} is no value of ${name}`);
    return index;
  }
  return type === 'bool' ? Number(value) : (value as number);
}

function emptyOf({ type, repeated, message, values }: Field): unknown {
  if (repeated) return [];
  if (message !== undefined) return null;
  if (values !== undefined) return values[0];
  if (type === 'map') return {};
  if (type === 'string') return '';
  if (type === 'bytes') return Buffer.alloc(0);
  return type === 'bool' ? false : 0;
}

function readField(field: Field, wireType: number, reader: WireReader, found: Fields): void {
  if (field.type === 'map') {
    const [key, value] = readEntry(reader.bytes());
    (found[field.name] as Record<string, string>)[key] = value;
    return;
  }
  if (isVarint(field) && field.repeated && wireType === wireTypes.lengthDelimited) {
    const packed = new WireReader(reader.bytes());
    while (!packed.atEnd) (found[field.name] as unknown[]).push(varintOf(field, packed));
    return;
  }
  const value = isVarint(field) ? varintOf(field, reader) : bytesOf(field, reader.bytes());
  if (field.repeated) (found[field.name] as unknown[]).push(value);
  else found[field.name] = value;
}

function varintOf({ type, values }: Field, reader: WireReader): unknown {
  const signed = type === 'int32' || type === 'int64' || values !== undefined;
  const number = reader.varint(signed);
  // A newer peer may know more values than we do.
  if (values !== undefined) return values[number] ?? values[0];
  return type === 'bool' ? number !== 0 : number;
}

function bytesOf({ type, message }: Field, bytes: Buffer): unknown {
  if (message !== undefined) return message.decode(bytes);
  return type === 'bytes' ? Buffer.from(bytes) : bytes.toString();
}

function writePacked(field: Field, values: readonly unknown[], writer: WireWriter): void {
  if (values.length === 0) return;
  const packed = new WireWriter();
  for (const value of values) packed.varint(numberOf(field, value));
  writer.tag(field.number, wireTypes.lengthDelimited);
  writer.bytes(packed.finish());
}

function writeMap(number: number, map: Readonly<Record<string, string>>, writer: WireWriter): void {
  for (const [key, value] of Object.entries(map)) {
    const entry = new WireWriter();
    entry.tag(1, wireTypes.lengthDelimited);
    entry.bytes(Buffer.from(key));
    entry.tag(2, wireTypes.lengthDelimited);
    entry.bytes(Buffer.from(value));
    writer.tag(number, wireTypes.lengthDelimited);
    writer.bytes(entry.finish());
  }
}

function readEntry(bytes: Buffer): readonly [string, string] {
  const reader = new WireReader(bytes);
  let key = '';
  let value = '';
  while (!reader.atEnd) {
    const { number, wireType } = reader.tag();
    if (number === 1) key = reader.bytes().toString();
    else if (number === 2) value = reader.bytes().toString();
    else reader.skip(wireType);
  }
  return [key, value];
}

/** A codec for each message of the tables. @throws {Error} a type that stands in no table: a bug in the tables. */
export function messageCodecs(messages: MessageTables, enums: EnumTables): ReadonlyMap<string, MessageCodec> {
  const codecs = new Map(Object.keys(messages).map((name) => [name, new MessageCodec()]));
  const scalars = new Set([...varints, 'string', 'bytes', 'map']);
  for (const [message, fields] of Object.entries(messages)) {
    const defined = Object.entries(fields).map(([name, [number, written]]): Field => {
      const repeated = written.endsWith('[]');
      const type = repeated ? written.slice(0, -2) : written;
      if (!scalars.has(type) && !codecs.has(type) && enums[type] === undefined)
        throw new Error(`unknown type ${type} of ${message}.${name}`);
      return { name, number, type, repeated, message: codecs.get(type), values: enums[type] };
    });
    codecs.get(message)?.define(defined);
  }
  return codecs;
}
