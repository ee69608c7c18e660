import type { Answer } from 'dns-packet';
import { addressOfDashed, addressOfReverse, canonicalAddress, inNetwork } from './addresses.js';
import type { HostEntry, NamedPort, ServiceEntry } from './service-entry.js';

export interface ClusterZoneConfig {
  /** Such as `cluster.local`. */
  readonly domain: string;
  readonly ttlSeconds: number;
  /** Where this server is reached inside the cluster. */
  readonly dnsAddress: string;
  readonly pods: 'disabled' | 'insecure' | 'verified';
  readonly ignoreEmptyService: boolean;
  /** Networks whose reverse names belong to the cluster. */
  readonly networks: readonly string[];
}

/** What the zone says of a question. */
export type ZoneAnswer =
  /** Not a name of this zone: somebody else's business. */
  | { readonly kind: 'outside' }
  /** The records; none of them: the name exists, the type does not (NODATA). */
  | { readonly kind: 'found'; readonly answers: readonly Answer[]; readonly additionals: readonly Answer[] }
  | { readonly kind: 'nxdomain' }
  /** Not all is known yet, so "no such name" would be a guess. */
  | { readonly kind: 'servfail' }
  /** The name is another one; the resolver follows it. */
  | { readonly kind: 'alias'; readonly answer: Answer; readonly target: string };

const nodata: ZoneAnswer = { kind: 'found', answers: [], additionals: [] };
const nxdomain: ZoneAnswer = { kind: 'nxdomain' };
/** CoreDNS' own: the schema version never changes while it runs. */
const versionTtlSeconds = 28_800;

/**
 * The cluster's names, in memory. Answers are worked out from maps by name, so that their cost does not grow with the cluster.
 * Follows: Kubernetes DNS-Based Service Discovery 1.1.0; where it is silent, CoreDNS' kubernetes plugin.
 */
export class ClusterZone {
  readonly #config: ClusterZoneConfig;
  readonly #zoneLabels: readonly string[];
  readonly #services = new Map<string, ServiceEntry>();
  readonly #namespaces = new Set<string>();
  /** Address → names, one for each Service that has it. */
  readonly #reverse = new Map<string, Map<string, string>>();
  /** Namespace → addresses of pods; kept only when pods are verified. */
  readonly #pods = new Map<string, Map<string, number>>();
  #synced = false;
  #version = 1;

  constructor(config: ClusterZoneConfig) {
    this.#config = config;
    this.#zoneLabels = config.domain.toLowerCase().split('.');
  }

  /** Grows with each change: answers kept from an older version are stale. */
  get version(): number {
    return this.#version;
  }

  get synced(): boolean {
    return this.#synced;
  }

  markSynced(): void {
    this.#synced = true;
    this.#version += 1;
  }

  setNamespace(name: string, exists: boolean): void {
    if (exists) this.#namespaces.add(name);
    else this.#namespaces.delete(name);
    this.#version += 1;
  }

  setService(namespace: string, name: string, entry: ServiceEntry | undefined): void {
    const key = `${namespace}/${name}`;
    this.#dropReverse(key);
    if (entry === undefined) this.#services.delete(key);
    else {
      this.#services.set(key, entry);
      this.#addReverse(key, namespace, name, entry);
    }
    this.#version += 1;
  }

  setPod(namespace: string, addresses: readonly string[], difference: 1 | -1): void {
    const known = this.#pods.get(namespace) ?? new Map<string, number>();
    for (const address of addresses.map(canonicalAddress)) {
      const count = (known.get(address) ?? 0) + difference;
      if (count > 0) known.set(address, count);
      else known.delete(address);
    }
    this.#pods.set(namespace, known);
    this.#version += 1;
  }

  /** @param name as asked, without a final dot. Answers keep its case. */
  resolve(name: string, type: string): ZoneAnswer {
    const labels = name.toLowerCase().split('.');
    if (this.#isReverse(labels)) return this.#resolveReverse(name, labels, type);
    const own = this.#relative(labels);
    if (own === undefined) return { kind: 'outside' };
    const answer = this.#resolveOwn(name, own, type);
    return answer.kind === 'nxdomain' && !this.#synced ? { kind: 'servfail' } : answer;
  }

  /** Goes with every negative answer. */
  soa(): Answer {
    const { domain, ttlSeconds } = this.#config;
    return {
      type: 'SOA',
      name: domain,
      ttl: ttlSeconds,
      data: {
        mname: `ns.dns.${domain}`,
        rname: `hostmaster.${domain}`,
        serial: this.#version,
        refresh: 7200,
        retry: 1800,
        expire: 86_400,
        minimum: ttlSeconds,
      },
    };
  }

  /** Labels in front of the zone's, or undefined for a name outside. */
  #relative(labels: readonly string[]): readonly string[] | undefined {
    const zone = this.#zoneLabels;
    const start = labels.length - zone.length;
    if (start < 0) return undefined;
    for (let i = 0; i < zone.length; i += 1) if (labels[start + i] !== zone[i]) return undefined;
    return labels.slice(0, start);
  }

  #resolveOwn(name: string, own: readonly string[], type: string): ZoneAnswer {
    if (own.length === 0) return this.#apex(name, type);
    const kind = own.at(-1);
    if (own.length === 1 && kind === 'dns-version') {
      if (type !== 'TXT') return nodata;
      return {
        kind: 'found',
        answers: [{ type: 'TXT', name, ttl: versionTtlSeconds, data: '1.1.0' }],
        additionals: [],
      };
    }
    if (own.length === 2 && own[0] === 'ns' && kind === 'dns')
      return this.#addresses(name, [this.#config.dnsAddress], type);
    if (kind !== 'svc' && kind !== 'pod') return own.length === 1 && kind === 'dns' ? nodata : nxdomain;
    if (own.length === 1) return nodata;
    const namespace = own.at(-2) ?? '';
    if (!this.#namespaces.has(namespace)) return nxdomain;
    const rest = own.slice(0, -2);
    if (rest.length === 0) return nodata;
    return kind === 'svc'
      ? this.#resolveService(name, namespace, rest, type)
      : this.#resolvePod(name, namespace, rest, type);
  }

  #apex(name: string, type: string): ZoneAnswer {
    const { domain, ttlSeconds } = this.#config;
    if (type === 'SOA') return { kind: 'found', answers: [{ ...this.soa(), name } as Answer], additionals: [] };
    if (type !== 'NS') return nodata;
    const server = `ns.dns.${domain}`;
    return {
      kind: 'found',
      answers: [{ type: 'NS', name, ttl: ttlSeconds, data: server }],
      additionals: [this.#address(server, this.#config.dnsAddress)],
    };
  }

  #resolveService(name: string, namespace: string, rest: readonly string[], type: string): ZoneAnswer {
    const service = rest.at(-1) ?? '';
    const entry = this.#services.get(`${namespace}/${service}`);
    if (entry === undefined) return nxdomain;
    if (entry.kind === 'externalName') {
      if (rest.length > 1) return nxdomain;
      return {
        kind: 'alias',
        answer: { type: 'CNAME', name, ttl: this.#config.ttlSeconds, data: entry.target },
        target: entry.target,
      };
    }
    if (entry.kind === 'clusterIP' && this.#config.ignoreEmptyService && !entry.hasEndpoints) return nxdomain;
    if (entry.kind === 'headless' && entry.hosts.size === 0) return nxdomain;
    const fullName = `${service}.${namespace}.svc.${this.#config.domain}`;
    if (rest.length === 1) {
      if (type === 'SRV') return this.#serviceRecords(name, targets(entry, fullName), () => true);
      return this.#addresses(
        name,
        entry.kind === 'clusterIP' ? entry.addresses : [...entry.hosts.values()].flatMap(({ addresses }) => addresses),
        type,
      );
    }
    if (rest.length === 2) {
      const host = entry.kind === 'headless' ? entry.hosts.get(rest[0] ?? '') : undefined;
      if (host === undefined) return nxdomain;
      if (type === 'SRV')
        return this.#serviceRecords(name, [{ target: `${rest[0] ?? ''}.${fullName}`, ...host }], () => true);
      return this.#addresses(name, host.addresses, type);
    }
    const [port = '', protocol = ''] = rest;
    if (rest.length !== 3 || !port.startsWith('_') || !protocol.startsWith('_')) return nxdomain;
    const matches = (candidate: NamedPort): boolean =>
      candidate.name !== '' && `_${candidate.name}` === port && `_${candidate.protocol}` === protocol;
    const found = targets(entry, fullName).filter(({ ports }) => ports.some(matches));
    if (found.length === 0) return nxdomain;
    return type === 'SRV' ? this.#serviceRecords(name, found, matches) : nodata;
  }

  #serviceRecords(name: string, found: readonly Target[], wanted: (port: NamedPort) => boolean): ZoneAnswer {
    const records = found.flatMap(({ target, ports }) =>
      ports.filter((port) => port.name !== '' && wanted(port)).map(({ port }) => ({ target, port })),
    );
    const weight = records.length === 0 ? 0 : Math.max(1, Math.floor(100 / records.length));
    return {
      kind: 'found',
      answers: records.map(({ target, port }) => ({
        type: 'SRV',
        name,
        ttl: this.#config.ttlSeconds,
        data: { priority: 0, weight, port, target },
      })),
      additionals:
        records.length === 0
          ? []
          : found.flatMap(({ target, addresses }) => addresses.map((address) => this.#address(target, address))),
    };
  }

  #resolvePod(name: string, namespace: string, rest: readonly string[], type: string): ZoneAnswer {
    const { pods } = this.#config;
    const address = rest.length === 1 ? addressOfDashed(rest[0] ?? '') : undefined;
    if (pods === 'disabled' || address === undefined) return nxdomain;
    if (pods === 'verified' && !this.#pods.get(namespace)?.has(canonicalAddress(address))) return nxdomain;
    return this.#addresses(name, [address], type);
  }

  #isReverse(labels: readonly string[]): boolean {
    const last = labels.at(-2);
    return labels.at(-1) === 'arpa' && (last === 'in-addr' || last === 'ip6');
  }

  #resolveReverse(name: string, labels: readonly string[], type: string): ZoneAnswer {
    const address = addressOfReverse(labels);
    if (address === undefined) return { kind: 'outside' };
    const names = this.#reverse.get(address);
    if (names !== undefined && names.size > 0) {
      if (type !== 'PTR') return nodata;
      return {
        kind: 'found',
        answers: [...new Set(names.values())].map((data) => ({
          type: 'PTR',
          name,
          ttl: this.#config.ttlSeconds,
          data,
        })),
        additionals: [],
      };
    }
    if (!this.#config.networks.some((network) => inNetwork(address, network))) return { kind: 'outside' };
    return this.#synced ? nxdomain : { kind: 'servfail' };
  }

  #addresses(name: string, addresses: readonly string[], type: string): ZoneAnswer {
    if (type !== 'A' && type !== 'AAAA') return nodata;
    const matching = addresses.filter((address) => address.includes(':') === (type === 'AAAA'));
    return { kind: 'found', answers: matching.map((address) => this.#address(name, address)), additionals: [] };
  }

  #address(name: string, address: string): Answer {
    return { type: address.includes(':') ? 'AAAA' : 'A', name, ttl: this.#config.ttlSeconds, data: address };
  }

  #addReverse(key: string, namespace: string, name: string, entry: ServiceEntry): void {
    const fullName = `${name}.${namespace}.svc.${this.#config.domain}`;
    const add = (address: string, owner: string, target: string): void => {
      const names = this.#reverse.get(address) ?? new Map<string, string>();
      names.set(owner, target);
      this.#reverse.set(address, names);
    };
    if (entry.kind === 'clusterIP') for (const address of entry.addresses) add(address, key, fullName);
    if (entry.kind === 'headless') {
      for (const [host, { addresses }] of entry.hosts)
        for (const address of addresses) add(address, key, `${host}.${fullName}`);
    }
  }

  #dropReverse(key: string): void {
    const entry = this.#services.get(key);
    if (entry === undefined || entry.kind === 'externalName') return;
    const addresses =
      entry.kind === 'clusterIP' ? entry.addresses : [...entry.hosts.values()].flatMap((host) => host.addresses);
    for (const address of addresses) {
      const names = this.#reverse.get(address);
      names?.delete(key);
      if (names?.size === 0) this.#reverse.delete(address);
    }
  }
}

interface Target extends HostEntry {
  readonly target: string;
}

const targets = (entry: Exclude<ServiceEntry, { kind: 'externalName' }>, fullName: string): readonly Target[] =>
  entry.kind === 'clusterIP'
    ? [{ target: fullName, addresses: entry.addresses, ports: entry.ports }]
    : [...entry.hosts].map(([host, value]) => ({ target: `${host}.${fullName}`, ...value }));
