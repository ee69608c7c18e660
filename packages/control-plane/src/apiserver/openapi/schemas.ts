import { schemaOfDefinition } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import { definitionOf } from './document.js';

export type Definition = Readonly<Record<string, unknown>>;

const refPrefix = '#/definitions/';

/** Patch bodies may be anything; the table of kinds does not need this one. */
const extra: Readonly<Record<string, Definition>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': { type: 'object' },
};

export const builtInDefinition = (name: string): Definition | undefined =>
  schemaOfDefinition(name)?.source ?? extra[name];

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
  // Without properties kubectl accepts anything (1.4.7).
  const own = isOpen && abridged ? { type: 'object', description: source['description'] } : source;
  const gvk = [{ group: type.group, version: type.version, kind: type.kind }];
  return {
    [name]: {
      ...own,
      ...(isOpen && abridged
        ? {}
        : {
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              ...(own['properties'] as object | undefined),
              metadata: { $ref: `${refPrefix}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` },
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
