import { Optional } from '@marcbachmann/cel-js';
import { deepEqual, fieldOf, isJsonArray, isJsonObject } from '@geobuk/api';
import type { CauseReason, FieldError, Json, JsonObject, KubernetesObject } from '@geobuk/api';
import { celValue } from '../cel/cel-value.js';
import { CelBudget, CelError, compileExpression } from '../cel/expression.js';
import type { Expression } from '../cel/expression.js';
import { kubernetesEnvironment } from '../cel/kubernetes-environment.js';
import type { ServedResource } from '../resources/served-resource.js';

/** For all rules of one write. Follows: checklist 3.3.6. */
const writeBudget = 10_000_000;
const keptExpressions = 2000;
const environment = kubernetesEnvironment(['self', 'oldSelf']);
/** For rules with `optionalOldSelf`. */
const optionalEnvironment = kubernetesEnvironment(['self'], ['oldSelf']);
const compiled = new Map<string, Expression>();

/** Follows: ValidationRule. */
interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: CauseReason;
  readonly fieldPath?: string;
  /** The rule also runs where there is no past; `oldSelf` is an optional value then. */
  readonly optionalOldSelf?: boolean | undefined;
}

/** @throws {CelError} */
function expressionOf(text: string, { optionalOldSelf = false }: Pick<Rule, 'optionalOldSelf'>): Expression {
  const key = `${optionalOldSelf ? '?' : ''}${text}`;
  let found = compiled.get(key);
  if (found === undefined) {
    found = compileExpression(optionalOldSelf ? optionalEnvironment : environment, text);
    if (compiled.size >= keptExpressions) compiled.delete(compiled.keys().next().value ?? '');
    compiled.set(key, found);
  }
  return found;
}

const rulesOf = (schema: JsonObject): readonly Rule[] => {
  const rules = fieldOf(schema, 'x-kubernetes-validations');
  return isJsonArray(rules) ? (rules as unknown as readonly Rule[]) : [];
};

/** What the rules of a definition's schema have against an object; `old` is what it was before an update. */
export function ruleErrors(
  { custom }: ServedResource,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
): readonly FieldError[] {
  const schema = custom?.schemaSource as JsonObject | undefined;
  if (schema === undefined) return [];
  const errors: FieldError[] = [];
  walk(schema, object as unknown as Json, old as unknown as Json | undefined, '', new CelBudget(writeBudget), errors);
  return errors;
}

function walk(
  schema: JsonObject,
  value: Json,
  old: Json | undefined,
  path: string,
  budget: CelBudget,
  errors: FieldError[],
): void {
  if (value === null) return;
  const rules = rulesOf(schema);
  if (rules.length > 0) {
    const self = typedValue(value, schema);
    const oldSelf = old === undefined || old === null ? undefined : typedValue(old, schema);
    const isUnchanged = old !== undefined && deepEqual(value, old);
    for (const rule of rules) {
      if (isUnchanged && !isTransition(rule)) continue; // what was there before is tolerated (3.3.7)
      const error = violationOf(rule, self, oldSelf, value, path, budget);
      if (error !== undefined) errors.push(error);
    }
  }
  if (isJsonObject(value)) {
    const properties = fieldOf(schema, 'properties');
    const others = fieldOf(schema, 'additionalProperties');
    for (const name of Object.keys(value)) {
      const own = isJsonObject(properties) ? fieldOf(properties, name) : undefined;
      const below = own ?? others;
      const field = fieldOf(value, name);
      if (!isJsonObject(below) || field === undefined) continue;
      const at = own === undefined ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
      walk(below, field, isJsonObject(old) ? fieldOf(old, name) : undefined, at, budget, errors);
    }
  } else if (isJsonArray(value)) {
    const items = fieldOf(schema, 'items');
    if (!isJsonObject(items)) return;
    value.forEach((item, i) => walk(items, item, counterpart(schema, item, old), `${path}[${i}]`, budget, errors));
  }
}

/** Elements of a map-like list have a past, found by their keys; those of other lists have none. */
function counterpart(schema: JsonObject, item: Json, old: Json | undefined): Json | undefined {
  const keys = fieldOf(schema, 'x-kubernetes-list-map-keys');
  if (!isJsonArray(old) || !isJsonArray(keys) || !isJsonObject(item)) return undefined;
  return old.find(
    (other) => isJsonObject(other) && keys.every((key) => fieldOf(other, String(key)) === fieldOf(item, String(key))),
  );
}

function violationOf(
  rule: Rule,
  self: unknown,
  oldSelf: unknown,
  value: Json,
  path: string,
  budget: CelBudget,
): FieldError | undefined {
  const refuse = (message: string): FieldError => ({
    field: `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '') || '<nil>',
    reason: rule.reason ?? 'FieldValueInvalid',
    message: `${prefixOf(rule.reason, value)}${message}`,
  });
  try {
    const expression = expressionOf(rule.rule, rule);
    // Nothing changes, so there is nothing to hold.
    if (oldSelf === undefined && rule.optionalOldSelf !== true && expression.uses('oldSelf')) return undefined;
    const variables = variablesOf(rule, self, oldSelf);
    if (expression.evaluate(variables, budget) === true) return undefined;
    return refuse(messageOf(rule, variables, budget));
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return refuse(`rule: ${error.message}`);
  }
}

/** Whether a rule is about a change; one that cannot be read is said to be wrong elsewhere. */
function isTransition(rule: Pick<Rule, 'rule' | 'optionalOldSelf'>): boolean {
  try {
    return expressionOf(rule.rule, rule).uses('oldSelf');
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return true;
  }
}

function variablesOf({ optionalOldSelf }: Rule, self: unknown, oldSelf: unknown): Readonly<Record<string, unknown>> {
  if (optionalOldSelf === true)
    return { self, oldSelf: oldSelf === undefined ? Optional.none() : Optional.of(oldSelf) };
  return oldSelf === undefined ? { self } : { self, oldSelf };
}

function prefixOf(reason: CauseReason | undefined, value: Json): string {
  switch (reason) {
    case 'FieldValueForbidden':
      return 'Forbidden: ';
    case 'FieldValueRequired':
      return 'Required value: ';
    case 'FieldValueDuplicate':
      return `Duplicate value: ${shown(value)}: `;
    default:
      return `Invalid value: ${shown(value)}: `;
  }
}

/** Objects and lists are named by their kind: they would be too long. */
const shown = (value: Json): string =>
  isJsonObject(value) ? '"object"' : isJsonArray(value) ? '"array"' : JSON.stringify(value);

function messageOf(rule: Rule, variables: Readonly<Record<string, unknown>>, budget: CelBudget): string {
  if (rule.messageExpression !== undefined) {
    try {
      const said = expressionOf(rule.messageExpression, rule).evaluate(variables, budget);
      if (typeof said === 'string' && said.trim() !== '' && !said.includes('\n')) return said;
    } catch (error) {
      if (!(error instanceof CelError)) throw error; // the plain message says it too
    }
  }
  return rule.message ?? `failed rule: ${rule.rule.trim()}`;
}

/** Where the schema says `number`, whole values are doubles too. */
function typedValue(value: Json, schema: JsonObject): unknown {
  if (typeof value === 'number') return celValue(value, fieldOf(schema, 'type') === 'number');
  if (isJsonArray(value)) {
    const items = fieldOf(schema, 'items');
    return isJsonObject(items) ? value.map((item) => typedValue(item, items)) : celValue(value);
  }
  if (!isJsonObject(value)) return celValue(value);
  const properties = fieldOf(schema, 'properties');
  const others = fieldOf(schema, 'additionalProperties');
  return Object.fromEntries(
    Object.keys(value).map((name) => {
      const field = fieldOf(value, name) ?? null;
      const below = (isJsonObject(properties) ? fieldOf(properties, name) : undefined) ?? others;
      return [name, isJsonObject(below) ? typedValue(field, below) : celValue(field)];
    }),
  );
}

/** Rules of a definition that are no CEL. Follows: checklist 3.1.7, 3.3.6. */
export function definitionRuleErrors(definition: KubernetesObject): readonly FieldError[] {
  const spec = fieldOf(definition as unknown as JsonObject, 'spec');
  const versions = isJsonObject(spec) ? fieldOf(spec, 'versions') : undefined;
  if (!isJsonArray(versions)) return [];
  const errors: FieldError[] = [];
  versions.forEach((version, i) => {
    const schema = isJsonObject(version) ? fieldOf(version, 'schema') : undefined;
    const root = isJsonObject(schema) ? fieldOf(schema, 'openAPIV3Schema') : undefined;
    if (isJsonObject(root)) compileAll(root, `spec.versions[${i}].schema.openAPIV3Schema`, errors);
  });
  return errors;
}

/** Whether `.a.b` or `.a['b']` leads to a declared field. */
function isFieldOf(schema: JsonObject, path: string): boolean {
  if (!/^(?:\.[A-Za-z_][\w-]*|\['[^']+'\])+$/.test(path)) return false;
  let at: Json | undefined = schema;
  for (const [, plain, quoted] of path.matchAll(/\.([A-Za-z_][\w-]*)|\['([^']+)'\]/g)) {
    if (!isJsonObject(at)) return false;
    const properties = fieldOf(at, 'properties');
    const others: Json | undefined = fieldOf(at, 'additionalProperties');
    at = (isJsonObject(properties) ? fieldOf(properties, plain ?? quoted ?? '') : undefined) ?? others;
  }
  return isJsonObject(at);
}

function compileAll(schema: JsonObject, path: string, errors: FieldError[]): void {
  rulesOf(schema).forEach(({ rule, messageExpression, fieldPath, optionalOldSelf }, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const refuse = (field: string, value: unknown, why: string): void =>
      void errors.push({
        field: `${at}.${field}`,
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
      });
    if (fieldPath !== undefined && !isFieldOf(schema, fieldPath)) {
      refuse('fieldPath', fieldPath, 'fieldPath must be a valid path: does not refer to a valid field');
    }
    if (optionalOldSelf !== undefined && !isTransition({ rule, optionalOldSelf })) {
      refuse('optionalOldSelf', optionalOldSelf, 'may not be set if oldSelf is not used in rule');
    }
    for (const [name, text] of [
      ['rule', rule],
      ['messageExpression', messageExpression],
    ] as const) {
      if (text === undefined) continue;
      try {
        expressionOf(text, { optionalOldSelf });
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        errors.push({
          field: `${path}.x-kubernetes-validations[${i}].${name}`,
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(text)}: ${error.message}`,
        });
      }
    }
  });
  const properties = fieldOf(schema, 'properties');
  if (isJsonObject(properties)) {
    for (const name of Object.keys(properties)) {
      const below = fieldOf(properties, name);
      if (isJsonObject(below)) compileAll(below, `${path}.properties[${name}]`, errors);
    }
  }
  for (const name of ['items', 'additionalProperties']) {
    const below = fieldOf(schema, name);
    if (isJsonObject(below)) compileAll(below, `${path}.${name}`, errors);
  }
}
