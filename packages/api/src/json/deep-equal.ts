import { isJsonArray, isJsonObject } from './json-value.js';
import type { Json } from './json-value.js';

/**
 * Whether two JSON values say the same: order of fields does not matter, a field that is `undefined` is absent.
 */
export function deepEqual(left: unknown, right: unknown): boolean {
  return equal(left as Json | undefined, right as Json | undefined);
}

function equal(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isJsonArray(left)) {
    if (!isJsonArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equal(item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  let count = 0;
  for (const key of Object.keys(left)) {
    const value = left[key];
    if (value === undefined) continue;
    count++;
    if (!Object.hasOwn(right, key) || !equal(value, right[key])) return false;
  }
  for (const key of Object.keys(right)) if (right[key] !== undefined) count--;
  return count === 0;
}

/**
 * Equality as controllers need it: an absent field equals an empty list, object, string, zero or false.
 * Follows: apiequality.Semantic.DeepEqual, for which nil and empty are the same.
 */
export function semanticEqual(left: unknown, right: unknown): boolean {
  return alike(left as Json | undefined, right as Json | undefined);
}

function alike(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isEmpty(left) && isEmpty(right)) return true;
  if (isJsonArray(left) && isJsonArray(right)) {
    return left.length === right.length && left.every((item, index) => alike(item, right[index]));
  }
  if (isJsonObject(left) && isJsonObject(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    for (const key of keys) {
      const mine = Object.hasOwn(left, key) ? left[key] : undefined;
      const yours = Object.hasOwn(right, key) ? right[key] : undefined;
      if (!alike(mine, yours)) return false;
    }
    return true;
  }
  return false;
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (isJsonArray(value) && value.length === 0) ||
  (isJsonObject(value) && Object.keys(value).length === 0);
