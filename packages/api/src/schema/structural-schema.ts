import { fieldOf, isJsonObject } from '../json/json-value.js';
import { schemaOfDefinition } from './built-in-schema.js';
import { SchemaNode } from './schema-node.js';
import type { JsonObject } from '../json/json-value.js';
import type { SchemaDialect } from './schema-node.js';
import type { Schema, SchemaKind } from './schema.js';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Fields that every whole object has, whatever its author declared about them. */
function wholeObjectFields(): ReadonlyMap<string, Schema> {
  const metadata = schemaOfDefinition(objectMeta);
  const text = new SchemaNode({ type: 'string' }, structural);
  const fields = new Map<string, Schema>([
    ['apiVersion', text],
    ['kind', text],
  ]);
  if (metadata !== undefined) fields.set('metadata', metadata);
  return fields;
}

const noFields: ReadonlyMap<string, Schema> = new Map();

/** The dialect of `openAPIV3Schema` in a CustomResourceDefinition. */
const structural: SchemaDialect = {
  resolve: (source) => source,
  child: (source) => new SchemaNode(source, structural),
  implicitFields: (resolved) => (resolved['x-kubernetes-embedded-resource'] === true ? wholeObjectFields() : noFields),
  kindOf,
  preservesUnknown: (resolved) => resolved['x-kubernetes-preserve-unknown-fields'] === true,
  defaultOf: (source) => fieldOf(source, 'default'),
};

/**
 * The schema of a custom resource's version. The root is a whole object; nothing declared stands for any object.
 * Follows: structural schemas of apiextensions.k8s.io/v1.
 */
export function schemaOfStructural(openAPIV3Schema: JsonObject | undefined): Schema {
  const source: JsonObject = openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return new SchemaNode({ ...source, type: 'object', 'x-kubernetes-embedded-resource': true }, structural);
}

function kindOf(resolved: JsonObject): SchemaKind {
  if (resolved['x-kubernetes-int-or-string'] === true) return 'int-or-string';
  switch (resolved['type']) {
    case 'object':
      return resolved['additionalProperties'] !== undefined && !isJsonObject(resolved['properties'])
        ? mapOrOpen(resolved)
        : 'object';
    case 'array':
      return 'list';
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return resolved['type'];
    default:
      return 'any';
  }
}

/** `additionalProperties: false` declares nothing more; `true` or a schema make a map. */
const mapOrOpen = (resolved: JsonObject): SchemaKind => (resolved['additionalProperties'] === false ? 'object' : 'map');
