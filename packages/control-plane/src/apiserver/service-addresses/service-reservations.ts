import { ApiError } from '@geobuk/api';
import type { FieldError, KubernetesObject, Service } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { nothingReserved } from '../registry/reservations.js';
import type { Reservation, Reservations } from '../registry/reservations.js';
import type { WriteOptions } from '../registry/write-options.js';
import { storePrefix } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import { IpRange } from './ip-range.js';

const firstNodePort = 30_000;
const lastNodePort = 32_767;

export interface ServiceReservationsDeps {
  readonly caches: WatchCaches;
  readonly serviceCIDR: string;
  random(): number;
}

type Spec = Service['spec'];
type Port = NonNullable<Spec['ports']>[number];

/**
 * Cluster addresses and node ports. What Services hold is read from their cache; what writes in flight have taken is
 * kept beside it until they end, so two writes can never get the same.
 * Differs: there are no IPAddress objects behind it. Follows: service allocation of the API server.
 */
export class ServiceReservations implements Reservations {
  readonly #deps: ServiceReservationsDeps;
  readonly #range: IpRange;
  /** Taken by writes in flight. */
  readonly #inFlight = new Set<string>();
  /** What each Service holds, by key, kept with the cache. */
  readonly #held = new Map<string, readonly string[]>();
  readonly #owners = new Map<string, string>();

  constructor(deps: ServiceReservationsDeps) {
    this.#deps = deps;
    this.#range = new IpRange(deps.serviceCIDR);
  }

  /** Follows the Services until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const cache = this.#deps.caches.cache(storePrefix('', 'services'));
    while (!signal.aborted) {
      this.#held.clear();
      this.#owners.clear();
      for await (const items of cache.watch({ after: 'existing', signal })) {
        for (const item of items) {
          if (item.type === 'BOOKMARK') continue;
          this.#note(item.current.key, item.type === 'DELETED' ? undefined : (item.current.object as Service));
        }
      }
    }
  }

  #note(key: string, service: Service | undefined): void {
    for (const claim of this.#held.get(key) ?? []) if (this.#owners.get(claim) === key) this.#owners.delete(claim);
    this.#held.delete(key);
    if (service === undefined) return;
    const claims = claimsOf(service);
    this.#held.set(key, claims);
    for (const claim of claims) this.#owners.set(claim, key);
  }

  async forCreate(resource: ServedResource, object: KubernetesObject, options: WriteOptions): Promise<Reservation> {
    if (!isService(resource) || !hasSpec(object)) return nothingReserved(object);
    return this.#reserve(object as Service, undefined, options);
  }

  async forUpdate(
    resource: ServedResource,
    object: KubernetesObject,
    old: KubernetesObject,
    options: WriteOptions,
  ): Promise<Reservation> {
    const isPart = (options.subresource ?? '') !== '';
    if (!isService(resource) || isPart || !hasSpec(object)) return nothingReserved(object);
    return this.#reserve(object as Service, old as Service, options);
  }

  released(_resource: ServedResource, _object: KubernetesObject): void {
    // The cache tells it: what a Service held is free once its deletion has been seen.
  }

  #reserve(service: Service, old: Service | undefined, { dryRun }: WriteOptions): Reservation {
    const taken: string[] = [];
    const own = new Set(old === undefined ? [] : claimsOf(old));
    const isFree = (claim: string): boolean =>
      own.has(claim) || (!this.#owners.has(claim) && !this.#inFlight.has(claim));
    const take = (claim: string): void => {
      if (own.has(claim)) return;
      this.#inFlight.add(claim);
      taken.push(claim);
    };
    const giveBack = (): void => {
      for (const claim of taken) this.#inFlight.delete(claim);
    };
    try {
      const addressed = this.#withAddress(service, old, isFree, take);
      const complete = this.#withPorts(addressed, old, isFree, take);
      return {
        object: complete as KubernetesObject,
        // The cache will say the same; but the claims must pass on before they are given back.
        keep: () => {
          if (dryRun !== true) this.#noteNow(complete);
        },
        [Symbol.dispose]: giveBack,
      };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  #noteNow(service: Service): void {
    const { namespace = '', name = '' } = service.metadata;
    this.#note(`${storePrefix('', 'services')}${namespace}/${name}`, service);
  }

  #withAddress(
    service: Service,
    old: Service | undefined,
    isFree: (claim: string) => boolean,
    take: (claim: string) => void,
  ): Service {
    const { spec } = service;
    if (spec.type === 'ExternalName') {
      const { clusterIP: _ip, clusterIPs: _ips, ipFamilies: _families, ipFamilyPolicy: _policy, ...rest } = spec;
      return { ...service, spec: rest };
    }
    const wanted =
      emptyToAbsent(spec.clusterIP) ??
      spec.clusterIPs?.[0] ??
      (old?.spec.type === 'ExternalName' ? undefined : old?.spec.clusterIP);
    const before = old?.spec.clusterIP;
    if (before !== undefined && before !== '' && wanted !== before && old?.spec.type !== 'ExternalName') {
      throw invalidService(service, {
        field: 'spec.clusterIPs[0]',
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify([wanted])}: may not change once set`,
      });
    }
    if (wanted === 'None') return withFamilies(service, 'None');
    let address = wanted;
    if (address === undefined) {
      address = this.#freeAddress(isFree);
      if (address === undefined) throw ApiError.internal('failed to allocate a serviceIP: range is full');
    } else if (!this.#range.contains(address)) {
      throw invalidService(service, {
        field: 'spec.clusterIPs',
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#range.cidr}`,
      });
    } else if (!isFree(ipClaim(address))) {
      throw invalidService(service, {
        field: 'spec.clusterIPs',
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: provided IP is already allocated`,
      });
    }
    take(ipClaim(address));
    return withFamilies(service, address);
  }

  /** From a random place on; the lower part of the range is left to those who ask for an address by name. */
  #freeAddress(isFree: (claim: string) => boolean): string | undefined {
    const { size } = this.#range;
    const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256, Math.floor(size / 2));
    const upper = size - 1 - reserved;
    const start = Math.floor(this.#deps.random() * upper);
    for (let i = 0; i < upper; i++) {
      const address = this.#range.at(reserved + ((start + i) % upper));
      if (isFree(ipClaim(address))) return address;
    }
    for (let index = 1; index < reserved; index++) {
      const address = this.#range.at(index);
      if (isFree(ipClaim(address))) return address;
    }
    return undefined;
  }

  #withPorts(
    service: Service,
    old: Service | undefined,
    isFree: (claim: string) => boolean,
    take: (claim: string) => void,
  ): Service {
    const { spec } = service;
    const wantsPorts =
      spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
    if (!wantsPorts) {
      if (spec.type === 'LoadBalancer' || old === undefined || old.spec.type === spec.type) return service;
      const ports = spec.ports?.map(({ nodePort: _nodePort, ...port }) => port);
      return ports === undefined ? service : { ...service, spec: { ...spec, ports } };
    }
    const mine = new Set<string>();
    const before = old?.spec.ports ?? [];
    const ports = (spec.ports ?? []).map((port, index): Port => {
      const wanted =
        port.nodePort ??
        before.find((own) => own.port === port.port && own.protocol === port.protocol && own.name === port.name)
          ?.nodePort;
      let nodePort = wanted === 0 ? undefined : wanted;
      const claimOf = (number: number) => portClaim(port.protocol, number);
      const field = `spec.ports[${index}].nodePort`;
      if (nodePort === undefined) {
        nodePort = this.#freePort((number) => isFree(claimOf(number)) && !mine.has(claimOf(number)));
        if (nodePort === undefined) throw ApiError.internal('failed to allocate a nodePort: range is full');
      } else if (nodePort < firstNodePort || nodePort > lastNodePort) {
        const message = `Invalid value: ${nodePort}: provided port is not in the valid range. The range of valid ports is ${firstNodePort}-${lastNodePort}`;
        throw invalidService(service, { field, reason: 'FieldValueInvalid', message });
      } else if (!isFree(claimOf(nodePort)) || mine.has(claimOf(nodePort))) {
        throw invalidService(service, {
          field,
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${nodePort}: provided port is already allocated`,
        });
      }
      mine.add(claimOf(nodePort));
      take(claimOf(nodePort));
      return { ...port, nodePort };
    });
    return { ...service, spec: { ...spec, ports } };
  }

  #freePort(isFree: (port: number) => boolean): number | undefined {
    const count = lastNodePort - firstNodePort + 1;
    const start = Math.floor(this.#deps.random() * count);
    for (let i = 0; i < count; i++) {
      const port = firstNodePort + ((start + i) % count);
      if (isFree(port)) return port;
    }
    return undefined;
  }
}

const isService = ({ type }: ServedResource): boolean => type.group === '' && type.plural === 'services';
/** Validation refuses what has none. */
const hasSpec = (object: KubernetesObject): boolean => (object as Partial<Service>).spec !== undefined;
const ipClaim = (address: string): string => `ip ${address}`;
const portClaim = (protocol: string | undefined, port: number): string => `${protocol ?? 'TCP'} ${port}`;
const emptyToAbsent = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function claimsOf({ spec }: Service): readonly string[] {
  const claims: string[] = [];
  if (spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None')
    claims.push(ipClaim(spec.clusterIP));
  for (const { nodePort, protocol } of spec.ports ?? [])
    if (nodePort !== undefined && nodePort !== 0) claims.push(portClaim(protocol, nodePort));
  return claims;
}

const withFamilies = (service: Service, address: string): Service => ({
  ...service,
  spec: {
    ...service.spec,
    clusterIP: address,
    clusterIPs: [address],
    ipFamilies: service.spec.ipFamilies ?? ['IPv4'],
    ipFamilyPolicy: service.spec.ipFamilyPolicy ?? 'SingleStack',
  },
});

const invalidService = ({ metadata }: Service, error: FieldError): ApiError =>
  ApiError.invalid({ group: '', plural: 'services', kind: 'Service' }, metadata.name ?? '', [error]);
