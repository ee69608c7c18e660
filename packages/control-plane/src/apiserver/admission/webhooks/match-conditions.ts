import type { Json, KubernetesObject } from '@geobuk/api';
import { CelBudget, compileExpression } from '../../cel/expression.js';
import type { Expression } from '../../cel/expression.js';
import { celValue } from '../../cel/cel-value.js';
import { withoutMessageLiterals } from '../../cel/mutation-literals.js';
import { kubernetesEnvironment } from '../../cel/kubernetes-environment.js';

const conditionBudget = 2_500_000;
const keptExpressions = 1000;
const variables = ['object', 'oldObject', 'request', 'authorizer', 'params', 'namespaceObject', 'variables'] as const;
const environment = kubernetesEnvironment(variables);
const compiled = new Map<string, Expression>();

/** The expression, compiled once. @throws {CelError} */
export function admissionExpression(text: string): Expression {
  let found = compiled.get(text);
  if (found === undefined) {
    found = compileExpression(environment, withoutMessageLiterals(text));
    if (compiled.size >= keptExpressions) compiled.delete(compiled.keys().next().value ?? '');
    compiled.set(text, found);
  }
  return found;
}

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** What expressions about one write can see. */
export const admissionVariables = (
  object: KubernetesObject | undefined,
  old: KubernetesObject | undefined,
  request: Json,
): Readonly<Record<string, unknown>> => ({
  object: celValue(object as unknown as Json | undefined),
  oldObject: celValue(old as unknown as Json | undefined),
  request: celValue(request),
});

/** Whether all hold. One that says no decides, whatever the others do. @throws {CelError} one failed and none said no. */
export function conditionsHold(
  conditions: readonly MatchCondition[],
  seen: Readonly<Record<string, unknown>>,
): boolean {
  const budget = new CelBudget(conditionBudget);
  let failure: unknown;
  for (const { expression } of conditions) {
    try {
      if (admissionExpression(expression).evaluate(seen, budget) !== true) return false;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure as Error;
  return true;
}
