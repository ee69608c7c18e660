import { isJsonArray, isJsonObject } from '@geobuk/api';
import type { Json } from '@geobuk/api';

/** Integers are CEL's int, other numbers double, also integers with `isDouble`, where a schema says so. */
export function celValue(value: Json | undefined, isDouble = false): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && !isDouble ? BigInt(value) : value;
  if (value === undefined || value === null) return null;
  if (isJsonArray(value)) return value.map((item) => celValue(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, celValue(child)]));
}

/** The longest list or map inside, which bounds what a comprehension over it can cost. */
export function longestIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  const children = Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value);
  let longest = Math.max(1, children.length);
  for (const child of children) longest = Math.max(longest, longestIn(child));
  return longest;
}
