import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.js';
import type { Authorizer } from '../authorization/authorizer.js';
import { approvalEndpoints } from '../subresources/approval.js';
import { bindingEndpoint } from '../subresources/binding.js';
import { evictionEndpoint } from '../subresources/eviction.js';
import { finalizeEndpoint } from '../subresources/finalize.js';
import { partialPodEndpoints } from '../subresources/pod-parts.js';
import { scaleEndpoints } from '../subresources/scale.js';
import { tokenEndpoint } from '../subresources/token.js';
import type { Endpoint, EndpointDeps } from './endpoint.js';

export interface SubresourceDeps extends EndpointDeps {
  readonly caches: WatchCaches;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
}

type ByVerb = Readonly<Partial<Record<string, Endpoint>>>;

/** Every subresource that is more than a part of its object. */
export function subresourceEndpoints(deps: SubresourceDeps): ReadonlyMap<string, ByVerb> {
  const scale = scaleEndpoints(deps);
  return new Map<string, ByVerb>([
    ['apps/deployments/scale', scale],
    ['apps/replicasets/scale', scale],
    ['apps/statefulsets/scale', scale],
    ['/replicationcontrollers/scale', scale],
    ['*/scale', scale],
    ['/pods/binding', { create: bindingEndpoint(deps) }],
    ['/pods/eviction', { create: evictionEndpoint(deps) }],
    ['/pods/ephemeralcontainers', partialPodEndpoints(deps, 'ephemeralcontainers')],
    ['/pods/resize', partialPodEndpoints(deps, 'resize')],
    ['/namespaces/finalize', { update: finalizeEndpoint(deps) }],
    ['/serviceaccounts/token', { create: tokenEndpoint(deps) }],
    ['certificates.k8s.io/certificatesigningrequests/approval', approvalEndpoints(deps)],
  ]);
}

