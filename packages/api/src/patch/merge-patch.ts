import { fieldOf, isJsonObject, setField } from '../json/json-value.js';
import { ApiError } from '../status.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';

/**
 * Follows: RFC 7386. `null` deletes, objects merge, everything else replaces. The document is never changed.
 * @throws {ApiError} BadRequest when the patch is no object: an API object cannot become a scalar.
 */
export function applyMergePatch<T>(document: T, patch: unknown): T {
  if (!isJsonObject(patch)) throw ApiError.badRequest('error decoding patch: a merge patch must be an object');
  return merge(document as Json, patch) as T;
}

function merge(document: Json | undefined, patch: JsonObject): JsonObject {
  const merged: MutableJsonObject = isJsonObject(document) ? { ...document } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === undefined) continue;
    if (change === null) delete merged[key];
    else setField(merged, key, isJsonObject(change) ? merge(fieldOf(merged as JsonObject, key), change) : change);
  }
  return merged as JsonObject;
}
