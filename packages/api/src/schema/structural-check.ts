import { patternProblem } from '../custom/value-pattern.js';
import { validatePart } from '../custom/validate-value.js';
import { forbidden, invalid, notSupported, required } from '../fields/field-error.js';
import { fieldOf, isJsonArray, isJsonObject } from '../json/json-value.js';
import type { FieldError } from '../status.js';
import type { JsonObject } from '../json/json-value.js';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const logical = ['allOf', 'anyOf', 'oneOf'] as const;
/** What may only stand in the structural part. */
const structuralOnly = ['description', 'type', 'default', 'title', 'nullable', 'additionalProperties'] as const;

/**
 * What keeps a schema from being structural.
 * Follows: ValidateStructural of apiextensions.
 */
export function checkStructural(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (fieldOf(schema, 'type') !== 'object') {
    errors.push(
      fieldOf(schema, 'type') === undefined
        ? required(`${path}.type`, 'must not be empty at the root')
        : {
            reason: 'FieldValueInvalid',
            field: `${path}.type`,
            message: `Invalid value: ${JSON.stringify(schema['type'])}: must be object at the root`,
          },
    );
  }
  return [...errors, ...checkNode(schema, path, true)];
}

function checkNode(schema: JsonObject, path: string, isRoot: boolean): readonly FieldError[] {
  const errors: FieldError[] = [];
  const type = fieldOf(schema, 'type');
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === undefined) {
    if (!isRoot && !isIntOrString && !preserves)
      errors.push(required(`${path}.type`, 'must not be empty for specified object fields'));
  } else if (typeof type !== 'string' || !types.includes(type)) {
    errors.push(notSupported(`${path}.type`, type, types));
  } else if (isIntOrString) {
    errors.push({
      reason: 'FieldValueInvalid',
      field: `${path}.type`,
      message: `Invalid value: ${JSON.stringify(type)}: must be empty if x-kubernetes-int-or-string is true`,
    });
  }
  const pattern = fieldOf(schema, 'pattern');
  const problem = typeof pattern === 'string' ? patternProblem(pattern) : undefined;
  if (problem !== undefined) {
    errors.push(invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`));
  }
  for (const field of ['$ref', 'definitions', 'dependencies', 'patternProperties', 'additionalItems', 'id'] as const) {
    if (fieldOf(schema, field) !== undefined) errors.push(forbidden(`${path}.${field}`, `${field} is not supported`));
  }
  if (schema['uniqueItems'] === true)
    errors.push(
      forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );

  const preset = fieldOf(schema, 'default');
  if (preset !== undefined) {
    if (isRoot) errors.push(forbidden(`${path}.default`, 'must not be set at the root'));
    else errors.push(...validatePart(schema, preset, `${path}.default`));
  }

  const properties = fieldOf(schema, 'properties');
  const additional = fieldOf(schema, 'additionalProperties');
  if (
    isJsonObject(properties) &&
    Object.keys(properties).length > 0 &&
    additional !== undefined &&
    additional !== false
  ) {
    errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  for (const [name, child] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (isJsonObject(child)) errors.push(...checkNode(child, `${path}.properties[${name}]`, false));
  }
  if (isJsonObject(additional)) errors.push(...checkNode(additional, `${path}.additionalProperties`, false));
  const items = fieldOf(schema, 'items');
  if (isJsonObject(items)) errors.push(...checkNode(items, `${path}.items`, false));
  else if (isJsonArray(items))
    errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  else if (type === 'array') errors.push(required(`${path}.items`, 'must be specified'));

  errors.push(...checkListMarks(schema, path));
  for (const name of logical) {
    const branches = fieldOf(schema, name);
    if (!isJsonArray(branches)) continue;
    branches.forEach((branch, index) => {
      if (isJsonObject(branch) && !isIntOrString)
        errors.push(
          ...checkBranch(branch, `${path}.${name}[${index}]`),
          ...undeclared(branch, `${path}.${name}[${index}]`, schema, path),
        );
    });
  }
  const not = fieldOf(schema, 'not');
  if (isJsonObject(not))
    errors.push(...checkBranch(not, `${path}.not`), ...undeclared(not, `${path}.not`, schema, path));
  if (isRoot || schema['x-kubernetes-embedded-resource'] === true) errors.push(...checkMetadata(properties, path));
  return errors;
}

function checkListMarks(schema: JsonObject, path: string): readonly FieldError[] {
  const listType = fieldOf(schema, 'x-kubernetes-list-type');
  const keys = fieldOf(schema, 'x-kubernetes-list-map-keys');
  const errors: FieldError[] = [];
  if (listType !== undefined && listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set']));
  }
  if (listType === 'map' && (!isJsonArray(keys) || keys.length === 0)) {
    errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  }
  return errors;
}

/** What a branch speaks of has to be declared outside of it. Follows: validateNestedValueValidationCompleteness. */
function undeclared(branch: JsonObject, at: string, outer: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const declared = fieldOf(outer, 'properties');
  const properties = fieldOf(branch, 'properties');
  for (const [name, child] of Object.entries(isJsonObject(properties) ? properties : {})) {
    const counterpart = isJsonObject(declared) && Object.hasOwn(declared, name) ? declared[name] : undefined;
    const here = `${at}.properties[${name}]`;
    if (!isJsonObject(counterpart))
      errors.push(required(`${path}.properties[${name}]`, `because it is defined in ${here}`));
    else if (isJsonObject(child)) errors.push(...undeclared(child, here, counterpart, `${path}.properties[${name}]`));
  }
  const items = fieldOf(branch, 'items');
  if (!isJsonObject(items)) return errors;
  const declaredItems = fieldOf(outer, 'items');
  if (!isJsonObject(declaredItems))
    return [...errors, required(`${path}.items`, `because it is defined in ${at}.items`)];
  return [...errors, ...undeclared(items, `${at}.items`, declaredItems, `${path}.items`)];
}

/** The metadata of objects is known; a schema may only narrow their names. Follows: validateStructuralMetadataInvariants. */
function checkMetadata(properties: unknown, path: string): readonly FieldError[] {
  const metadata = isJsonObject(properties) ? fieldOf(properties, 'metadata') : undefined;
  if (!isJsonObject(metadata)) return [];
  const own = fieldOf(metadata, 'properties');
  const names = isJsonObject(own) ? Object.keys(own) : [];
  const others = Object.keys(metadata).filter((key) => !['type', 'properties', 'description'].includes(key));
  if (others.length === 0 && names.every((name) => name === 'name' || name === 'generateName')) return [];
  const text = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  return [forbidden(`${path}.properties[metadata]`, text)];
}

/** Inside logical combinations a schema only restricts what stands outside. */
function checkBranch(branch: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const field of structuralOnly) {
    if (fieldOf(branch, field) !== undefined) {
      errors.push(forbidden(`${path}.${field}`, 'must be empty to be structural'));
    }
  }
  const properties = fieldOf(branch, 'properties');
  for (const [name, child] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (isJsonObject(child)) errors.push(...checkBranch(child, `${path}.properties[${name}]`));
  }
  const items = fieldOf(branch, 'items');
  if (isJsonObject(items)) errors.push(...checkBranch(items, `${path}.items`));
  return errors;
}
