import { ApiError } from '../status.js';
import { fieldOf, isJsonArray, isJsonObject, setField } from '../json/json-value.js';
import { schemaOf } from '../schema/schema-of.js';
import { decodeScalar, wrongType } from './decode-scalar.js';
import type { GoPlace } from './decode-scalar.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';
import type { ResourceType } from '../resource-type.js';
import type { Schema } from '../schema/schema.js';

export interface DecodedObject<T> {
  /** The very object that came in when nothing had to change. */
  readonly object: T;
  /** Paths of the fields that the kind does not have and that were dropped. */
  readonly unknownFields: readonly string[];
}

/**
 * Holds an object of a built-in kind against its schema: drops unknown fields, `null` and empty optional lists and
 * maps, writes quantities canonically, refuses values of the wrong JSON type.
 * Follows: decoding into the Go types. Differs: empty strings, zeros and `false` are kept where Go would omit them,
 * since the public schema does not tell pointers from values; readers must not tell absent from empty either.
 * @throws {ApiError} BadRequest naming field and type.
 */
export function decodeObject<T>(
  type: Pick<ResourceType, 'definition' | 'kind' | 'version'>,
  object: T,
): DecodedObject<T> {
  const unknownFields: string[] = [];
  try {
    const decoded = decodeStruct(object as JsonObject, schemaOf(type), new Place(unknownFields, ''));
    return { object: decoded as T, unknownFields };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw ApiError.badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${error.message}`,
      { cause: error },
    );
  }
}

/** The texts of strict decoding for fields a kind does not have and fields that stand twice. */
export const strictDecodingTexts = (
  unknownFields: readonly string[],
  duplicateFields: readonly string[] = [],
): readonly string[] => [
  ...unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`),
  ...duplicateFields.map((field) => `duplicate field ${JSON.stringify(field)}`),
];

/** 400 for `fieldValidation=Strict`, all problems in one message. */
export const strictDecodingError = (type: Pick<ResourceType, 'kind' | 'version'>, texts: readonly string[]): ApiError =>
  ApiError.badRequest(
    `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${texts.join(', ')}`,
  );

/** The fields that the kind does not have, as strict decoding names them. See {@link decodeObject}. */
export const checkFields = (
  type: Pick<ResourceType, 'definition' | 'kind' | 'version'>,
  object: unknown,
): readonly string[] => decodeObject(type, object).unknownFields;

/**
 * Holds one part of an object, such as the metadata of a custom resource, against a schema. See {@link decodeObject}.
 * @throws {ApiError} BadRequest naming field and type.
 */
export function decodePart(value: Json, schema: Schema, path: string): DecodedObject<JsonObject> {
  const unknownFields: string[] = [];
  const place = new Place(unknownFields, path);
  if (!isJsonObject(value)) throw wrongType(value, schema, place);
  return { object: decodeStruct(value, schema, place), unknownFields };
}

/** Where a value stands. Texts are made when somebody asks for them, which nearly never happens. */
class Place implements GoPlace {
  readonly unknownFields: string[];
  readonly struct: string | undefined;
  readonly #parent: Place | undefined;
  readonly #step: string | number;
  readonly #isField: boolean;

  constructor(unknownFields: string[], step: string | number, parent?: Place, struct?: string, isField = true) {
    this.#isField = isField;
    this.unknownFields = unknownFields;
    this.#step = step;
    this.#parent = parent;
    this.struct = struct;
  }

  /** A field of a struct. */
  field(key: string, struct: string | undefined): Place {
    return new Place(this.unknownFields, key, this, struct);
  }

  /** An item of a list or map; Go names it by the list or map alone. */
  item(step: string | number): Place {
    return new Place(this.unknownFields, step, this, this.struct, false);
  }

  /** With indices, for people: `spec.containers[0]`. */
  get path(): string {
    const parent = this.#parent?.path ?? '';
    if (typeof this.#step === 'number') return `${parent}[${this.#step}]`;
    return parent === '' ? this.#step : `${parent}.${this.#step}`;
  }

  /** Without them, as Go names the field of a struct. */
  get goPath(): string {
    const parent = this.#parent?.goPath ?? '';
    if (!this.#isField || typeof this.#step === 'number') return parent;
    return parent === '' ? this.#step : `${parent}.${this.#step}`;
  }
}

function decodeStruct(object: JsonObject, schema: Schema, place: Place): JsonObject {
  let copy: MutableJsonObject | undefined;
  for (const key of Object.keys(object)) {
    const value = fieldOf(object, key);
    if (value === undefined) continue;
    const field = schema.fields.get(key);
    if (field === undefined) {
      if (schema.preservesUnknown) continue;
      place.unknownFields.push(place.item(key).path);
      copy ??= { ...object };
      delete copy[key];
      continue;
    }
    const decoded = decodeValue(value, field, place.field(key, schema.name));
    const dropped = decoded === undefined || (isEmptyContainer(decoded, field) && !schema.required.includes(key));
    if (dropped) {
      copy ??= { ...object };
      delete copy[key];
    } else if (decoded !== value) {
      copy ??= { ...object };
      setField(copy, key, decoded);
    }
  }
  return (copy as JsonObject | undefined) ?? object;
}

const isEmptyContainer = (value: Json, { kind }: Schema): boolean =>
  (kind === 'list' && isJsonArray(value) && value.length === 0) ||
  (kind === 'map' && isJsonObject(value) && Object.keys(value).length === 0);

/** `undefined` for `null`: a typed field that is null is absent. */
function decodeValue(value: Json, schema: Schema, place: Place): Json | undefined {
  if (schema.kind === 'any') return value;
  if (value === null) return undefined;
  switch (schema.kind) {
    case 'object':
      if (!isJsonObject(value)) throw wrongType(value, schema, place);
      return decodeStruct(value, schema, place);
    case 'map':
      if (!isJsonObject(value)) throw wrongType(value, schema, place);
      return decodeMap(value, schema, place);
    case 'list':
      if (!isJsonArray(value)) throw wrongType(value, schema, place);
      return decodeList(value, schema, place);
    default:
      return decodeScalar(value, schema, place);
  }
}

function decodeMap(map: JsonObject, schema: Schema, place: Place): JsonObject {
  const { values } = schema;
  if (values === undefined) return map;
  let copy: MutableJsonObject | undefined;
  for (const key of Object.keys(map)) {
    const value = fieldOf(map, key);
    if (value === undefined) continue;
    // A null in a map of plain values is the zero value of Go.
    const decoded = decodeValue(value, values, place.item(key)) ?? zeroOf(values);
    if (decoded === value) continue;
    copy ??= { ...map };
    setField(copy, key, decoded);
  }
  return (copy as JsonObject | undefined) ?? map;
}

function decodeList(list: readonly Json[], schema: Schema, place: Place): readonly Json[] {
  const { items } = schema;
  if (items === undefined) return list;
  let copy: Json[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const value = list[index] as Json;
    const decoded = decodeValue(value, items, place.item(index)) ?? zeroOf(items);
    if (decoded === value) continue;
    copy ??= [...list];
    copy[index] = decoded;
  }
  return copy ?? list;
}

function zeroOf({ kind }: Schema): Json {
  switch (kind) {
    case 'object':
    case 'map':
      return {};
    case 'list':
      return [];
    case 'integer':
    case 'number':
    case 'int-or-string':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    default:
      return '';
  }
}
