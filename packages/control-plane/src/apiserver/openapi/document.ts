import type { ResourceType } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';

/** The two editions of OpenAPI differ in where things stand; this is what differs. */
export interface Dialect {
  ref(definition: string): object;
  parameter(name: string, location: 'query' | 'path', type: string): object;
  body(
    definition: string | undefined,
    mediaTypes: readonly string[],
  ): { readonly parameters: readonly object[]; readonly requestBody?: object };
  responses(definition: string | undefined, codes: readonly number[]): object;
}

interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly action: string;
  readonly codes: readonly number[];
  readonly query: readonly string[];
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const listQuery = [
  'allowWatchBookmarks:boolean',
  'continue:string',
  'fieldSelector:string',
  'labelSelector:string',
  'limit:integer',
  'resourceVersion:string',
  'resourceVersionMatch:string',
  'sendInitialEvents:boolean',
  'timeoutSeconds:integer',
  'watch:boolean',
];
const writeQuery = ['dryRun:string', 'fieldManager:string', 'fieldValidation:string'];
const deleteQuery = [
  'dryRun:string',
  'gracePeriodSeconds:integer',
  'orphanDependents:boolean',
  'propagationPolicy:string',
];

const operations: Readonly<Record<string, Operation>> = {
  list: { method: 'get', action: 'list', codes: [200], query: listQuery },
  create: { method: 'post', action: 'post', codes: [200, 201, 202], query: writeQuery },
  deletecollection: {
    method: 'delete',
    action: 'deletecollection',
    codes: [200],
    query: [...listQuery, ...deleteQuery],
  },
  get: { method: 'get', action: 'get', codes: [200], query: [] },
  update: { method: 'put', action: 'put', codes: [200, 201], query: writeQuery },
  patch: { method: 'patch', action: 'patch', codes: [200, 201], query: [...writeQuery, 'force:boolean'] },
  delete: { method: 'delete', action: 'delete', codes: [200, 202], query: deleteQuery },
};

/** The name of a resource's schema; custom kinds get one by their group, reversed. Follows: checklist 1.4.6. */
export function definitionOf({ type }: Pick<ServedResource, 'type'>): string {
  if (type.definition !== undefined) return type.definition;
  return `${type.group.split('.').reverse().join('.')}.${type.version}.${type.kind}`;
}

/** The paths of one resource. Every write lists its options, since kubectl looks for them (1.4.5). */
export function pathsOf(resource: ServedResource, dialect: Dialect): Readonly<Record<string, object>> {
  const { type } = resource;
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const collection = type.namespaced ? `${root}/namespaces/{namespace}/${type.plural}` : `${root}/${type.plural}`;
  const item = `${collection}/{name}`;
  const definition = definitionOf(resource);
  const paths: Record<string, object> = {};
  const add = (
    path: string,
    verbs: readonly string[],
    names: readonly string[],
    schema: string,
    of: ResourceType | { readonly group: string; readonly version: string; readonly kind: string },
  ) => {
    const found = names.filter((verb) => verbs.includes(verb));
    if (found.length === 0) return;
    const entry: Record<string, unknown> = {
      parameters: [
        ...parametersIn(path).map((name) => dialect.parameter(name, 'path', 'string')),
        dialect.parameter('pretty', 'query', 'string'),
      ],
    };
    for (const verb of found)
      entry[operations[verb]!.method] = operationOf(operations[verb]!, resource, schema, of, path, dialect);
    paths[path] = entry;
  };
  add(collection, type.verbs, ['list', 'create', 'deletecollection'], definition, type);
  if (type.namespaced) add(`${root}/${type.plural}`, type.verbs, ['list'], definition, type);
  add(item, type.verbs, ['get', 'update', 'patch', 'delete'], definition, type);
  for (const [name, sub] of Object.entries(type.subresources)) {
    const schema = sub.kind === type.kind ? definition : (foreignDefinitions[sub.kind] ?? definition);
    add(`${item}/${name}`, sub.verbs, ['get', 'create', 'update', 'patch', 'delete'], schema, sub);
  }
  return paths;
}

const foreignDefinitions: Readonly<Record<string, string>> = {
  Scale: 'io.k8s.api.autoscaling.v1.Scale',
  Eviction: 'io.k8s.api.policy.v1.Eviction',
  Binding: 'io.k8s.api.core.v1.Binding',
  TokenRequest: 'io.k8s.api.authentication.v1.TokenRequest',
};

const parametersIn = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name!)
    .sort()
    .reverse();

function operationOf(
  { action, codes, query, method }: Operation,
  { type, custom, listKind }: ServedResource,
  definition: string,
  of: { readonly group: string; readonly version: string; readonly kind: string },
  path: string,
  dialect: Dialect,
): object {
  const isList = action === 'list';
  const shown = isList ? definition.replace(new RegExp(`${type.kind}$`), listKind) : definition;
  const types =
    method === 'patch' ? patchTypes.filter((name) => custom === undefined || !name.includes('strategic')) : ['*/*'];
  const bodyOf =
    method === 'patch'
      ? 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'
      : method === 'delete'
        ? 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'
        : definition;
  const { parameters = [], requestBody } = method === 'get' ? { parameters: [] } : dialect.body(bodyOf, types);
  const answer =
    action === 'deletecollection' || action === 'delete' ? 'io.k8s.apimachinery.pkg.apis.meta.v1.Status' : shown;
  return {
    operationId: operationId(action, path, of.kind),
    parameters: [
      ...parameters,
      ...query.map((text) => {
        const [name, kind] = text.split(':') as [string, string];
        return dialect.parameter(name, 'query', kind);
      }),
    ],
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: dialect.responses(answer, codes),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: of.group, version: of.version, kind: of.kind },
  };
}

const operationId = (action: string, path: string, kind: string): string =>
  `${action}${kind}${path.replaceAll(/[^A-Za-z0-9]+(.)?/g, (_all, next: string | undefined) => (next ?? '').toUpperCase())}`;
