import { ApiError } from '../status.js';
import { labelValue, qualifiedName } from '../names/name-rules.js';
import { invalid } from '../fields/field-error.js';
import type { FieldError } from '../status.js';
import type { LabelSelector } from '../generated/types.js';

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Without duplicates, sorted. */
  readonly values: readonly string[];
}

/** All must hold; the empty list selects everything. */
export type LabelRequirements = readonly LabelRequirement[];

export type Labels = Readonly<Record<string, string>> | undefined;

/** Selects no object at all: what an absent LabelSelector means. */
export const selectsNothing: LabelRequirements = Object.freeze([
  Object.freeze({ key: '', operator: 'in' as const, values: Object.freeze([]) }),
]);

/** @returns what is wrong with a requirement, or nothing. Follows: labels.NewRequirement. */
export function checkRequirement({ key, operator, values }: LabelRequirement): readonly FieldError[] {
  const errors: FieldError[] = [];
  const keyProblems = qualifiedName(key);
  if (keyProblems.length > 0) errors.push(invalid('key', key, keyProblems.join('; ')));
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length === 0) {
        errors.push(invalid('values', values, "for 'in', 'notin' operators, values set can't be empty"));
      }
      break;
    case '=':
    case '==':
    case '!=':
      if (values.length !== 1) {
        errors.push(invalid('values', values, 'exact-match compatibility requires one single value'));
      }
      break;
    case 'exists':
    case '!':
      if (values.length !== 0) {
        errors.push(invalid('values', values, 'values set must be empty for exists and does not exist'));
      }
      break;
    case '>':
    case '<':
      if (values.length !== 1) {
        errors.push(invalid('values', values, "for 'Gt', 'Lt' operators, exactly one value is required"));
      }
      values.forEach((value, index) => {
        if (asInteger(value) === undefined) {
          errors.push(invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
        }
      });
      break;
    default:
      operator satisfies never;
  }
  values.forEach((value, index) => {
    const problems = labelValue(value);
    if (problems.length > 0) errors.push(invalid(`values[${index}][${key}]`, value, problems.join('; ')));
  });
  return errors;
}

/** Allocates nothing: it runs once per object and watcher. */
export function matchesLabels(requirements: LabelRequirements, labels: Labels): boolean {
  for (const requirement of requirements) {
    if (!matchesRequirement(requirement, labels)) return false;
  }
  return true;
}

function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels !== undefined && labels !== null && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
      return value !== undefined && value === values[0];
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
      return value === undefined || value !== values[0];
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '>':
    case '<': {
      if (value === undefined) return false;
      const actual = asInteger(value);
      const bound = asInteger(values[0] ?? '');
      if (actual === undefined || bound === undefined) return false;
      return operator === '>' ? actual > bound : actual < bound;
    }
    default:
      return operator satisfies never;
  }
}

/** A 64-bit integer as Go reads it. */
function asInteger(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

/**
 * The requirements of a LabelSelector object: `{}` selects everything, an absent one nothing.
 * Follows: metav1.LabelSelectorAsSelector.
 * @throws {ApiError} BadRequest for an unknown operator or a bad key or value.
 */
export function labelSelectorOf(selector: LabelSelector | undefined): LabelRequirements {
  if (selector === undefined || selector === null) return selectsNothing;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key, operator: '=', values: [value] });
  }
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const kind = expressionOperators.get(operator);
    if (kind === undefined) {
      throw ApiError.badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    }
    requirements.push({ key, operator: kind, values: sortedSet(values ?? []) });
  }
  for (const requirement of requirements) {
    const [error] = checkRequirement(requirement);
    if (error !== undefined) throw ApiError.badRequest(`${error.field}: ${error.message}`);
  }
  return sortRequirements(requirements);
}

const expressionOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

export const sortedSet = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

export const sortRequirements = (requirements: readonly LabelRequirement[]): LabelRequirements =>
  [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

/** The text that {@link parseLabelSelector} reads back to the same requirements. */
export const formatLabelSelector = (requirements: LabelRequirements): string =>
  requirements.map(formatRequirement).join(',');

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      // `()` would read as no value at all, so the lone empty value is written with a comma.
      return `${key} ${operator} (${values.length === 1 && values[0] === '' ? ',' : values.join(',')})`;
    default:
      return `${key}${operator}${values[0] ?? ''}`;
  }
}
