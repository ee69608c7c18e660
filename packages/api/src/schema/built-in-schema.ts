import { createRequire } from 'node:module';
import { fieldOf, isJsonObject } from '../json/json-value.js';
import { SchemaNode } from './schema-node.js';
import type { SchemaDialect } from './schema-node.js';
import type { Json, JsonObject } from '../json/json-value.js';
import type { Schema, SchemaKind } from './schema.js';

type Definitions = Readonly<Record<string, JsonObject>>;

let loaded: Definitions | undefined;

/** The generated definitions, parsed when the first of them is asked for: many processes never do. */
function definitions(): Definitions {
  loaded ??= createRequire(import.meta.url)('../generated/schemas.json') as Definitions;
  return loaded;
}

const prefix = '#/definitions/';
const byDefinition = new Map<string, Schema>();

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** Definitions that hold any JSON object although nothing in them says so. */
const openObjects = new Set([
  'io.k8s.apimachinery.pkg.runtime.RawExtension',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
]);

/** The built-in definition of a name such as `io.k8s.api.core.v1.PodSpec`, if there is one. */
export function schemaOfDefinition(name: string): Schema | undefined {
  const known = byDefinition.get(name);
  if (known !== undefined) return known;
  const source = fieldOf(definitions(), name);
  if (!isJsonObject(source)) return undefined;
  const described = openObjects.has(name) ? { ...source, ...open } : withKeyDefaults(name, scalarOf(name, source));
  const schema = new SchemaNode(described, builtIn, shortName(name));
  byDefinition.set(name, schema);
  return schema;
}

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

const open: JsonObject = { 'x-kubernetes-preserve-unknown-fields': true };

/** Defaults that tell list items apart: two ports that differ in the protocol only are two also when one leaves it out. */
const keyDefaults: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  'io.k8s.api.core.v1.ContainerPort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.ServicePort': { protocol: 'TCP' },
};

function withKeyDefaults(name: string, source: JsonObject): JsonObject {
  const defaults = keyDefaults[name];
  const properties = source['properties'];
  if (defaults === undefined || !isJsonObject(properties)) return source;
  const marked = Object.entries(defaults).map(([key, value]) => {
    const property = properties[key];
    return [key, { ...(isJsonObject(property) ? property : {}), default: value }];
  });
  return { ...source, properties: { ...properties, ...Object.fromEntries(marked) } };
}

const scalarOf = (name: string, source: JsonObject): JsonObject =>
  name === quantity ? { ...source, format: 'quantity' } : source;

const noFields: ReadonlyMap<string, Schema> = new Map();

/** The dialect of the generated table: `$ref` with marks beside it, closed objects, no declared defaults. */
const builtIn: SchemaDialect = {
  resolve(source) {
    const reference = source['$ref'];
    if (typeof reference !== 'string') return source;
    return schemaOfDefinition(reference.slice(prefix.length))?.source ?? {};
  },
  child(source) {
    const reference = source['$ref'];
    // A bare reference shares the schema of its definition, so recursion ends and memory stays small.
    if (typeof reference === 'string' && Object.keys(source).length === 1) {
      return schemaOfDefinition(reference.slice(prefix.length)) ?? new SchemaNode({}, builtIn);
    }
    return new SchemaNode(
      source,
      builtIn,
      typeof reference === 'string' ? shortName(reference.slice(prefix.length)) : undefined,
    );
  },
  implicitFields: () => noFields,
  kindOf,
  preservesUnknown: (resolved) => resolved['x-kubernetes-preserve-unknown-fields'] === true,
  defaultOf,
};

function kindOf(resolved: JsonObject): SchemaKind {
  switch (resolved['type']) {
    case 'object':
      return isJsonObject(resolved['additionalProperties']) ? 'map' : 'object';
    case 'array':
      return 'list';
    case 'string':
      if (resolved['format'] === 'int-or-string') return 'int-or-string';
      if (resolved['format'] === 'quantity') return 'quantity';
      return resolved['format'] === 'date-time' ? 'time' : 'string';
    case 'integer':
    case 'number':
    case 'boolean':
      return resolved['type'];
    default:
      return 'any';
  }
}

function defaultOf(source: JsonObject, resolved: JsonObject): Json | undefined {
  return fieldOf(source, 'default') ?? fieldOf(resolved, 'default');
}
