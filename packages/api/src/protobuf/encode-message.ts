import type { Writer } from 'protobufjs/minimal.js';
import type { FieldCode, SpecialType } from './message-table.js';
import { messageType } from './message-table.js';
import { newWriter } from './wire.js';

type Json = Readonly<Record<string, unknown>>;

const schemaDefinition = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const tag = (number: number, wireType: number): number => ((number << 3) | wireType) >>> 0;

/** Writes an object's fields by the table. @throws {TypeError} a definition that has no protobuf form. */
export function encodeMessage(definition: string, object: Json, writer: Writer = newWriter()): Writer {
  const type = messageType(definition);
  if (type === undefined) throw new TypeError(`${definition} has no protobuf form`);
  for (const { name, number, code } of type.fields) {
    // An embedded message takes what it knows of its holder's fields.
    const value = name === '' ? object : object[name];
    if (value !== undefined && value !== null) writeField(writer, number, code, value);
  }
  return writer;
}

function writeField(writer: Writer, number: number, code: FieldCode, value: unknown): void {
  switch (code.kind) {
    case 'scalar':
      writeScalar(writer, number, code.type, value);
      return;
    case 'message':
      encodeMessage(code.definition, value as Json, writer.uint32(tag(number, delimited)).fork()).ldelim();
      return;
    case 'special':
      writeSpecial(writer.uint32(tag(number, delimited)).fork(), code.type, value).ldelim();
      return;
    case 'strings': {
      const inner = writer.uint32(tag(number, delimited)).fork();
      for (const item of value as readonly string[]) inner.uint32(tag(1, delimited)).string(item);
      inner.ldelim();
      return;
    }
    case 'list':
      for (const item of value as readonly unknown[]) writeField(writer, number, code.item, item);
      return;
    case 'map':
      // Sorted, so that equal objects have equal bytes.
      for (const key of Object.keys(value as Json).sort()) {
        const inner = writer.uint32(tag(number, delimited)).fork();
        inner.uint32(tag(1, delimited)).string(key);
        const item = (value as Json)[key];
        if (item !== undefined && item !== null) writeField(inner, 2, code.value, item);
        inner.ldelim();
      }
      return;
    default:
      throw new TypeError(`unknown field code ${String(code satisfies never)}`);
  }
}

function writeScalar(
  writer: Writer,
  number: number,
  type: 'string' | 'bool' | 'int' | 'double' | 'bytes',
  value: unknown,
): void {
  switch (type) {
    case 'string':
      writer.uint32(tag(number, delimited)).string(String(value));
      return;
    case 'bool':
      writer.uint32(tag(number, varint)).bool(value === true);
      return;
    case 'int':
      writer.uint32(tag(number, varint)).int64(Number(value));
      return;
    case 'double':
      writer.uint32(tag(number, fixed64)).double(Number(value));
      return;
    case 'bytes':
      writer.uint32(tag(number, delimited)).bytes(Buffer.from(String(value), 'base64'));
      return;
    default:
      throw new TypeError(`unknown scalar ${String(type satisfies never)}`);
  }
}

function writeSpecial(writer: Writer, type: SpecialType, value: unknown): Writer {
  switch (type) {
    case 'time':
    case 'microTime': {
      const { seconds, nanos } = parseTime(String(value));
      writer.uint32(tag(1, varint)).int64(seconds);
      return writer.uint32(tag(2, varint)).int32(type === 'time' ? 0 : nanos);
    }
    case 'duration':
      return writer.uint32(tag(1, varint)).int64(parseGoDuration(String(value)));
    case 'raw':
      return writer.uint32(tag(1, delimited)).bytes(Buffer.from(JSON.stringify(value)));
    case 'quantity':
      return writer.uint32(tag(1, delimited)).string(String(value));
    case 'intOrString':
      if (typeof value === 'number')
        return writer
          .uint32(tag(1, varint))
          .int64(0)
          .uint32(tag(2, varint))
          .int32(value)
          .uint32(tag(3, delimited))
          .string('');
      return writer
        .uint32(tag(1, varint))
        .int64(1)
        .uint32(tag(2, varint))
        .int32(0)
        .uint32(tag(3, delimited))
        .string(String(value));
    case 'schemaOrArray':
      if (Array.isArray(value)) {
        for (const item of value as readonly Json[])
          encodeMessage(schemaDefinition, item, writer.uint32(tag(2, delimited)).fork()).ldelim();
        return writer;
      }
      encodeMessage(schemaDefinition, value as Json, writer.uint32(tag(1, delimited)).fork()).ldelim();
      return writer;
    case 'schemaOrBool':
      writer.uint32(tag(1, varint)).bool(value !== false);
      if (typeof value !== 'boolean')
        encodeMessage(schemaDefinition, value as Json, writer.uint32(tag(2, delimited)).fork()).ldelim();
      return writer;
    case 'schemaOrStrings':
      if (Array.isArray(value)) {
        for (const item of value as readonly string[]) writer.uint32(tag(2, delimited)).string(item);
        return writer;
      }
      encodeMessage(schemaDefinition, value as Json, writer.uint32(tag(1, delimited)).fork()).ldelim();
      return writer;
    default:
      return type satisfies never;
  }
}

/** RFC 3339 with up to nine digits of a second. */
function parseTime(text: string): { readonly seconds: number; readonly nanos: number } {
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  const whole = Date.parse(text.replace(/\.\d+/, ''));
  return { seconds: Number.isNaN(whole) ? 0 : whole / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}

const nanosIn: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `1h2m3.5s` in nanoseconds. */
function parseGoDuration(text: string): number {
  let total = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (nanosIn[unit] ?? 0);
  return Math.round(text.startsWith('-') ? -total : total);
}
