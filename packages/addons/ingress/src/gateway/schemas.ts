import type { JSONSchemaProps } from '@geobuk/api';

/** Short words for structural schemas. */
export const text = (maxLength: number, pattern?: string): JSONSchemaProps => ({
  type: 'string',
  minLength: 1,
  maxLength,
  ...(pattern === undefined ? {} : { pattern }),
});

export const oneOf = (...values: readonly string[]): JSONSchemaProps => ({ type: 'string', enum: values });

export const whole = (minimum: number, maximum: number): JSONSchemaProps => ({
  type: 'integer',
  format: 'int32',
  minimum,
  maximum,
});

export const object = (
  properties: Readonly<Record<string, JSONSchemaProps>>,
  required: readonly string[] = [],
): JSONSchemaProps => ({ type: 'object', properties, ...(required.length === 0 ? {} : { required }) });

/** A list whose elements are told apart by these fields. */
export const listBy = (keys: readonly string[], maxItems: number, items: JSONSchemaProps): JSONSchemaProps => ({
  type: 'array',
  maxItems,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
  items,
});

export const list = (maxItems: number, items: JSONSchemaProps): JSONSchemaProps => ({
  type: 'array',
  maxItems,
  'x-kubernetes-list-type': 'atomic',
  items,
});

export const withDefault = (value: unknown, schema: JSONSchemaProps): JSONSchemaProps => ({
  ...schema,
  default: value as never,
});

/** Follows: CEL rules of a schema: what must hold, and what is said when it does not. */
export const rule = (schema: JSONSchemaProps, expression: string, message: string): JSONSchemaProps => ({
  ...schema,
  'x-kubernetes-validations': [...(schema['x-kubernetes-validations'] ?? []), { rule: expression, message }],
});

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
export const hostname = text(253, `^(\\*\\.)?${label}(\\.${label})*$`);
export const preciseHostname = text(253, `^${label}(\\.${label})*$`);
export const sectionName = text(253, `^${label}(\\.${label})*$`);
export const objectName = text(253);
export const namespaceName = text(63, `^${label}$`);
export const groupName: JSONSchemaProps = { type: 'string', maxLength: 253, pattern: `^$|^${label}(\\.${label})*$` };
export const kindName = text(63, '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$');
export const portNumber = whole(1, 65_535);

export const conditions = listBy(
  ['type'],
  8,
  object(
    {
      type: text(316),
      status: oneOf('True', 'False', 'Unknown'),
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      lastTransitionTime: { type: 'string', format: 'date-time' },
      reason: text(1_024, '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$'),
      message: { type: 'string', maxLength: 32_768 },
    },
    ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  ),
);

const selectorRequirement = object(
  { key: { type: 'string' }, operator: { type: 'string' }, values: list(1_000, { type: 'string' }) },
  ['key', 'operator'],
);

export const labelSelector = object({
  matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
  matchExpressions: list(100, selectorRequirement),
});
