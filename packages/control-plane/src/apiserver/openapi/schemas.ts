import { described, schemaOfDefinition } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import { definitionOf } from './document.js';

export type Definition = Readonly<Record<string, unknown>>;

const refPrefix = '#/definitions/';

/** What every custom object has. */
const words = {
  apiVersion: 'The group and version that the object is written in.',
  kind: 'What the object is.',
  metadata: 'What every object has: its name, labels, owners and more.',
} as const;

/** Patch bodies may be anything; the table of kinds does not need this one. */
const extra: Readonly<Record<string, Definition>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': { type: 'object' },
};

const inWords = new Map<string, Definition>();

/** A definition of the table with descriptions; made once. */
export function builtInDefinition(name: string): Definition | undefined {
  let found = inWords.get(name);
  if (found !== undefined) return found;
  const source = schemaOfDefinition(name)?.source;
  if (source === undefined) return extra[name];
  found = described(name, source);
  inWords.set(name, found);
  return found;
}

/**
 * OpenAPI v3 takes no notice of what stands beside a reference, so a described one becomes a choice of one.
 * Gives the very value back where there is none.
 */
export function withReferencesAlone(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferencesAlone);
  if (!isDefinition(value)) return value;
  if (typeof value['$ref'] === 'string') {
    const { $ref, ...beside } = value;
    return Object.keys(beside).length === 0 ? value : { ...beside, allOf: [{ $ref }] };
  }
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, withReferencesAlone(child)]));
}

/** The schemas of custom kinds, of their lists too. */
export function customDefinitions(resource: ServedResource, abridged: boolean): Readonly<Record<string, Definition>> {
  const { custom, type, listKind } = resource;
  if (custom === undefined) return {};
  const name = definitionOf(resource);
  const source = (custom.schemaSource ?? {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  }) as Definition;
  const isOpen = source['x-kubernetes-preserve-unknown-fields'] === true;
  const own = abridged ? abridgedSchema(source) : source;
  const gvk = [{ group: type.group, version: type.version, kind: type.kind }];
  return {
    [name]: {
      ...own,
      ...(isOpen && abridged
        ? {}
        : {
            properties: {
              apiVersion: { type: 'string', description: words.apiVersion },
              kind: { type: 'string', description: words.kind },
              ...(own['properties'] as object | undefined),
              metadata: {
                description: words.metadata,
                $ref: `${refPrefix}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`,
              },
            },
          }),
      'x-kubernetes-group-version-kind': gvk,
    },
    [name.replace(new RegExp(`${type.kind}$`), listKind)]: {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { $ref: `${refPrefix}io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta` },
        items: { type: 'array', items: { $ref: refPrefix + name } },
      },
      'x-kubernetes-group-version-kind': [{ ...gvk[0], kind: listKind }],
    },
  };
}

/** Where OpenAPI v2 knows no word for a rule, a client that checked the rest of it would refuse what is right. */
const unknownToV2 = ['oneOf', 'anyOf', 'allOf', 'not', 'nullable', 'default'];

/**
 * A custom schema as OpenAPI v2 can say it: whatever may be something else than one type is left open, so that
 * clients accept it (1.4.7). Follows: the structural schemas that apiextensions publishes.
 */
export function abridgedSchema(source: Definition): Definition {
  const { properties, items, additionalProperties, ...rest } = source;
  const own: Record<string, unknown> = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !unknownToV2.includes(name)),
  );
  if (source['x-kubernetes-int-or-string'] === true || source['nullable'] === true) delete own['type'];
  if (source['x-kubernetes-preserve-unknown-fields'] === true || source['nullable'] === true) return own;
  if (isDefinition(properties)) {
    own['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, isDefinition(child) ? abridgedSchema(child) : child]),
    );
  }
  if (isDefinition(items)) own['items'] = abridgedSchema(items);
  if (additionalProperties !== undefined) {
    own['additionalProperties'] = isDefinition(additionalProperties)
      ? abridgedSchema(additionalProperties)
      : additionalProperties;
  }
  return own;
}

const isDefinition = (value: unknown): value is Definition =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All definitions that `roots` reach, themselves included. */
export function closureOf(
  roots: Iterable<string>,
  own: Readonly<Record<string, Definition>>,
): Readonly<Record<string, Definition>> {
  const found: Record<string, Definition> = {};
  const open = [...roots];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found[name] !== undefined) continue;
    const definition = own[name] ?? builtInDefinition(name);
    if (definition === undefined) continue;
    found[name] = definition;
    collectRefs(definition, open);
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function collectRefs(value: unknown, into: string[]): void {
  if (Array.isArray(value)) for (const item of value) collectRefs(item, into);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      if (key === '$ref' && typeof child === 'string') into.push(child.slice(child.lastIndexOf('/') + 1));
      else collectRefs(child, into);
    }
  }
}
