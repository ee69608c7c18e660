import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.js';
import type { Authorizer } from '../authorization/authorizer.js';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import type { ServedResource } from '../resources/served-resource.js';
import type { Action } from './action.js';
import { approveRequest } from './approval.js';
import { bindPod } from './binding.js';
import { evictPod } from './eviction.js';
import { finalizeNamespace } from './finalize.js';
import { readScale, updateScale } from './scale.js';
import { requestToken } from './token.js';

export interface ActionDeps extends EndpointDeps {
  readonly caches: WatchCaches;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
}

type ByVerb = Readonly<Partial<Record<'get' | 'create' | 'update', Action>>>;

/** Every subresource that does something of its own, by `group/plural/subresource`; `*` stands for any resource. */
export class Actions {
  readonly #byId: ReadonlyMap<string, ByVerb>;

  constructor(deps: ActionDeps) {
    const scale = { get: readScale(deps), update: updateScale(deps) };
    this.#byId = new Map<string, ByVerb>([
      ['*/scale', scale],
      ['/pods/binding', { create: bindPod(deps) }],
      ['/pods/eviction', { create: evictPod(deps) }],
      ['/namespaces/finalize', { update: finalizeNamespace(deps) }],
      ['/serviceaccounts/token', { create: requestToken(deps) }],
      ['certificates.k8s.io/certificatesigningrequests/approval', { update: approveRequest(deps) }],
    ]);
  }

  /** What a resource's subresource does, by verb; undefined for a mere part of the object. */
  of({ type }: ServedResource, subresource: string): ByVerb | undefined {
    return this.#byId.get(`${type.group}/${type.plural}/${subresource}`) ?? this.#byId.get(`*/${subresource}`);
  }
}
