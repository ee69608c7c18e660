import { ApiError } from '@geobuk/api';
import type { Node } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix } from '../resources/served-resource.js';

export interface KubeletAddress {
  readonly host: string;
  readonly port: number;
}

const preference = ['InternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS', 'ExternalIP'];
const defaultPort = 10250;

/** Where a node's kubelet listens, as the node itself reports it. @throws {ApiError} NotFound, ServiceUnavailable. */
export function kubeletAddress(caches: WatchCaches, name: string): KubeletAddress {
  const node = caches.cache(storePrefix('', 'nodes')).get({ name })?.object as Node | undefined;
  if (node === undefined) throw ApiError.notFound({ group: '', plural: 'nodes', kind: 'Node' }, name);
  const addresses = node.status?.addresses ?? [];
  const host = preference
    .map((wanted) => addresses.find(({ type }) => type === wanted)?.address)
    .find((address) => address !== undefined);
  if (host === undefined) throw ApiError.unavailable(`node ${name} has not reported an address yet`);
  return { host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultPort };
}
