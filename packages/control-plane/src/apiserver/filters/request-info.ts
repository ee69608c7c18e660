import fastifyPlugin from 'fastify-plugin';
import { parseFieldSelector } from '@geobuk/api';
import type { FastifyPluginAsync } from 'fastify';
import type { FieldRequirement } from '../authorization/authorizer.js';

export type RequestVerb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'post'
  | 'put'
  | 'head'
  | 'options';

/** What a path and a method mean. Follows: RequestInfo of the API server, checklist 1.1.1 to 1.1.6. */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  /** As authorization and audit name it. */
  readonly verb: RequestVerb;
  readonly group: string;
  readonly version: string;
  /** The plural name; '' for discovery and paths that are no resources. */
  readonly resource: string;
  readonly subresource: string;
  /** '' outside a namespace. */
  readonly namespace: string;
  readonly name: string;
  /** What follows the subresource, for proxies; begins with `/` when there is something. */
  readonly subpath: string;
  /** What a list, watch or deletecollection is narrowed to, where it is and can be read. */
  readonly fieldSelector?: readonly FieldRequirement[] | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    info: RequestInfo;
    search: URLSearchParams;
  }
}

const namespaceSubresources = new Set(['status', 'finalize']);
const verbs: Readonly<Record<string, RequestVerb>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const longRunning = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

/** Every value but `false` and `0` is true, also an empty one. */
export const isTrue = (value: string | null): boolean =>
  value !== null && value.toLowerCase() !== 'false' && value !== '0';

/** @param path without the query. @throws {URIError} a path that is badly percent-encoded. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const nonResource: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase() as RequestVerb,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    subpath: '',
  };
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return nonResource;
  const prefixLength = isCore ? 2 : 3;
  if (parts.length <= prefixLength) return nonResource;
  const group = isCore ? '' : parts[1]!;
  const version = isCore ? parts[1]! : parts[2]!;
  let rest = parts.slice(prefixLength);
  let verb = verbs[method] ?? (method.toLowerCase() as RequestVerb);
  if (rest[0] === 'watch' && rest.length > 1) {
    verb = 'watch';
    rest = rest.slice(1);
  }

  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1]!;
    if (rest.length > 2 && !namespaceSubresources.has(rest[2]!)) rest = rest.slice(2);
  }
  const [resource = '', name = '', subresource = '', ...subparts] = rest;
  if (verb === 'get' && name === '') verb = isTrue(query.get('watch')) ? 'watch' : 'list';
  else if (verb === 'get' && subresource === '' && isTrue(query.get('watch'))) verb = 'watch';
  else if (verb === 'delete' && name === '') verb = 'deletecollection';

  const info: RequestInfo = {
    isResource: true,
    path,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    subpath: subresource === 'proxy' ? proxyPath(path, subparts) : '',
  };
  if (name !== '' || (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection')) return info;
  const fieldSelector = selectedFields(query);
  if (fieldSelector === undefined) return info;
  // A list of one object is authorized as that object, so that `resourceNames` work for informers (1.1.6).
  const byName = fieldSelector.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
  return { ...info, fieldSelector, name: byName?.value ?? '' };
}

/** Keeps the encoding and the trailing slash of what stands behind `/proxy`. */
function proxyPath(path: string, subparts: readonly string[]): string {
  if (subparts.length === 0) return path.endsWith('/') ? '/' : '';
  let from = path.length;
  let wanted = subparts.length;
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  for (from = end; wanted > 0; wanted--) {
    from = path.lastIndexOf('/', from - 1);
    while (from > 0 && path[from - 1] === '/' && wanted > 1) from--;
  }
  return path.slice(from);
}

/** A selector that nobody can read is refused by the list itself, with its own text. */
function selectedFields(query: URLSearchParams): readonly FieldRequirement[] | undefined {
  const selector = query.get('fieldSelector');
  if (selector === null || selector === '') return undefined;
  try {
    return parseFieldSelector(selector);
  } catch {
    return undefined;
  }
}

/** Requests that may take as long as they like. */
export const isLongRunning = (info: RequestInfo): boolean =>
  info.isResource && (info.verb === 'watch' || longRunning.has(info.subresource));

/** Says what a request means, for all that follows. Follows: the request-info filter. */
export function requestInfo(): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.decorateRequest('info');
      server.decorateRequest('search');
      server.addHook('onRequest', async (request) => {
        const url = request.raw.url ?? '/';
        const mark = url.indexOf('?');
        request.search = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
        request.info = parseRequestInfo(request.method, mark < 0 ? url : url.slice(0, mark), request.search);
      });
    },
    { name: 'request-info' },
  );
}
