import { ApiError } from '@geobuk/api';
import { mediaTypeOf } from '../http/request-body.js';
import type { ServedResource } from '../resources/served-resource.js';
import { logEndpoint, proxyEndpoint } from '../proxying/proxy-endpoints.js';
import type { ProxyDeps } from '../proxying/proxy-endpoints.js';
import { endpointOf } from '../subresources/action.js';
import type { Actions } from '../subresources/actions.js';
import { partialPodEndpoints } from '../subresources/pod-parts.js';
import { patchScale } from '../subresources/scale.js';
import { getEndpoint } from './read-endpoints.js';
import type { Endpoint, EndpointDeps } from './endpoint.js';

type ByVerb = Readonly<Partial<Record<string, Endpoint>>>;

const allVerbs = (endpoint: Endpoint): ByVerb => ({
  get: endpoint,
  create: endpoint,
  update: endpoint,
  patch: endpoint,
  delete: endpoint,
  options: endpoint,
});

/** Plain requests cannot carry streams. */
const needsUpgrade: Endpoint = () => Promise.reject(ApiError.badRequest('Upgrade request required'));

export interface SubresourceDeps extends EndpointDeps {
  readonly actions: Actions;
  readonly proxy: ProxyDeps;
}

/** Every subresource that is more than a part of its object, behind HTTP. */
export class Subresources {
  readonly #deps: SubresourceDeps;
  readonly #special: ReadonlyMap<string, ByVerb>;

  constructor(deps: SubresourceDeps) {
    this.#deps = deps;
    this.#special = new Map<string, ByVerb>([
      ['/pods/ephemeralcontainers', partialPodEndpoints(deps, 'ephemeralcontainers')],
      ['/pods/resize', partialPodEndpoints(deps, 'resize')],
      ['/pods/log', { get: logEndpoint(deps.proxy) }],
      ['/pods/exec', { get: needsUpgrade, create: needsUpgrade }],
      ['/pods/attach', { get: needsUpgrade, create: needsUpgrade }],
      ['/pods/portforward', { get: needsUpgrade, create: needsUpgrade }],
      ...['nodes', 'pods', 'services'].map((plural): [string, ByVerb] => [
        `/${plural}/proxy`,
        allVerbs(proxyEndpoint(deps.proxy)),
      ]),
    ]);
  }

  /** By verb; undefined for a mere part of the object. */
  of(resource: ServedResource, name: string): ByVerb | undefined {
    const special = this.#special.get(`${resource.type.group}/${resource.type.plural}/${name}`);
    if (special !== undefined) return special;
    const actions = this.#deps.actions.of(resource, name);
    if (actions === undefined) return undefined;
    return {
      ...(name === 'approval' ? { get: getEndpoint(this.#deps) } : {}),
      ...Object.fromEntries(Object.entries(actions).map(([verb, action]) => [verb, endpointOf(action)])),
      ...(name === 'scale' ? { patch: this.#patchScale } : {}),
    };
  }

  readonly #patchScale: Endpoint = (call) =>
    endpointOf(patchScale(this.#deps, mediaTypeOf(call.request.headers['content-type'])))(call);
}
