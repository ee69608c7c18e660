import fc from 'fast-check';
import type { Json, JsonObject } from '../json/json-value.js';

/** Keys that break careless code stand among plain ones. */
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'x/y', 'm~n') },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '') },
);

const scalar: fc.Arbitrary<Json> = fc.constantFrom<Json[]>('s', 't', 1, 2, true);

const nested = (depth: number): fc.Arbitrary<Json> =>
  depth === 0 ? scalar : fc.oneof(scalar, fc.array(nested(depth - 1), { maxLength: 3 }), fields(depth - 1));

const fields = (depth: number): fc.Arbitrary<JsonObject> =>
  fc.dictionary(key, nested(depth), { maxKeys: 4, noNullPrototype: true });

/** Any JSON without `null`, small. For tests. */
export const jsonValue: fc.Arbitrary<Json> = nested(3);
/** Any JSON object without `null`, small. For tests. */
export const jsonObject: fc.Arbitrary<JsonObject> = fields(3);

/** Freezes all of a value, so that whoever writes to it throws. */
export function deepFreeze<T>(tree: T): T {
  if (typeof tree === 'object' && tree !== null && !Object.isFrozen(tree)) {
    Object.freeze(tree);
    for (const child of Object.values(tree)) deepFreeze(child);
  }
  return tree;
}
