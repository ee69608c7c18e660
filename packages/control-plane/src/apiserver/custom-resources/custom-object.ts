import {
  fieldOf,
  invalid,
  isJsonArray,
  isJsonObject,
  required,
  setField,
  typeInvalid,
  notSupported,
} from '@geobuk/api';
import type { FieldError, Json, JsonObject, KubernetesObject, MutableJsonObject, Schema } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';

/** Drops fields that the schema does not declare. Follows: pruning, checklist 3.3.2. */
export function decodeCustom(
  { schema }: ServedResource,
  object: KubernetesObject,
): { readonly object: KubernetesObject; readonly unknownFields: readonly string[] } {
  const unknownFields: string[] = [];
  const pruned = prune(object as unknown as Json, schema, '', unknownFields);
  return { object: pruned as unknown as KubernetesObject, unknownFields };
}

function prune(value: Json, schema: Schema | undefined, path: string, unknown: string[]): Json {
  if (schema === undefined || schema.kind === 'any') return value;
  if (isJsonArray(value)) {
    return schema.items === undefined
      ? value
      : value.map((item, i) => prune(item, schema.items, `${path}[${i}]`, unknown));
  }
  if (!isJsonObject(value)) return value;
  const kept: MutableJsonObject = {};
  for (const key of Object.keys(value)) {
    const child = fieldOf(value, key);
    if (child === undefined) continue;
    const at = path === '' ? key : `${path}.${key}`;
    const declared = schema.fields.get(key) ?? schema.values;
    if (declared === undefined && !schema.preservesUnknown && schema.kind === 'object') unknown.push(at);
    else setField(kept, key, prune(child, declared, at, unknown));
  }
  return kept;
}

/** Fills in the defaults that the schema declares. Follows: checklist 3.3.3. */
export const defaultCustom = ({ schema }: ServedResource, object: KubernetesObject): KubernetesObject =>
  fill(object as unknown as Json, schema) as unknown as KubernetesObject;

function fill(value: Json, schema: Schema | undefined): Json {
  if (schema === undefined) return value;
  if (isJsonArray(value)) {
    if (schema.items === undefined) return value;
    const items = value.map((item) => fill(item, schema.items));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (!isJsonObject(value)) return value;
  let copy: MutableJsonObject | undefined;
  for (const [key, field] of schema.fields) {
    const present = fieldOf(value, key);
    const isMissing = present === undefined || (present === null && !field.nullable);
    if (isMissing && field.defaultValue !== undefined)
      setField((copy ??= { ...value }), key, fill(field.defaultValue, field));
    else if (present === null && isMissing) delete (copy ??= { ...value })[key];
    else if (present !== undefined) {
      const filled = fill(present, field);
      if (filled !== present) setField((copy ??= { ...value }), key, filled);
    }
  }
  if (schema.values !== undefined) {
    for (const key of Object.keys(value)) {
      if (schema.fields.has(key)) continue;
      const present = fieldOf(value, key);
      if (present === undefined) continue;
      const filled = fill(present, schema.values);
      if (filled !== present) setField((copy ??= { ...value }), key, filled);
    }
  }
  return (copy as JsonObject | undefined) ?? value;
}

/** Holds an object against its schema. Follows: checklist 3.3.4 and 3.3.5. */
export function validateCustom({ schema }: ServedResource, object: KubernetesObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, field] of schema.fields) {
    if (key === 'metadata' || key === 'apiVersion' || key === 'kind') continue;
    const value = fieldOf(object as unknown as JsonObject, key);
    if (value !== undefined) check(value, field, key, errors);
  }
  requireFields(object as unknown as JsonObject, schema, '', errors);
  return errors;
}

function requireFields(value: JsonObject, schema: Schema, path: string, errors: FieldError[]): void {
  for (const name of schema.required) {
    if (fieldOf(value, name) === undefined) errors.push(required(path === '' ? name : `${path}.${name}`));
  }
}

function check(value: Json, schema: Schema, path: string, errors: FieldError[]): void {
  if (value === null) {
    if (!schema.nullable && schema.kind !== 'any') errors.push(wrongType(path, 'null', schema));
    return;
  }
  if (!hasKind(value, schema)) {
    errors.push(wrongType(path, value, schema));
    return;
  }
  checkRules(value, schema.source, path, errors);
  if (isJsonArray(value)) {
    value.forEach((item, i) => schema.items && check(item, schema.items, `${path}[${i}]`, errors));
  } else if (isJsonObject(value)) {
    requireFields(value, schema, path, errors);
    for (const key of Object.keys(value)) {
      const field = schema.fields.get(key) ?? schema.values;
      const child = fieldOf(value, key);
      if (field !== undefined && child !== undefined) check(child, field, `${path}.${key}`, errors);
    }
  }
}

function hasKind(value: Json, { kind }: Schema): boolean {
  switch (kind) {
    case 'any':
      return true;
    case 'object':
    case 'map':
      return isJsonObject(value);
    case 'list':
      return isJsonArray(value);
    case 'string':
    case 'time':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'int-or-string':
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number';
    default:
      return kind satisfies never;
  }
}

const typeNames: Readonly<Record<string, string>> = { map: 'object', list: 'array', time: 'string' };

const typeOf = (value: Json): string =>
  value === null ? 'null' : isJsonArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;

function wrongType(path: string, value: Json, { kind }: Schema): FieldError {
  const actual = value === 'null' ? 'null' : typeOf(value);
  const wanted = typeNames[kind] ?? kind;
  return typeInvalid(path, actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`);
}

/** Rules on single values; texts as users of CRDs know them. */
function checkRules(value: Json, source: JsonObject, path: string, errors: FieldError[]): void {
  const number = (name: string) => (typeof source[name] === 'number' ? source[name] : undefined);
  const refuse = (text: string) => errors.push(invalid(path, value, `${path} in body ${text}`));
  const options = source['enum'];
  if (isJsonArray(options) && !options.some((option) => JSON.stringify(option) === JSON.stringify(value))) {
    errors.push(
      notSupported(
        path,
        value,
        options.map((option) => String(option)),
      ),
    );
  }
  if (typeof value === 'string') {
    const length = [...value].length;
    const min = number('minLength');
    const max = number('maxLength');
    if (min !== undefined && length < min) refuse(`should be at least ${min} chars long`);
    if (max !== undefined && length > max) refuse(`should be at most ${max} chars long`);
    const pattern = source['pattern'];
    if (typeof pattern === 'string' && !matches(pattern, value)) refuse(`should match '${pattern}'`);
  }
  if (typeof value === 'number') {
    const min = number('minimum');
    const max = number('maximum');
    if (min !== undefined && (source['exclusiveMinimum'] === true ? value <= min : value < min)) {
      refuse(
        source['exclusiveMinimum'] === true
          ? `should be greater than ${min}`
          : `should be greater than or equal to ${min}`,
      );
    }
    if (max !== undefined && (source['exclusiveMaximum'] === true ? value >= max : value > max)) {
      refuse(
        source['exclusiveMaximum'] === true ? `should be less than ${max}` : `should be less than or equal to ${max}`,
      );
    }
  }
  if (isJsonArray(value)) {
    const min = number('minItems');
    const max = number('maxItems');
    if (min !== undefined && value.length < min) refuse(`should have at least ${min} items`);
    if (max !== undefined && value.length > max) refuse(`must have at most ${max} items`);
  }
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true; // a pattern of another dialect than ours: refused when the definition is written
  }
}
