import { ApiError } from '@geobuk/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLongRunning } from '../filters/request-info.js';
import { requestSignal } from '../http/request-signal.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import { getEndpoint, listEndpoint } from './read-endpoints.js';
import { watchEndpoint } from './watch-endpoint.js';
import { createEndpoint, deleteCollectionEndpoint, deleteEndpoint, updateEndpoint } from './write-endpoints.js';
import { patchEndpoint } from './patch-endpoint.js';
import type { Subresources } from './subresources.js';
import type { Endpoint, EndpointDeps, ResourceRequest } from './endpoint.js';

/** Requests that are no watch end by themselves after so long (1.1.13). */
const requestTimeoutMs = 60_000;
const warningBytes = 4096;

/** Kinds of stable versions that are on their way out, in the words of Kubernetes. */
const deprecations: ReadonlyMap<string, string> = new Map([
  ['/componentstatuses', 'v1 ComponentStatus is deprecated in v1.19+'],
  ['/endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
]);

export interface RouterDeps extends EndpointDeps {
  readonly catalog: ResourceCatalog;
  readonly subresources: Subresources;
  /** By `group/plural`, for kinds that are no stored objects, such as reviews. */
  readonly virtual: ReadonlyMap<string, Endpoint>;
  /** Aborts when the server stops. */
  readonly signal: AbortSignal;
}

/** Finds what answers a request for a resource. */
export class ResourceRouter {
  readonly #deps: RouterDeps;
  readonly #verbs: Readonly<Record<string, Endpoint>>;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
    this.#verbs = {
      get: getEndpoint(deps),
      list: listEndpoint(deps),
      watch: watchEndpoint(deps),
      create: createEndpoint(deps),
      update: updateEndpoint(deps),
      patch: patchEndpoint(deps),
      delete: deleteEndpoint(deps),
      deletecollection: deleteCollectionEndpoint(deps),
    };
  }

  /** @throws {ApiError} NotFound, MethodNotAllowed, and what the endpoint throws. */
  async handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { info, user, search } = request;
    const resource = this.#deps.catalog.find(info.group, info.version, info.resource);
    if (resource === undefined) throw ApiError.noSuchResource();
    const { namespaced } = resource.type;
    if (!namespaced && info.namespace !== '' && info.resource !== 'namespaces') throw ApiError.noSuchResource();
    if (namespaced && info.namespace === '' && info.name !== '' && info.verb !== 'list' && info.verb !== 'watch') {
      throw ApiError.noSuchResource();
    }
    const endpoint = this.#endpointFor(request);
    const timeoutMs = isLongRunning(info) ? undefined : Math.min(requestTimeoutMs, timeoutOf(search));
    using life = requestSignal(request, this.#deps.signal, timeoutMs);
    const call: ResourceRequest = {
      request,
      reply,
      info,
      resource,
      user,
      search,
      signal: life.signal,
      warn: warnings(reply),
      annotate: request.audit === undefined ? undefined : (key, value) => request.audit?.annotate(key, value),
    };
    const deprecation = deprecations.get(`${resource.type.group}/${resource.type.plural}`);
    if (deprecation !== undefined && info.subresource === '') call.warn(deprecation);
    return await endpoint(call);
  }

  #endpointFor({ info }: FastifyRequest): Endpoint {
    const { catalog, subresources, virtual } = this.#deps;
    const resource = catalog.find(info.group, info.version, info.resource)!;
    const { type } = resource;
    const id = `${type.group}/${type.plural}`;
    if (info.subresource !== '') {
      const sub = type.subresources[info.subresource];
      if (sub === undefined) throw ApiError.noSuchResource();
      const own = subresources.of(resource, info.subresource);
      const endpoint = own === undefined ? this.#partOfObject(info.subresource, info.verb) : own[info.verb];
      if (endpoint === undefined) throw ApiError.methodNotAllowed();
      return endpoint;
    }
    if (!(type.verbs as readonly string[]).includes(info.verb)) throw ApiError.methodNotAllowed();
    return virtual.get(id) ?? this.#verbs[info.verb]!;
  }

  /** `status` and its like: the same object, of which only a part may change. */
  #partOfObject(subresource: string, verb: string): Endpoint | undefined {
    return subresource === 'status' && (verb === 'get' || verb === 'update' || verb === 'patch')
      ? this.#verbs[verb]
      : undefined;
  }
}

/** `?timeout=10s`; what cannot be read counts as absent. */
function timeoutOf(search: URLSearchParams): number {
  const given = search.get('timeout');
  const found = given === null ? null : /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(given);
  if (found === null) return Number.POSITIVE_INFINITY;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found[2] ?? 's'] ?? 1000;
  const ms = Number(found[1]) * unit;
  return ms > 0 ? ms : Number.POSITIVE_INFINITY;
}

/** Follows: checklist 1.11.6: `299 - "text"`, each once, up to 4 KiB in all. */
function warnings(reply: FastifyReply): (text: string) => void {
  const said: string[] = [];
  let bytes = 0;
  return (text) => {
    const header = `299 - "${text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, ' ')}"`;
    if (said.includes(header) || bytes + header.length > warningBytes) return;
    bytes += header.length;
    said.push(header);
    reply.header('warning', said);
  };
}
