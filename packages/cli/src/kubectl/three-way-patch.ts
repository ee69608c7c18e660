import type { Json, JsonObject, Schema } from '@geobuk/api';
import { deepEqual, isJsonArray, isJsonObject, schemaOfField } from '@geobuk/api';

/**
 * The patch that brings `current` to what `modified` says, and takes away what `original` (the last applied form) had
 * and `modified` has not. Fields that only the server or others set are left alone. With a schema it is a strategic
 * merge patch, where lists may merge by key; without one a JSON merge patch.
 * Follows: kubectl apply, three-way merge. @returns undefined when nothing is to be done.
 */
export function threeWayPatch(
  original: JsonObject | undefined,
  modified: JsonObject,
  current: JsonObject,
  schema: Schema | undefined,
): JsonObject | undefined {
  const patch = patchObject(original ?? {}, modified, current, schema);
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function patchObject(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
  schema: Schema | undefined,
): JsonObject {
  const patch: Record<string, Json | undefined> = {};
  for (const [key, wanted] of Object.entries(modified)) {
    if (wanted === undefined) continue;
    const field = schemaOfField(schema, key);
    const [is, was] = [current[key], original[key]];
    if (wanted === null) {
      if (is !== undefined) patch[key] = null;
    } else if (isJsonObject(wanted) && isJsonObject(is) && field?.patchStrategies.has('replace') !== true) {
      const inner = patchObject(isJsonObject(was) ? was : {}, wanted, is, field);
      if (field?.patchStrategies.has('retainKeys') === true && Object.keys(inner).length > 0) {
        patch[key] = { ...inner, $retainKeys: Object.keys(wanted).sort() };
      } else if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (isJsonArray(wanted) && isJsonArray(is) && field?.patchStrategies.has('merge') === true) {
      Object.assign(patch, patchList(key, isJsonArray(was) ? was : [], wanted, is, field));
    } else if (!deepEqual(wanted, is)) patch[key] = wanted;
  }
  for (const key of Object.keys(original)) {
    if (modified[key] === undefined && current[key] !== undefined) patch[key] = null;
  }
  return patch;
}

function patchList(
  name: string,
  original: readonly Json[],
  modified: readonly Json[],
  current: readonly Json[],
  schema: Schema,
): JsonObject {
  const mergeKey = schema.patchMergeKey;
  if (mergeKey === undefined) return patchSet(name, original, modified, current);
  const keyIn = (item: Json): Json | undefined => (isJsonObject(item) ? item[mergeKey] : undefined);
  const itemIn = (list: readonly Json[], key: Json | undefined): JsonObject | undefined =>
    list.find((item): item is JsonObject => isJsonObject(item) && deepEqual(item[mergeKey], key));
  const changes: Json[] = [];
  for (const item of modified) {
    const key = keyIn(item);
    const is = itemIn(current, key);
    if (!isJsonObject(item) || is === undefined) changes.push(item);
    else {
      const inner = patchObject(itemIn(original, key) ?? {}, item, is, schema.items);
      if (Object.keys(inner).length > 0) changes.push({ ...inner, [mergeKey]: key });
    }
  }
  for (const item of original) {
    const key = keyIn(item);
    if (itemIn(modified, key) === undefined && itemIn(current, key) !== undefined) {
      changes.push({ $patch: 'delete', [mergeKey]: key });
    }
  }
  if (changes.length === 0) return {};
  return { [name]: changes, [`$setElementOrder/${name}`]: modified.map((item) => ({ [mergeKey]: keyIn(item) })) };
}

function patchSet(
  name: string,
  original: readonly Json[],
  modified: readonly Json[],
  current: readonly Json[],
): JsonObject {
  const has = (list: readonly Json[], value: Json): boolean => list.some((item) => deepEqual(item, value));
  const added = modified.filter((value) => !has(current, value));
  const removed = original.filter((value) => !has(modified, value) && has(current, value));
  return {
    ...(added.length === 0 ? {} : { [name]: added }),
    ...(removed.length === 0 ? {} : { [`$deleteFromPrimitiveList/${name}`]: removed }),
    ...(added.length + removed.length === 0 ? {} : { [`$setElementOrder/${name}`]: modified }),
  };
}
