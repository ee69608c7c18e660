import type { Endpoint, EndpointSlice, Service } from '@geobuk/api';
import { endpointSlices, namespaces, services } from '@geobuk/api';
import type { Informers } from '@geobuk/client';

/** One ready address of a headless Service. */
export interface NamedEndpoint {
  readonly hostname: string;
  readonly ip: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** What the zone needs to know of the cluster. */
export interface ClusterView {
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  /** Ready ones, each address once. */
  endpoints(service: Service): readonly NamedEndpoint[];
  servicesByIP(ip: string): readonly Service[];
  /** Headless Services' endpoints that have this address. */
  endpointsByIP(ip: string): readonly { readonly service: Service; readonly hostname: string }[];
  /** All that was there at the start has been read. */
  readonly isSynced: boolean;
}

const serviceNameLabel = 'kubernetes.io/service-name';

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === 'None';

/** From informers; also calls `changed` for every change that may change an answer. */
export function informerView(informers: Informers, changed: () => void): ClusterView {
  const serviceInformer = informers.of(services);
  const sliceInformer = informers.of(endpointSlices);
  const namespaceInformer = informers.of(namespaces);
  serviceInformer.addIndex('ip', ({ spec }) => (spec.clusterIPs ?? [spec.clusterIP ?? '']).map(canonicalIP));
  sliceInformer.addIndex('service', (slice) => [`${slice.metadata.namespace ?? ''}/${serviceNameOf(slice)}`]);
  sliceInformer.addIndex('ip', ({ endpoints = [] }) =>
    endpoints.flatMap(({ addresses }) => addresses.map(canonicalIP)),
  );
  for (const informer of [serviceInformer, sliceInformer, namespaceInformer]) informer.subscribe({ changed });

  const view: ClusterView = {
    hasNamespace: (name) => namespaceInformer.lister.get({ name }) !== undefined,
    service: (namespace, name) => serviceInformer.lister.get({ namespace, name }),
    endpoints: (service) => {
      const { namespace = '', name = '' } = service.metadata;
      return endpointsOf(service, sliceInformer.lister.byIndex('service', `${namespace}/${name}`));
    },
    servicesByIP: (ip) => serviceInformer.lister.byIndex('ip', ip),
    endpointsByIP: (ip) =>
      sliceInformer.lister.byIndex('ip', ip).flatMap((slice) => {
        const service = view.service(slice.metadata.namespace ?? '', serviceNameOf(slice));
        if (service === undefined || !isHeadless(service)) return [];
        const found = endpointsOf(service, [slice]).filter((endpoint) => canonicalIP(endpoint.ip) === ip);
        return found.map(({ hostname }) => ({ service, hostname }));
      }),
    get isSynced() {
      return serviceInformer.synced && sliceInformer.synced && namespaceInformer.synced;
    },
  };
  return view;
}

const serviceNameOf = ({ metadata }: EndpointSlice): string => metadata.labels?.[serviceNameLabel] ?? '';

/** Pure. Follows: DNS specification 2.4 (headless Services), CoreDNS for endpoints without a hostname. */
export function endpointsOf(service: Service, slices: readonly EndpointSlice[]): readonly NamedEndpoint[] {
  const found = new Map<string, NamedEndpoint>();
  const unready = service.spec.publishNotReadyAddresses === true;
  for (const { addressType, endpoints = [], ports = [] } of slices) {
    if (addressType === 'FQDN') continue;
    const named = ports.flatMap(({ name = '', protocol = 'TCP', port }) =>
      port === undefined ? [] : [{ name, protocol: protocol.toLowerCase(), port }],
    );
    for (const endpoint of endpoints) {
      if (endpoint.conditions?.ready === false && !unready) continue;
      for (const ip of endpoint.addresses) {
        const hostname = hostnameOf(endpoint, ip);
        found.set(`${hostname} ${ip}`, { hostname, ip, ports: named });
      }
    }
  }
  return [...found.values()];
}

const hostnameOf = ({ hostname }: Endpoint, ip: string): string =>
  hostname === undefined || hostname === '' ? ip.replaceAll(/[.:]/g, '-') : hostname.toLowerCase();

export const isIPv4 = (ip: string): boolean => !ip.includes(':');

/** One writing for each address; IPv6 has many. */
export function canonicalIP(ip: string): string {
  if (isIPv4(ip)) return ip;
  try {
    return new URL(`http://[${ip}]`).hostname.slice(1, -1);
  } catch {
    return ip;
  }
}
