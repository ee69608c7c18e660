import { ApiError } from '../status.js';
import { canonicalQuantity } from '../quantity/format-quantity.js';
import { isJsonArray } from '../json/json-value.js';
import type { Json } from '../json/json-value.js';
import type { Schema } from '../schema/schema.js';

/** Where a value stands, for the text of a refusal. */
export interface GoPlace {
  readonly goPath: string;
  readonly struct?: string | undefined;
}

/** A value that is no container: checked, and written as the API server stores it. */
export function decodeScalar(value: Json, schema: Schema, place: GoPlace): Json {
  switch (schema.kind) {
    case 'string':
      if (typeof value !== 'string') throw wrongType(value, schema, place);
      if (schema.format === 'byte') checkBase64(value);
      return value;
    case 'integer':
      return decodeInteger(value, schema, place);
    case 'number':
      if (typeof value !== 'number') throw wrongType(value, schema, place);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(value, schema, place);
      return value;
    case 'int-or-string':
      if (typeof value === 'string') return value;
      return decodeInteger(value, schema, place);
    case 'quantity':
      return decodeQuantity(value, schema, place);
    case 'time':
      return decodeTime(value, schema, place);
    default:
      return value;
  }
}

function decodeInteger(value: Json, schema: Schema, place: GoPlace): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(value, schema, place);
  const limit = schema.format === 'int64' ? 2 ** 63 : 2 ** 31;
  if (value >= limit || value < -limit) throw wrongType(value, schema, place);
  return value;
}

function decodeQuantity(value: Json, schema: Schema, place: GoPlace): string {
  if (typeof value === 'string') return canonicalQuantity(value.trim());
  if (typeof value === 'number') return canonicalQuantity(String(value));
  throw wrongType(value, schema, place);
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
/** As the API server writes times: UTC with whole seconds or, for MicroTime, microseconds. */
const canonicalTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z$/;

function decodeTime(value: Json, schema: Schema, place: GoPlace): string {
  if (typeof value !== 'string') throw wrongType(value, schema, place);
  const milliseconds = rfc3339.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(milliseconds)) {
    throw ApiError.badRequest(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    );
  }
  const isMicro = schema.name === 'MicroTime';
  if (canonicalTime.test(value) && value.includes('.') === isMicro) return value;
  const seconds = new Date(milliseconds).toISOString().slice(0, 19);
  const fraction = isMicro ? `.${(/\.(\d+)/.exec(value)?.[1] ?? '').padEnd(6, '0').slice(0, 6)}` : '';
  return `${seconds}${fraction}Z`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkBase64(value: string): void {
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
  if (text.length % 4 === 0 && base64.test(text)) return;
  const position = /[^A-Za-z0-9+/]/.exec(text)?.index ?? Math.floor(text.length / 4) * 4;
  throw ApiError.badRequest(`illegal base64 data at input byte ${position}`);
}

/** The text of Go's decoder, which users of kubectl know. */
export function wrongType(value: Json, schema: Schema, { goPath, struct }: GoPlace): ApiError {
  const where = struct === undefined ? '' : `Go struct field ${struct}.${goPath}`;
  return ApiError.badRequest(
    `json: cannot unmarshal ${jsonTypeOf(value)} into ${where === '' ? 'Go value' : where} of type ${goTypeOf(schema)}`,
  );
}

function jsonTypeOf(value: Json): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  if (isJsonArray(value)) return 'array';
  return typeof value;
}

function goTypeOf(schema: Schema): string {
  switch (schema.kind) {
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32';
    case 'number':
      return 'float64';
    case 'int-or-string':
      return 'intstr.IntOrString';
    case 'quantity':
      return 'resource.Quantity';
    case 'time':
      return 'v1.Time';
    case 'list':
      if (schema.items === undefined) return '[]interface {}';
      return schema.format === 'byte' ? '[]uint8' : `[]${goTypeOf(schema.items)}`;
    case 'map':
      return `map[string]${schema.values === undefined ? 'interface {}' : goTypeOf(schema.values)}`;
    case 'object':
      return `v1.${schema.name ?? 'object'}`;
    default:
      return schema.format === 'byte' ? '[]uint8' : 'string';
  }
}
