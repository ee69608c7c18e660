import type { EndpointSlice, Service } from '@geobuk/api';
import { isIP } from 'node:net';
import { canonicalAddress, dashed } from './addresses.js';

export interface NamedPort {
  readonly name: string;
  /** Lower case: `tcp`, `udp`, `sctp`. */
  readonly protocol: string;
  readonly port: number;
}

/** Addresses behind one host name of a headless Service. */
export interface HostEntry {
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
}

/** What a Service means to DNS. */
export type ServiceEntry =
  | {
      readonly kind: 'clusterIP';
      readonly addresses: readonly string[];
      readonly ports: readonly NamedPort[];
      readonly hasEndpoints: boolean;
    }
  | { readonly kind: 'headless'; readonly hosts: ReadonlyMap<string, HostEntry> }
  | { readonly kind: 'externalName'; readonly target: string };

const portsOf = (
  ports:
    | readonly {
        readonly name?: string | undefined;
        readonly protocol?: string | undefined;
        readonly port?: number | undefined;
      }[]
    | undefined,
): readonly NamedPort[] =>
  (ports ?? [])
    .filter(({ port }) => port !== undefined)
    .map(({ name = '', protocol = 'TCP', port = 0 }) => ({
      name: name.toLowerCase(),
      protocol: protocol.toLowerCase(),
      port,
    }));

/**
 * A Service and its slices as DNS sees them; undefined where there is nothing to answer. Pure.
 * Follows: DNS-Based Service Discovery 1.1.0, 2.3 to 2.5; an ExternalName that is an address is left out, as CoreDNS does.
 */
export function serviceEntry(service: Service, slices: readonly EndpointSlice[]): ServiceEntry | undefined {
  const { spec } = service;
  if (spec.type === 'ExternalName') {
    const target = (spec.externalName ?? '').replace(/\.$/, '');
    return target === '' || isIP(target) !== 0 ? undefined : { kind: 'externalName', target };
  }
  if (spec.clusterIP === 'None')
    return { kind: 'headless', hosts: headlessHosts(slices, spec.publishNotReadyAddresses === true) };
  const addresses = (spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])).filter(
    (address) => isIP(address) !== 0,
  );
  if (addresses.length === 0) return undefined; // not allocated yet
  const hasEndpoints = slices.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready !== false));
  return { kind: 'clusterIP', addresses: addresses.map(canonicalAddress), ports: portsOf(spec.ports), hasEndpoints };
}

function headlessHosts(slices: readonly EndpointSlice[], publishNotReady: boolean): ReadonlyMap<string, HostEntry> {
  const hosts = new Map<string, { addresses: Set<string>; ports: Map<string, NamedPort> }>();
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue;
    const ports = portsOf(slice.ports);
    for (const { addresses, conditions, hostname } of slice.endpoints ?? []) {
      if (conditions?.ready === false && !publishNotReady) continue;
      for (const address of addresses) {
        const name = (hostname === undefined || hostname === '' ? dashed(address) : hostname).toLowerCase();
        const host = hosts.get(name) ?? { addresses: new Set(), ports: new Map() };
        host.addresses.add(canonicalAddress(address));
        for (const port of ports) host.ports.set(`${port.name}/${port.protocol}/${port.port}`, port);
        hosts.set(name, host);
      }
    }
  }
  return new Map(
    [...hosts].map(([name, { addresses, ports }]) => [name, { addresses: [...addresses], ports: [...ports.values()] }]),
  );
}
