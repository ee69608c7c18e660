import { ApiError } from '@geobuk/api';
import type { EndpointSlice, Pod, Service } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { RequestInfo } from '../filters/request-info.js';
import { storePrefix } from '../resources/served-resource.js';
import { kubeletAddress } from './kubelet-address.js';
import type { UpstreamTarget } from './upstream.js';

export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** `[scheme:]name[:port]`. @throws {ApiError} BadRequest. */
export function parseProxyName(text: string): ProxyName {
  const parts = text.split(':');
  const [first = '', second = '', third = ''] = parts;
  const scheme = (given: string): ProxyName['scheme'] => {
    if (given === '' || given === 'http') return 'http';
    if (given === 'https') return 'https';
    throw ApiError.badRequest(`invalid request: scheme ${JSON.stringify(given)} is not http or https`);
  };
  if (parts.length === 1) return { scheme: 'http', name: first, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: first, port: second };
  if (parts.length === 3) return { scheme: scheme(first), name: second, port: third };
  throw ApiError.badRequest(`invalid request: ${JSON.stringify(text)} is no [scheme:]name[:port]`);
}

/** Where a request below `/proxy` goes. @throws {ApiError} NotFound, BadRequest, ServiceUnavailable. Follows: checklist 1.14.7. */
export async function proxyTarget(
  caches: WatchCaches,
  info: RequestInfo,
  search: URLSearchParams,
  random: () => number,
  signal: AbortSignal,
): Promise<UpstreamTarget> {
  const query = search.toString();
  const path = `${info.subpath === '' ? '/' : info.subpath}${query === '' ? '' : `?${query}`}`;
  const asked = parseProxyName(info.name);
  switch (info.resource) {
    case 'nodes': {
      const address = kubeletAddress(caches, asked.name);
      return { scheme: 'https', host: address.host, port: asked.port === '' ? address.port : Number(asked.port), path };
    }
    case 'pods':
      return { ...podAddress(caches, info, asked), path };
    default:
      return { ...(await serviceAddress(caches, info, asked, random, signal)), path };
  }
}

function podAddress(caches: WatchCaches, { namespace }: RequestInfo, { scheme, name, port }: ProxyName) {
  const pod = caches.cache(storePrefix('', 'pods')).get({ namespace, name })?.object as Pod | undefined;
  if (pod === undefined) throw ApiError.notFound({ group: '', plural: 'pods', kind: 'Pod' }, name);
  const host = pod.status?.podIP;
  if (host === undefined || host === '') throw ApiError.unavailable(`pod ${name} has no address yet`);
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const found = port === '' ? ports[0]?.containerPort : ports.find((own) => own.name === port)?.containerPort;
  return { scheme, host, port: found ?? (port === '' ? 80 : numberOf(port)) };
}

function numberOf(port: string): number {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw ApiError.badRequest(`invalid port ${JSON.stringify(port)}`);
  return number;
}

/** A ready endpoint of a Service, at random: no cluster address is needed to reach it. @throws {ApiError} NotFound, ServiceUnavailable. */
export async function serviceAddress(
  caches: WatchCaches,
  { namespace }: Pick<RequestInfo, 'namespace'>,
  { scheme, name, port }: ProxyName,
  random: () => number,
  signal: AbortSignal,
) {
  const service = caches.cache(storePrefix('', 'services')).get({ namespace, name })?.object as Service | undefined;
  if (service === undefined) throw ApiError.notFound({ group: '', plural: 'services', kind: 'Service' }, name);
  const servicePorts = service.spec.ports ?? [];
  const wanted =
    port === '' ? servicePorts[0] : servicePorts.find((own) => own.name === port || String(own.port) === port);
  if (wanted === undefined)
    throw ApiError.unavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
  const { items } = await caches.cache(storePrefix('discovery.k8s.io', 'endpointslices')).list({
    namespace,
    signal,
    filter: ({ labels }) => labels['kubernetes.io/service-name'] === name,
  });
  const choices = items.flatMap(({ object }) => {
    const slice = object as EndpointSlice;
    const number = slice.ports?.find((own) => (own.name ?? '') === (wanted.name ?? ''))?.port;
    if (number === undefined) return [];
    return (slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.map((host) => ({ host, port: number })));
  });
  const chosen = choices[Math.floor(random() * choices.length)];
  if (chosen === undefined) throw ApiError.unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return { scheme, ...chosen };
}
