import { ApiError } from '../status.js';
import { deepEqual } from '../json/deep-equal.js';
import { fieldOf, isJsonObject } from '../json/json-value.js';
import { interleave } from './list-order.js';
import { mergeObject } from './strategic-merge-patch.js';
import type { Json, JsonObject } from '../json/json-value.js';
import type { Schema } from '../schema/schema.js';

/**
 * A list with patch strategy `merge`: objects by their merge key, plain values as a set.
 * `ordered` leaves the order to a `$setElementOrder` that follows.
 */
export function mergeList(live: readonly Json[], patch: readonly Json[], schema: Schema, ordered: boolean): Json[] {
  const mergeKey = schema.patchMergeKey;
  if (mergeKey === undefined) {
    const merged = uniqueValues([...live, ...patch]);
    return ordered ? merged : orderList(merged, patch, live, undefined);
  }
  const { kept, changes, replaces } = carryOutDirectives(live, patch, mergeKey);
  if (replaces) return changes.map((change) => mergeObject(undefined, change, schema.items));

  const merged: Json[] = [...kept];
  for (const change of changes) {
    const key = fieldOf(change, mergeKey);
    if (key === undefined) throw missingKey(mergeKey);
    const index = merged.findIndex((item) => isJsonObject(item) && deepEqual(fieldOf(item, mergeKey), key));
    const current = index < 0 ? undefined : merged[index];
    const result = mergeObject(current, change, schema.items);
    if (index < 0) merged.push(result);
    else merged[index] = result;
  }
  return ordered ? merged : orderList(merged, changes, live, mergeKey);
}

interface ListChange {
  readonly kept: readonly Json[];
  readonly changes: readonly JsonObject[];
  readonly replaces: boolean;
}

/** Items of the patch that carry `$patch`: `delete` takes its match away, `replace` takes the whole list away. */
function carryOutDirectives(live: readonly Json[], patch: readonly Json[], mergeKey: string): ListChange {
  let kept = live;
  let replaces = false;
  const changes: JsonObject[] = [];
  for (const item of patch) {
    if (!isJsonObject(item)) throw ApiError.badRequest('expected an object in a list that merges by key');
    const directive = fieldOf(item, '$patch');
    if (directive === undefined || directive === 'merge') {
      const { $patch: _directive, ...change } = item;
      changes.push(change);
    } else if (directive === 'replace') {
      replaces = true;
    } else if (directive === 'delete') {
      const key = fieldOf(item, mergeKey);
      if (key === undefined) throw missingKey(mergeKey);
      kept = kept.filter((candidate) => !isJsonObject(candidate) || !deepEqual(fieldOf(candidate, mergeKey), key));
    } else {
      throw ApiError.badRequest(`unknown patch type '${String(directive)}' in list`);
    }
  }
  return { kept, changes, replaces };
}

const missingKey = (mergeKey: string): ApiError =>
  ApiError.badRequest(`map does not contain declared merge key: ${mergeKey}`);

/** The order that the patch wants; see {@link interleave}. */
export const orderList = (
  list: readonly Json[],
  wanted: readonly Json[],
  live: readonly Json[],
  mergeKey: string | undefined,
): Json[] => interleave(list, wanted, live, (item) => identityOf(item, mergeKey));

function identityOf(item: Json, mergeKey: string | undefined): string {
  if (mergeKey === undefined || !isJsonObject(item)) return JSON.stringify(item);
  return JSON.stringify(fieldOf(item, mergeKey) ?? null);
}

function uniqueValues(values: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const key = JSON.stringify(value);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
