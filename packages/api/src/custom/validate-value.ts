import { compilePattern } from './value-pattern.js';
import { deepEqual } from '../json/deep-equal.js';
import { duplicate, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '../fields/field-error.js';
import { fieldOf, isJsonArray, isJsonObject } from '../json/json-value.js';
import { fitsFormat } from './value-formats.js';
import type { FieldError } from '../status.js';
import type { Json, JsonObject } from '../json/json-value.js';
import type { Schema } from '../schema/schema.js';

/**
 * Everything in a custom resource that its schema does not allow; CEL rules are the API server's. What an update
 * leaves as it was in `old` is tolerated, so that a stricter schema does not freeze the objects that were there before.
 * Follows: the OpenAPI v3 validation of apiextensions, texts included, with ratcheting.
 */
export const validateValue = (schema: Schema, value: unknown, path = '', old?: unknown): readonly FieldError[] =>
  check(schema.source, value as Json, path, old as Json | undefined, path === '');

/** The same for a part of a schema, such as a default. */
export const validatePart = (source: JsonObject, value: Json, path: string): readonly FieldError[] =>
  check(source, value, path, undefined);

const child = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
const shown = (path: string): string => (path === '' ? '' : `${path} `);

function check(
  schema: JsonObject,
  value: Json,
  path: string,
  old: Json | undefined,
  isRoot = false,
): readonly FieldError[] {
  if (old !== undefined && deepEqual(value, old)) return [];
  if (value === null && schema['nullable'] === true) return [];
  const typeErrors = checkType(schema, value, path);
  if (typeErrors.length > 0) return typeErrors;
  const errors: FieldError[] = [];
  const choices = fieldOf(schema, 'enum');
  if (isJsonArray(choices) && !choices.some((choice) => deepEqual(choice, value))) {
    errors.push(
      notSupported(
        path,
        value,
        choices.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice))),
      ),
    );
  }
  if (typeof value === 'string') errors.push(...checkString(schema, value, path));
  else if (typeof value === 'number') errors.push(...checkNumber(schema, value, path));
  else if (isJsonArray(value)) errors.push(...checkList(schema, value, path, old));
  else if (isJsonObject(value)) errors.push(...checkObject(schema, value, path, old, isRoot));
  return [...errors, ...checkCombinations(schema, value, path)];
}

function checkType(schema: JsonObject, value: Json, path: string): readonly FieldError[] {
  const actual = typeOf(value);
  const mismatch = (wanted: string): readonly FieldError[] => [
    typeInvalid(path, actual, `${shown(path)}in body must be of type ${wanted}: "${actual}"`),
  ];
  if (schema['x-kubernetes-int-or-string'] === true) {
    return actual === 'integer' || actual === 'string' ? [] : mismatch('integer,string');
  }
  const wanted = fieldOf(schema, 'type');
  if (typeof wanted !== 'string' || wanted === actual) return [];
  return wanted === 'number' && actual === 'integer' ? [] : mismatch(wanted);
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const numberOf = (schema: JsonObject, key: string): number | undefined => {
  const value = fieldOf(schema, key);
  return typeof value === 'number' ? value : undefined;
};

function checkString(schema: JsonObject, value: string, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const maxLength = numberOf(schema, 'maxLength');
  const minLength = numberOf(schema, 'minLength');
  // Letters are counted, not UTF-16 units.
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) errors.push(tooLong(path, maxLength));
  if (minLength !== undefined && length < minLength) {
    errors.push(invalid(path, value, `${shown(path)}in body should be at least ${minLength} chars long`));
  }
  const pattern = fieldOf(schema, 'pattern');
  if (typeof pattern === 'string' && compilePattern(pattern)?.test(value) === false) {
    errors.push(invalid(path, value, `${shown(path)}in body should match '${pattern}'`));
  }
  const format = fieldOf(schema, 'format');
  if (typeof format === 'string' && !fitsFormat(value, format)) {
    errors.push(invalid(path, value, `${shown(path)}in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
  return errors;
}

function checkNumber(schema: JsonObject, value: number, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const bad = (text: string): void => void errors.push(invalid(path, value, `${shown(path)}in body should be ${text}`));
  const minimum = numberOf(schema, 'minimum');
  const maximum = numberOf(schema, 'maximum');
  const multiple = numberOf(schema, 'multipleOf');
  if (minimum !== undefined) {
    if (schema['exclusiveMinimum'] === true) {
      if (value <= minimum) bad(`greater than ${minimum}`);
    } else if (value < minimum) bad(`greater than or equal to ${minimum}`);
  }
  if (maximum !== undefined) {
    if (schema['exclusiveMaximum'] === true) {
      if (value >= maximum) bad(`less than ${maximum}`);
    } else if (value > maximum) bad(`less than or equal to ${maximum}`);
  }
  if (multiple !== undefined && multiple > 0 && !Number.isInteger(value / multiple)) bad(`a multiple of ${multiple}`);
  const format = fieldOf(schema, 'format');
  if (format === 'int32' && (value < -(2 ** 31) || value >= 2 ** 31)) {
    errors.push(invalid(path, value, `${shown(path)}in body must be of type int32: "${value}"`));
  }
  return errors;
}

function checkList(
  schema: JsonObject,
  list: readonly Json[],
  path: string,
  old: Json | undefined,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const maxItems = numberOf(schema, 'maxItems');
  const minItems = numberOf(schema, 'minItems');
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(path, list.length, maxItems));
  if (minItems !== undefined && list.length < minItems) {
    errors.push(invalid(path, list.length, `${shown(path)}in body should have at least ${minItems} items`));
  }
  const items = fieldOf(schema, 'items');
  if (isJsonObject(items)) {
    list.forEach((item, index) =>
      errors.push(...check(items, item, `${path}[${index}]`, counterpartOf(schema, item, old))),
    );
  }
  return [...errors, ...checkUnique(schema, list, path)];
}

/** What an item of a list by key was before; items of other lists have no past. */
export function counterpartOf(schema: JsonObject, item: Json, old: Json | undefined): Json | undefined {
  const keys = fieldOf(schema, 'x-kubernetes-list-map-keys');
  if (old === undefined || !isJsonArray(old) || !isJsonArray(keys) || !isJsonObject(item)) return undefined;
  return old.find(
    (other) =>
      isJsonObject(other) && keys.every((key) => typeof key === 'string' && fieldOf(other, key) === fieldOf(item, key)),
  );
}

/** Items of sets and of lists by key stand once. */
function checkUnique(schema: JsonObject, list: readonly Json[], path: string): readonly FieldError[] {
  const listType = fieldOf(schema, 'x-kubernetes-list-type');
  if (listType !== 'set' && listType !== 'map') return [];
  const keys = fieldOf(schema, 'x-kubernetes-list-map-keys');
  const names = isJsonArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const identity: Json =
      listType === 'map' && isJsonObject(item)
        ? Object.fromEntries(names.flatMap((name) => (fieldOf(item, name) === undefined ? [] : [[name, item[name]]])))
        : item;
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, identity));
    seen.add(text);
  });
  return errors;
}

function checkObject(
  schema: JsonObject,
  object: JsonObject,
  path: string,
  old: Json | undefined,
  isRoot: boolean,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const needed = fieldOf(schema, 'required');
  for (const key of isJsonArray(needed) ? needed : []) {
    if (typeof key === 'string' && fieldOf(object, key) === undefined) errors.push(required(child(path, key)));
  }
  const properties = fieldOf(schema, 'properties');
  const additional = fieldOf(schema, 'additionalProperties');
  const declared = isJsonObject(properties) ? properties : {};
  const keys = Object.keys(object).filter((key) => object[key] !== undefined);
  for (const key of keys) {
    // What every object has is checked by the rules of metadata.
    if (isRoot && (key === 'apiVersion' || key === 'kind')) continue;
    const value = fieldOf(object, key) as Json;
    const fieldSchema = fieldOf(declared, key);
    const before = old !== undefined && isJsonObject(old) ? fieldOf(old, key) : undefined;
    if (isJsonObject(fieldSchema)) errors.push(...check(fieldSchema, value, child(path, key), before));
    else if (isJsonObject(additional)) errors.push(...check(additional, value, child(path, key), before));
  }
  const maxProperties = numberOf(schema, 'maxProperties');
  const minProperties = numberOf(schema, 'minProperties');
  if (maxProperties !== undefined && keys.length > maxProperties)
    errors.push(tooMany(path, keys.length, maxProperties));
  if (minProperties !== undefined && keys.length < minProperties) {
    errors.push(invalid(path, keys.length, `${shown(path)}in body should have at least ${minProperties} properties`));
  }
  return errors;
}

function checkCombinations(schema: JsonObject, value: Json, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const branchesOf = (key: string): readonly JsonObject[] => {
    const branches = fieldOf(schema, key);
    return isJsonArray(branches) ? branches.filter(isJsonObject) : [];
  };
  const fits = (branch: JsonObject): boolean => check(branch, value, path, undefined).length === 0;
  const refuse = (text: string): void => void errors.push(invalid(path, '', `"${path}" must ${text}`));

  for (const branch of branchesOf('allOf')) errors.push(...check(branch, value, path, undefined));
  const any = branchesOf('anyOf');
  if (any.length > 0 && !any.some(fits)) refuse('validate at least one schema (anyOf)');
  const one = branchesOf('oneOf');
  if (one.length > 0) {
    const found = one.filter(fits).length;
    if (found === 0) refuse('validate one and only one schema (oneOf). Found none valid');
    if (found > 1) refuse(`validate one and only one schema (oneOf). Found ${found} valid alternatives`);
  }
  const not = fieldOf(schema, 'not');
  if (isJsonObject(not) && fits(not)) refuse('not validate the schema (not)');
  return errors;
}
