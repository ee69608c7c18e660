import { fieldOf, isJsonArray, isJsonObject } from '@geobuk/api';
import type { FieldError, Json, JsonObject, KubernetesObject } from '@geobuk/api';
import { CelError } from '../../cel/expression.js';
import { webhookErrors } from '../webhooks/webhook-errors.js';
import { admissionExpression } from '../webhooks/match-conditions.js';

/** Lists whose elements hold expressions. */
const holders: Readonly<Record<string, readonly string[]>> = {
  matchConditions: ['expression'],
  validations: ['expression', 'messageExpression'],
  variables: ['expression'],
  auditAnnotations: ['valueExpression'],
  mutations: ['applyConfiguration.expression', 'jsonPatch.expression'],
};

/** What is wrong with webhook configurations and policies, expressions that are no CEL among it. Follows: checklist 2.8.8 and 2.8.11. */
export function expressionErrors(object: KubernetesObject): readonly FieldError[] {
  const whole = object as unknown as JsonObject;
  const errors: FieldError[] = [...webhookErrors(whole)];
  const webhooks = fieldOf(whole, 'webhooks');
  if (isJsonArray(webhooks)) webhooks.forEach((webhook, i) => look(webhook, `webhooks[${i}]`, errors));
  look(fieldOf(whole, 'spec') ?? null, 'spec', errors);
  return errors;
}

function look(value: Json, path: string, errors: FieldError[]): void {
  if (!isJsonObject(value)) return;
  for (const [holder, fields] of Object.entries(holders)) {
    const list = fieldOf(value, holder);
    if (!isJsonArray(list)) continue;
    list.forEach((item, i) => {
      for (const field of fields) lookAt(item, field, `${path}.${holder}[${i}].${field}`, errors);
    });
  }
}

function lookAt(item: Json, field: string, path: string, errors: FieldError[]): void {
  let text: Json | undefined = item;
  for (const part of field.split('.')) text = isJsonObject(text) ? fieldOf(text, part) : undefined;
  if (typeof text !== 'string') return;
  try {
    admissionExpression(text);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    errors.push({
      field: path,
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(text)}: ${error.message}`,
    });
  }
}
