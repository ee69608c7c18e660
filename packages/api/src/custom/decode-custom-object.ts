import { ApiError } from '../status.js';
import { asJson, fieldOf, isJsonArray, isJsonObject, setField } from '../json/json-value.js';
import { decodePart } from '../decode/decode-object.js';
import { schemaOfField } from '../schema/schema.js';
import type { DecodedObject } from '../decode/decode-object.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';
import type { Schema } from '../schema/schema.js';

/**
 * Prunes a custom resource: fields that its schema does not declare go, except below
 * `x-kubernetes-preserve-unknown-fields`; metadata is decoded as for built-in kinds.
 * Gives the very object back when nothing had to go.
 * Follows: pruning of structural schemas.
 * @throws {ApiError} BadRequest for metadata of the wrong form.
 */
export function decodeCustomObject<T>(schema: Schema, object: T): DecodedObject<T> {
  if (!isJsonObject(object)) throw ApiError.badRequest('the object must be a JSON object');
  const unknownFields: string[] = [];
  const pruned = prune(asJson(object), schema, '', unknownFields);
  return { object: pruned as T, unknownFields };
}

function prune(value: Json, schema: Schema, path: string, unknownFields: string[]): Json {
  if (isJsonArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    let copy: Json[] | undefined;
    value.forEach((item, index) => {
      const pruned = prune(item, items, `${path}[${index}]`, unknownFields);
      if (pruned === item) return;
      copy ??= [...value];
      copy[index] = pruned;
    });
    return copy ?? value;
  }
  if (!isJsonObject(value)) return value;
  let copy: MutableJsonObject | undefined;
  for (const key of Object.keys(value)) {
    const child = fieldOf(value, key);
    if (child === undefined) continue;
    const childPath = path === '' ? key : `${path}.${key}`;
    const childSchema = schemaOfField(schema, key);
    if (childSchema === undefined) {
      if (schema.preservesUnknown || schema.kind === 'any') continue;
      unknownFields.push(childPath);
      copy ??= { ...value };
      delete copy[key];
      continue;
    }
    const pruned =
      childSchema.name === 'ObjectMeta'
        ? metadataOf(child, childSchema, childPath, unknownFields)
        : prune(child, childSchema, childPath, unknownFields);
    if (pruned === child) continue;
    copy ??= { ...value };
    setField(copy, key, pruned);
  }
  return (copy as JsonObject | undefined) ?? value;
}

function metadataOf(value: Json, schema: Schema, path: string, unknownFields: string[]): Json {
  const decoded = decodePart(value, schema, path);
  unknownFields.push(...decoded.unknownFields);
  return decoded.object;
}
