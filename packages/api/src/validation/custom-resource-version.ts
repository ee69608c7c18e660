import { duplicate, invalid, required, tooMany } from '../fields/field-error.js';
import { fieldOf, isJsonObject } from '../json/json-value.js';
import type { CustomResourceDefinition } from '../generated/types.js';
import type { FieldError } from '../status.js';
import type { JsonObject } from '../json/json-value.js';

type Version = CustomResourceDefinition['spec']['versions'][number];

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const mostSelectableFields = 8;

/** Columns, subresources and selectable fields of one version. Follows: ValidateCustomResourceDefinition, checklist 3.1.7. */
export const validateVersionParts = (version: Version, at: string): readonly FieldError[] => [
  ...checkColumns(version, at),
  ...checkScale(version, at),
  ...checkSelectableFields(version, at),
];

function checkColumns({ additionalPrinterColumns = [] }: Version, at: string): readonly FieldError[] {
  return additionalPrinterColumns.flatMap(({ name, type, format, jsonPath }, i): readonly FieldError[] => {
    const field = `${at}.additionalPrinterColumns[${i}]`;
    const errors: FieldError[] = [];
    const types = `must be one of ${columnTypes.join(',')}`;
    if (!name) errors.push(required(`${field}.name`));
    if (!type) errors.push(required(`${field}.type`, types));
    else if (!columnTypes.includes(type)) errors.push(invalid(`${field}.type`, type, types));
    if (format !== undefined && format !== '' && !columnFormats.includes(format)) {
      errors.push(invalid(`${field}.format`, format, `must be one of ${columnFormats.join(',')}`));
    }
    if (!jsonPath) errors.push(required(`${field}.jsonPath`));
    else errors.push(...checkSimplePath(jsonPath, `${field}.jsonPath`));
    return errors;
  });
}

function checkSimplePath(path: string, field: string): readonly FieldError[] {
  if (path.startsWith('.')) return [];
  return [invalid(field, path, 'must be a simple json path starting with .')];
}

function checkScale({ subresources }: Version, at: string): readonly FieldError[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const check = (name: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', roots: readonly string[]) => {
    const path = scale[name];
    const field = `${at}.subresources.scale.${name}`;
    if (path === undefined || path === '') return name === 'labelSelectorPath' ? [] : [required(field)];
    const errors = checkSimplePath(path, field);
    if (errors.length > 0 || roots.some((root) => path.startsWith(`${root}.`))) return errors;
    const where = roots.length === 1 ? `under ${roots[0]}` : `under either ${roots.join(' or ')}`;
    return [invalid(field, path, `should be a json path ${where}`)];
  };
  return [
    ...check('specReplicasPath', ['.spec']),
    ...check('statusReplicasPath', ['.status']),
    ...check('labelSelectorPath', ['.spec', '.status']),
  ];
}

function checkSelectableFields({ selectableFields = [], schema }: Version, at: string): readonly FieldError[] {
  const list = `${at}.selectableFields`;
  const errors: FieldError[] = [];
  if (selectableFields.length > mostSelectableFields) {
    errors.push(tooMany(list, selectableFields.length, mostSelectableFields));
  }
  const seen = new Set<string>();
  selectableFields.forEach(({ jsonPath }, i) => {
    const field = `${list}[${i}].jsonPath`;
    if (!jsonPath) {
      errors.push(required(field));
      return;
    }
    if (seen.has(jsonPath)) errors.push(duplicate(field, jsonPath));
    seen.add(jsonPath);
    const problem = selectableProblem(jsonPath, schema?.openAPIV3Schema as unknown as JsonObject | undefined);
    if (problem !== undefined) errors.push(invalid(field, jsonPath, problem));
  });
  return errors;
}

function selectableProblem(path: string, schema: JsonObject | undefined): string | undefined {
  if (!/^(\.[A-Za-z_][A-Za-z0-9_-]*)+$/.test(path))
    return 'is an invalid path: must be a simple json path starting with .';
  const steps = path.slice(1).split('.');
  if (steps[0] === 'metadata') return 'must not point to fields in metadata';
  let at = schema;
  for (const step of steps) {
    const properties = at === undefined ? undefined : fieldOf(at, 'properties');
    const next = isJsonObject(properties) ? fieldOf(properties, step) : undefined;
    if (!isJsonObject(next)) return 'is an invalid path: does not refer to a valid field';
    at = next;
  }
  const type = at === undefined ? undefined : fieldOf(at, 'type');
  if (type === 'string' || type === 'boolean' || type === 'integer') return undefined;
  return 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
}

const protectedGroup = /(^|\.)(k8s|kubernetes)\.io$/;
const approval = 'api-approved.kubernetes.io';

/** Groups of the Kubernetes project need a word of approval. Follows: the API approval policy, checklist 3.1.2. */
export function checkApproval(
  group: string,
  annotations: Readonly<Record<string, string>> = {},
): readonly FieldError[] {
  if (!protectedGroup.test(group)) return [];
  const given = Object.hasOwn(annotations, approval) ? annotations[approval] : undefined;
  const field = `metadata.annotations[${approval}]`;
  const see = `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`;
  if (given === undefined || given === '') return [required(field, see)];
  if (given.startsWith('unapproved') || URL.canParse(given)) return [];
  return [invalid(field, given, see)];
}
