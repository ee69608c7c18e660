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
      if (isJsonObject(branch) && !isIntOrString) errors.push(...checkBranch(branch, `${path}.${name}[${index}]`));
    });
  }
  const not = fieldOf(schema, 'not');
  if (isJsonObject(not)) errors.push(...checkBranch(not, `${path}.not`));
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
