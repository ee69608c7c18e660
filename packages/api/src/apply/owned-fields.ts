import { ApiError } from '../status.js';
import { deepEqual } from '../json/deep-equal.js';
import { emptySet, fieldSet, leafSet, placeText } from './field-set.js';
import { fieldOf, isJsonArray, isJsonObject } from '../json/json-value.js';
import { listKeyDefault, schemaOfField } from '../schema/schema.js';
import type { FieldSet } from './field-set.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';
import type { Schema } from '../schema/schema.js';

/** A part of a value that can be owned by itself. */
export interface OwnedPart {
  readonly step: string;
  readonly value: Json;
  readonly schema: Schema | undefined;
}

/**
 * The parts that a value is merged by; `undefined` for what is owned as a whole: plain values, atomic lists and maps,
 * empty ones. Without a schema objects are granular and lists atomic.
 * Differs: a live list whose items cannot be told apart (which only writers other than apply can make) is taken as a
 * whole, where Kubernetes merges the duplicates as one item.
 */
export function partsOf(value: Json | undefined, schema: Schema | undefined): readonly OwnedPart[] | undefined {
  if (isJsonObject(value)) {
    if (schema?.isAtomic === true) return undefined;
    const parts: OwnedPart[] = [];
    for (const key of Object.keys(value)) {
      const child = fieldOf(value, key);
      if (child !== undefined) parts.push({ step: `f:${key}`, value: child, schema: schemaOfField(schema, key) });
    }
    return parts.length === 0 ? undefined : parts;
  }
  if (!isJsonArray(value) || value.length === 0) return undefined;
  if (schema === undefined || schema.listType === 'atomic') return undefined;
  const seen = new Set<string>();
  const parts: OwnedPart[] = [];
  for (const item of value) {
    const step = stepOfItem(item, schema);
    if (step === undefined || seen.has(step)) return undefined;
    seen.add(step);
    parts.push({ step, value: item, schema: schema.items });
  }
  return parts;
}

/** The step that leads to an item of a list of type `set` or `map`; `undefined` for an item without its keys. */
function stepOfItem(item: Json, schema: Schema): string | undefined {
  if (schema.listType === 'set') return `v:${JSON.stringify(item)}`;
  if (!isJsonObject(item)) return undefined;
  const keys: MutableJsonObject = {};
  for (const key of [...schema.listMapKeys].sort()) {
    const value = fieldOf(item, key) ?? listKeyDefault(schema.items, key);
    if (value !== undefined && value !== null) keys[key] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

/**
 * Refuses lists in an applied object whose items cannot be told apart.
 * @throws {ApiError} BadRequest.
 */
export function checkListKeys(value: Json, schema: Schema | undefined, path = ''): void {
  if (isJsonArray(value) && schema !== undefined && schema.listType !== 'atomic') {
    const seen = new Set<string>();
    value.forEach((item, index) => {
      const step = stepOfItem(item, schema);
      if (step === undefined) {
        const wanted = schema.listMapKeys.map((key) => JSON.stringify(key)).join(', ');
        throw ApiError.badRequest(
          `${path}: element ${index}: associative list with keys has an element that omits key field ${wanted} (and doesn't have default value)`,
        );
      }
      if (seen.has(step)) throw ApiError.badRequest(`${path}: duplicate entries for key ${placeText([step])}`);
      seen.add(step);
    });
  }
  for (const { step, value: child, schema: childSchema } of partsOf(value, schema) ?? []) {
    checkListKeys(child, childSchema, path + placeText([step]));
  }
}

/** Everything in a value, as the manager who applied it owns it. */
export function fieldsOf(value: Json, schema: Schema | undefined): FieldSet {
  const parts = partsOf(value, schema);
  if (parts === undefined) return leafSet;
  return fieldSet(
    false,
    parts.map(({ step, value: child, schema: childSchema }) => {
      const set = fieldsOf(child, childSchema);
      // An item is there because somebody put it there, whatever is in it.
      return [step, step.startsWith('f:') ? set : fieldSet(true, set.children)];
    }),
  );
}

/** All of a value, containers too: what appears or vanishes with it. */
function wholeOf(value: Json, schema: Schema | undefined, owns: (schema: Schema | undefined) => boolean): FieldSet {
  const parts = partsOf(value, schema);
  if (parts === undefined) return leafSet;
  return fieldSet(
    owns(schema),
    parts.map(({ step, value: child, schema: childSchema }) => {
      const set = wholeOf(child, childSchema, owns);
      return [step, step.startsWith('f:') ? set : fieldSet(true, set.children)];
    }),
  );
}

export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const unchanged: FieldChanges = { added: emptySet, modified: emptySet, removed: emptySet };

/** Maps appear as things of their own; objects of a struct are only their fields. */
const ownsWhenAdded = (schema: Schema | undefined): boolean => schema?.kind === 'map';
const ownsWhenRemoved = (): boolean => true;

/** Which places differ between two states of an object. */
export function compareFields(
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema | undefined,
): FieldChanges {
  if (before === after) return unchanged;
  if (before === undefined) return { ...unchanged, added: wholeOf(after as Json, schema, ownsWhenAdded) };
  if (after === undefined) return { ...unchanged, removed: wholeOf(before, schema, ownsWhenRemoved) };
  const old = partsOf(before, schema);
  const now = partsOf(after, schema);
  if (old === undefined && now === undefined) {
    return deepEqual(before, after) ? unchanged : { ...unchanged, modified: leafSet };
  }
  const oldByStep = new Map((old ?? []).map((part) => [part.step, part]));
  const nowByStep = new Map((now ?? []).map((part) => [part.step, part]));
  const added: [string, FieldSet][] = [];
  const modified: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  for (const step of new Set([...oldByStep.keys(), ...nowByStep.keys()])) {
    const mine = oldByStep.get(step);
    const yours = nowByStep.get(step);
    const isItem = !step.startsWith('f:');
    const changes = compareFields(mine?.value, yours?.value, (yours ?? mine)?.schema);
    added.push([step, isItem && mine === undefined ? fieldSet(true, changes.added.children) : changes.added]);
    modified.push([step, changes.modified]);
    removed.push([step, isItem && yours === undefined ? fieldSet(true, changes.removed.children) : changes.removed]);
  }
  // A plain value that became a container, or the reverse, changed at its own place as well.
  const changedKind = isPlain(before) !== isPlain(after);
  return {
    added: fieldSet(false, added),
    modified: fieldSet(changedKind, modified),
    removed: fieldSet(false, removed),
  };
}

const isPlain = (value: Json): boolean => !isJsonObject(value) && !isJsonArray(value);

/**
 * Takes away what the manager owned (`last`) and nobody keeps. An item or field goes with all that is below it.
 * A container that runs empty goes too, unless somebody keeps it.
 */
export function pruneFields(value: Json, schema: Schema | undefined, last: FieldSet, keep: FieldSet): Json {
  const parts = partsOf(value, schema);
  if (parts === undefined) return value;
  const kept: { readonly part: OwnedPart; readonly value: Json }[] = [];
  let changed = false;
  for (const part of parts) {
    const mine = last.children.get(part.step);
    const theirs = keep.children.get(part.step);
    if (mine === undefined) {
      kept.push({ part, value: part.value });
      continue;
    }
    if (mine.own && theirs === undefined) {
      changed = true;
      continue;
    }
    const pruned = pruneFields(part.value, part.schema, mine, theirs ?? emptySet);
    const ranEmpty = pruned !== part.value && isEmptyContainer(pruned) && theirs === undefined;
    if (pruned !== part.value) changed = true;
    if (!ranEmpty) kept.push({ part, value: pruned });
  }
  if (!changed) return value;
  if (isJsonArray(value)) return kept.map((entry) => entry.value);
  return Object.fromEntries(kept.map(({ part, value: child }) => [part.step.slice(2), child]));
}

const isEmptyContainer = (value: Json): boolean =>
  isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value as JsonObject).length === 0;
