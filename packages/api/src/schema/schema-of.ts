import { schemaOfDefinition } from './built-in-schema.js';
import type { ResourceType } from '../resource-type.js';
import type { Schema } from './schema.js';

/**
 * The schema of a built-in resource's objects. Custom resources have theirs from {@link schemaOfStructural}.
 * @throws {TypeError} a type that a CRD brought.
 */
export function schemaOf(type: Pick<ResourceType, 'definition' | 'kind'>): Schema {
  const schema = type.definition === undefined ? undefined : schemaOfDefinition(type.definition);
  if (schema === undefined) throw new TypeError(`${type.kind} has no built-in schema`);
  return schema;
}
