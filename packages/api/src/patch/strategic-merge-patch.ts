import { ApiError } from '../status.js';
import { schemaOf } from '../schema/schema-of.js';
import { schemaOfField } from '../schema/schema.js';
import { fieldOf, isJsonArray, isJsonObject, setField } from '../json/json-value.js';
import { mergeList, orderList } from './strategic-list.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';
import type { ResourceType } from '../resource-type.js';
import type { Schema } from '../schema/schema.js';

const patchDirective = '$patch';
const retainKeysDirective = '$retainKeys';
const deleteFromListPrefix = '$deleteFromPrimitiveList/';
const setOrderPrefix = '$setElementOrder/';

/**
 * Merges by the marks of the type's schema: lists with a merge key item by item, lists of plain values as sets.
 * Directives: `$patch` (replace, delete, merge), `$retainKeys`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x`.
 * The document is never changed.
 * Follows: strategicpatch.StrategicMergePatch.
 * @throws {ApiError} BadRequest for a malformed patch, 415 for a type without a built-in schema.
 */
export function applyStrategicMergePatch<T>(
  type: Pick<ResourceType, 'definition' | 'kind'>,
  document: T,
  patch: unknown,
): T {
  if (type.definition === undefined) {
    throw ApiError.of(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  if (!isJsonObject(patch))
    throw ApiError.badRequest('error decoding patch: a strategic merge patch must be an object');
  return mergeObject(document as Json, patch, schemaOf(type)) as T;
}

/** One object with its patch. Unknown fields merge as plain JSON does. */
export function mergeObject(document: Json | undefined, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = fieldOf(patch, patchDirective);
  if (directive === 'replace') {
    const { [patchDirective]: _directive, ...content } = patch;
    return mergeObject(undefined, content, schema);
  }
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') {
    throw ApiError.badRequest(`unknown patch type '${String(directive)}' in map`);
  }
  const merged: MutableJsonObject = retain(isJsonObject(document) ? document : {}, patch);

  for (const [key, change] of Object.entries(patch)) {
    if (change === undefined || isDirective(key)) continue;
    if (change === null) {
      delete merged[key];
      continue;
    }
    const current = fieldOf(merged as JsonObject, key);
    setField(
      merged,
      key,
      mergeValue(current, change, schemaOfField(schema, key), fieldOf(patch, setOrderPrefix + key)),
    );
  }
  for (const [key, change] of Object.entries(patch)) {
    if (key.startsWith(deleteFromListPrefix)) deleteFromList(merged, key.slice(deleteFromListPrefix.length), change);
    else if (key.startsWith(setOrderPrefix)) order(merged, document, key.slice(setOrderPrefix.length), change, schema);
  }
  return merged as JsonObject;
}

function mergeValue(
  current: Json | undefined,
  change: Json,
  schema: Schema | undefined,
  wantedOrder: Json | undefined,
): Json {
  if (isJsonObject(change)) {
    const replaces = schema?.patchStrategies.has('replace') === true && fieldOf(change, patchDirective) === undefined;
    return mergeObject(replaces ? undefined : current, change, schema);
  }
  if (isJsonArray(change)) {
    if (schema?.patchStrategies.has('merge') !== true) return change.filter(isNoDirective);
    return mergeList(isJsonArray(current) ? current : [], change, schema, wantedOrder !== undefined);
  }
  return change;
}

/** `$retainKeys` names all fields that stay; it must name every field of the patch itself. */
function retain(document: JsonObject, patch: JsonObject): MutableJsonObject {
  const kept = fieldOf(patch, retainKeysDirective);
  if (kept === undefined) return { ...document };
  if (!isJsonArray(kept)) throw ApiError.badRequest(`${retainKeysDirective} must be a list`);
  const keys = new Set(kept);
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && !key.startsWith('$') && !keys.has(key)) {
      throw ApiError.badRequest(
        `${retainKeysDirective} must contain all fields present in the patch: ${key} is missing`,
      );
    }
  }
  return Object.fromEntries(Object.entries(document).filter(([key]) => keys.has(key)));
}

function deleteFromList(merged: MutableJsonObject, key: string, unwanted: Json | undefined): void {
  if (!isJsonArray(unwanted)) throw ApiError.badRequest(`${deleteFromListPrefix}${key} must be a list`);
  const current = fieldOf(merged as JsonObject, key);
  if (!isJsonArray(current)) return;
  setField(
    merged,
    key,
    current.filter((item) => !unwanted.includes(item)),
  );
}

function order(
  merged: MutableJsonObject,
  before: Json | undefined,
  key: string,
  wanted: Json | undefined,
  schema: Schema | undefined,
): void {
  if (!isJsonArray(wanted)) throw ApiError.badRequest(`${setOrderPrefix}${key} must be a list`);
  const current = fieldOf(merged as JsonObject, key);
  if (!isJsonArray(current)) return;
  const live = isJsonObject(before) ? fieldOf(before, key) : undefined;
  const mergeKey = schemaOfField(schema, key)?.patchMergeKey;
  setField(merged, key, orderList(current, wanted, isJsonArray(live) ? live : [], mergeKey));
}

const isDirective = (key: string): boolean =>
  key === patchDirective ||
  key === retainKeysDirective ||
  key.startsWith(deleteFromListPrefix) ||
  key.startsWith(setOrderPrefix);

/** An item such as `{$patch: replace}` directs the merge and is no content. */
const isNoDirective = (item: Json): boolean => !isJsonObject(item) || fieldOf(item, patchDirective) === undefined;
