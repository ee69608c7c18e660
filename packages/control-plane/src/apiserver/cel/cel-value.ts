import { isJsonArray, isJsonObject } from '@geobuk/api';
import type { Json } from '@geobuk/api';
import { CelError } from './cel-error.js';

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
  // What is neither list nor map, such as an authorizer, is nothing to loop over.
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return 1;
  const children = Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value);
  let longest = Math.max(1, children.length);
  for (const child of children) longest = Math.max(longest, longestIn(child));
  return longest;
}

/** What an expression gave, as JSON. @throws {CelError} it is nothing that JSON knows. */
export function jsonOfCel(value: unknown): Json {
  switch (typeof value) {
    case 'bigint':
      return Number(value);
    case 'string':
    case 'boolean':
    case 'number':
      return value;
    case 'object': {
      if (value === null) return null;
      if (Array.isArray(value)) return (value as readonly unknown[]).map(jsonOfCel);
      if (value instanceof Date) return value.toISOString();
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
      if (
        value instanceof Map ||
        Object.getPrototypeOf(value) === Object.prototype ||
        Object.getPrototypeOf(value) === null
      )
        return Object.fromEntries(entries.map(([key, child]) => [String(key), jsonOfCel(child)]));
      throw new CelError('the expression gave a value that is no JSON');
    }
    default:
      throw new CelError('the expression gave a value that is no JSON');
  }
}
