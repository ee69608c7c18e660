import { isJsonArray, isJsonObject, setField } from '../json/json-value.js';
import { partsOf } from './owned-fields.js';
import type { Json, MutableJsonObject } from '../json/json-value.js';
import type { OwnedPart } from './owned-fields.js';
import type { Schema } from '../schema/schema.js';

/**
 * The live value with the applied one laid over it: objects by field, lists of type `map` and `set` by item, everything
 * else as a whole. `null` takes a field away. Nothing is written to.
 */
export function mergeApplied(live: Json | undefined, applied: Json, schema: Schema | undefined): Json {
  const wanted = partsOf(applied, schema);
  const current = partsOf(live, schema);
  if (wanted === undefined || current === undefined || isJsonArray(live) !== isJsonArray(applied)) {
    // Laying an empty granular container over a full one takes nothing away.
    const keepsLive = wanted === undefined && current !== undefined && isEmptyGranular(applied, schema);
    return keepsLive ? (live as Json) : applied;
  }
  const byStep = new Map(current.map((part) => [part.step, part]));
  const merged = new Map<string, OwnedPart>(byStep);
  for (const part of wanted) {
    if (part.value === null) merged.delete(part.step);
    else {
      const value = mergeApplied(byStep.get(part.step)?.value, part.value, part.schema);
      merged.set(part.step, { ...part, value });
    }
  }
  if (isJsonArray(applied)) {
    return inOrder(merged, wanted, current);
  }
  const object: MutableJsonObject = {};
  for (const { step, value } of merged.values()) setField(object, step.slice(2), value);
  return object as Json;
}

const isEmptyGranular = (value: Json, schema: Schema | undefined): boolean =>
  (isJsonObject(value) && schema?.isAtomic !== true && Object.keys(value).length === 0) ||
  (isJsonArray(value) && value.length === 0 && schema !== undefined && schema.listType !== 'atomic');

/**
 * What only the live list has stays where it was; the rest follows the applied order.
 *
 *     live a b c, applied c d b  →  a c d b
 */
function inOrder(
  merged: ReadonlyMap<string, OwnedPart>,
  wanted: readonly OwnedPart[],
  current: readonly OwnedPart[],
): readonly Json[] {
  const applied = new Set(wanted.map(({ step }) => step));
  const order: string[] = [];
  const placed = new Set<string>();
  const rest = wanted.values();
  for (const { step } of current) {
    if (!applied.has(step)) order.push(step);
    else {
      while (!placed.has(step)) {
        const next = rest.next();
        if (next.done === true) break;
        order.push(next.value.step);
        placed.add(next.value.step);
      }
    }
  }
  for (const { step } of rest) order.push(step);
  return order.flatMap((step) => {
    const part = merged.get(step);
    return part === undefined ? [] : [part.value];
  });
}
