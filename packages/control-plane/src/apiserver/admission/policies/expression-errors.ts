import { fieldOf, isJsonArray, isJsonObject } from '@geobuk/api';
import type { FieldError, Json, JsonObject, KubernetesObject } from '@geobuk/api';
import { CelError } from '../../cel/expression.js';
import { admissionExpression } from '../webhooks/match-conditions.js';

/** Lists whose elements hold expressions. */
const holders = ['matchConditions', 'validations', 'variables'];

/** Expressions of webhook configurations and policies that are no CEL. Follows: checklist 2.8.11. */
export function expressionErrors(object: KubernetesObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  const whole = object as unknown as JsonObject;
  const webhooks = fieldOf(whole, 'webhooks');
  if (isJsonArray(webhooks)) webhooks.forEach((webhook, i) => look(webhook, `webhooks[${i}]`, errors));
  look(fieldOf(whole, 'spec') ?? null, 'spec', errors);
  return errors;
}

function look(value: Json, path: string, errors: FieldError[]): void {
  if (!isJsonObject(value)) return;
  for (const holder of holders) {
    const list = fieldOf(value, holder);
    if (!isJsonArray(list)) continue;
    list.forEach((item, i) => {
      const text = isJsonObject(item) ? fieldOf(item, 'expression') : undefined;
      if (typeof text !== 'string') return;
      try {
        admissionExpression(text);
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        errors.push({
          field: `${path}.${holder}[${i}].expression`,
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(text)}: ${error.message}`,
        });
      }
    });
  }
}
