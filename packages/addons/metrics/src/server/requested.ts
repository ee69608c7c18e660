import { ApiError } from '@geobuk/api';
import type { Attributes } from './authorization.js';

/** What a path asks for. */
export type Requested =
  | { readonly kind: 'health'; readonly check: 'live' | 'ready' }
  | { readonly kind: 'discovery'; readonly document: 'groups' | 'group' | 'resources' }
  | { readonly kind: 'prometheus' }
  | {
      readonly kind: 'metrics' | 'history';
      readonly resource: 'nodes' | 'pods';
      readonly namespace: string | undefined;
      readonly name: string | undefined;
    };

const health: Readonly<Record<string, 'live' | 'ready'>> = { '/healthz': 'live', '/livez': 'live', '/readyz': 'ready' };
const documents: Readonly<Record<string, 'groups' | 'group' | 'resources'>> = {
  '/apis': 'groups',
  '/apis/metrics.k8s.io': 'group',
  '/apis/metrics.k8s.io/v1beta1': 'resources',
};
const api = '/apis/metrics.k8s.io/v1beta1/';

/** @throws {ApiError} NotFound: no such path; BadRequest: not to be decoded. */
export function parseRequested(pathname: string): Requested {
  const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  const check = health[path];
  if (check !== undefined) return { kind: 'health', check };
  const document = documents[path];
  if (document !== undefined) return { kind: 'discovery', document };
  if (path === '/metrics') return { kind: 'prometheus' };
  // Behind the API server's aggregation only paths of the API arrive, and with the name of who asks.
  for (const [prefix, kind] of [
    [`${api}history/`, 'history'],
    ['/history/', 'history'],
    [api, 'metrics'],
  ] as const) {
    if (path.startsWith(prefix)) return { kind, ...resourceIn(path.slice(prefix.length)) };
  }
  throw ApiError.noSuchResource();
}

function resourceIn(path: string): Omit<Extract<Requested, { readonly kind: 'metrics' | 'history' }>, 'kind'> {
  const [first = '', second, third, fourth, ...rest] = path.split('/').map(decoded);
  if (first === 'nodes' && third === undefined) return { resource: 'nodes', namespace: undefined, name: second };
  if (first === 'pods' && second === undefined) return { resource: 'pods', namespace: undefined, name: undefined };
  if (first === 'namespaces' && third === 'pods' && rest.length === 0)
    return { resource: 'pods', namespace: second, name: fourth };
  throw ApiError.noSuchResource();
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw ApiError.badRequest(`the path cannot be decoded: ${part}`, { cause: error });
  }
}

/** What somebody must be allowed to; history is guarded like the numbers of which it consists. */
export function attributesOf(requested: Requested, path: string): Attributes {
  if (requested.kind !== 'metrics' && requested.kind !== 'history')
    return { nonResourceAttributes: { path, verb: 'get' } };
  const { resource, namespace, name } = requested;
  return {
    resourceAttributes: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      resource,
      verb: name === undefined ? 'list' : 'get',
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
    },
  };
}
