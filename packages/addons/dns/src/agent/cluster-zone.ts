import { isIP } from 'node:net';
import type { Service } from '@geobuk/api';
import type { ClusterView, NamedEndpoint } from './cluster-view.js';
import { canonicalIP, isHeadless, isIPv4 } from './cluster-view.js';
import type { Answer, RecordType, ResourceRecord } from './resource-record.js';
import { typeNumbers } from './resource-record.js';
import { addressOfReverseName } from './reverse-name.js';

export interface ClusterZoneOptions {
  /** Such as `cluster.local`; lower case. */
  readonly domain: string;
  readonly dnsAddress: string;
  readonly ttlSeconds: number;
  readonly pods: 'insecure' | 'disabled';
}

export type ZoneAnswer =
  | Answer
  /** An alias; whoever asks wants to know where it leads. */
  | { readonly alias: string; readonly record: ResourceRecord }
  /** Nothing is known yet; saying "no such name" now would be remembered by clients. */
  | 'not synced'
  /** Not a name of this zone. */
  | undefined;

const versionTtlSeconds = 28_800;

/**
 * What the cluster's own names mean.
 * Follows: Kubernetes DNS-Based Service Discovery 1.1.0; CoreDNS' kubernetes plugin where that is silent (pod names, SOA,
 * NODATA of `svc.<domain>`).
 */
export class ClusterZone {
  readonly #options: ClusterZoneOptions;
  readonly #view: ClusterView;
  /** Changes of the cluster, as the zone's serial number. */
  #serial = 1;

  constructor(options: ClusterZoneOptions, view: ClusterView) {
    this.#options = options;
    this.#view = view;
  }

  changed(): void {
    this.#serial = (this.#serial + 1) >>> 0;
  }

  /** @param name lower case, without the last dot. */
  lookUp(name: string, type: number): ZoneAnswer {
    const { domain } = this.#options;
    if (name === domain) return this.#apex(type);
    if (name.endsWith(`.${domain}`)) {
      const answer = this.#below(name, name.slice(0, -domain.length - 1).split('.'), type);
      // What is known may be said at any time; what is not known may be only because it is not read yet.
      return this.#view.isSynced || (typeof answer === 'object' && !isDenial(answer)) ? answer : 'not synced';
    }
    const address = addressOfReverseName(name);
    return address === undefined ? undefined : this.#reverse(address, type);
  }

  #apex(type: number): Answer {
    const { domain, ttlSeconds } = this.#options;
    if (type === typeNumbers.SOA) return this.#found([{ ...this.#soa(), owner: undefined }]);
    if (type === typeNumbers.NS)
      return this.#found(
        [{ type: 'NS', ttlSeconds, data: `ns.dns.${domain}` }],
        this.#addresses([this.#options.dnsAddress], `ns.dns.${domain}`),
      );
    return this.#noData();
  }

  #below(name: string, labels: readonly string[], type: number): ZoneAnswer {
    const kind = labels.at(-1);
    const rest = labels.slice(0, -1);
    if (kind === 'svc') return this.#inServices(rest, type);
    if (kind === 'pod') return this.#inPods(rest, type);
    const { domain, dnsAddress } = this.#options;
    if (name === `dns-version.${domain}`)
      return this.#ofType([{ type: 'TXT', ttlSeconds: versionTtlSeconds, data: '1.1.0' }], type);
    if (name === `ns.dns.${domain}`) return this.#ofType(this.#addresses([dnsAddress]), type);
    if (name === `dns.${domain}`) return this.#noData();
    return this.#noName();
  }

  #inServices(labels: readonly string[], type: number): ZoneAnswer {
    const namespace = labels.at(-1);
    if (namespace === undefined) return this.#noData();
    if (!this.#view.hasNamespace(namespace)) return this.#noName();
    const serviceName = labels.at(-2);
    if (serviceName === undefined) return this.#noData();
    const service = this.#view.service(namespace, serviceName);
    if (service === undefined) return this.#noName();
    const left = labels.slice(0, -2);
    if (service.spec.type === 'ExternalName') return left.length === 0 ? this.#external(service) : this.#noName();
    return isHeadless(service) ? this.#headless(service, left, type) : this.#clusterIP(service, left, type);
  }

  #external({ spec }: Service): ZoneAnswer {
    const target = (spec.externalName ?? '').toLowerCase().replace(/\.$/, '');
    if (target === '' || isIP(target) !== 0) return this.#noName();
    return { alias: target, record: { type: 'CNAME', ttlSeconds: this.#options.ttlSeconds, data: target } };
  }

  #clusterIP(service: Service, left: readonly string[], type: number): Answer {
    const { spec } = service;
    const addresses = spec.clusterIPs ?? [spec.clusterIP ?? ''];
    const target = this.#nameOf(service);
    const wanted = portFilter(left);
    if (wanted === undefined) return this.#noName();
    const named = (spec.ports ?? []).filter(
      ({ name, protocol = 'TCP' }) => (name ?? '') !== '' && wanted(name ?? '', protocol.toLowerCase()),
    );
    if (left.length > 0 && named.length === 0) return this.#noName();
    if (type === typeNumbers.SRV) {
      const ports = left.length > 0 ? named : (spec.ports ?? []);
      const weight = weightOf(ports.length);
      return this.#found(
        ports.map(({ port }) => this.#srv(weight, port, target)),
        ports.length === 0 ? [] : this.#addresses(addresses, target),
      );
    }
    return left.length > 0 ? this.#noData() : this.#ofType(this.#addresses(addresses), type);
  }

  #headless(service: Service, left: readonly string[], type: number): Answer {
    const endpoints = this.#view.endpoints(service);
    const [hostname = ''] = left;
    if (left.length === 1 && !hostname.startsWith('_')) {
      const chosen = endpoints.filter((endpoint) => endpoint.hostname === hostname);
      if (chosen.length === 0) return this.#noName();
      return type === typeNumbers.SRV
        ? this.#srvOfEndpoints(service, chosen, () => true)
        : this.#ofType(this.#addresses(chosen.map(({ ip }) => ip)), type);
    }
    const wanted = portFilter(left);
    if (wanted === undefined || endpoints.length === 0) return this.#noName();
    const filter = (name: string, protocol: string): boolean =>
      (left.length === 0 || name !== '') && wanted(name, protocol);
    if (left.length > 0 && !endpoints.some(({ ports }) => ports.some((port) => filter(port.name, port.protocol))))
      return this.#noName();
    if (type === typeNumbers.SRV) return this.#srvOfEndpoints(service, endpoints, filter);
    return left.length > 0 ? this.#noData() : this.#ofType(this.#addresses(endpoints.map(({ ip }) => ip)), type);
  }

  #srvOfEndpoints(
    service: Service,
    endpoints: readonly NamedEndpoint[],
    filter: (name: string, protocol: string) => boolean,
  ): Answer {
    const targets = new Set(endpoints.map(({ hostname }) => hostname));
    const weight = weightOf(targets.size);
    const records = new Map<string, ResourceRecord>();
    for (const { hostname, ports } of endpoints) {
      const target = `${hostname}.${this.#nameOf(service)}`;
      for (const { name, protocol, port } of ports)
        if (filter(name, protocol)) records.set(`${target} ${port}`, this.#srv(weight, port, target));
    }
    const additional = endpoints.flatMap(({ hostname, ip }) =>
      this.#addresses([ip], `${hostname}.${this.#nameOf(service)}`),
    );
    return this.#found([...records.values()], records.size === 0 ? [] : additional);
  }

  #inPods(labels: readonly string[], type: number): Answer {
    const namespace = labels.at(-1);
    if (namespace === undefined) return this.#options.pods === 'disabled' ? this.#noName() : this.#noData();
    if (this.#options.pods === 'disabled' || !this.#view.hasNamespace(namespace)) return this.#noName();
    if (labels.length === 1) return this.#noData();
    const [dashed = ''] = labels;
    const ip = [dashed.replaceAll('-', '.'), dashed.replaceAll('-', ':')].find((text) => isIP(text) !== 0);
    if (labels.length > 2 || ip === undefined) return this.#noName();
    return this.#ofType(this.#addresses([ip]), type);
  }

  /** An address that is not the cluster's is somebody else's to name. */
  #reverse(address: string, type: number): ZoneAnswer {
    const { ttlSeconds } = this.#options;
    const names = new Set([
      ...this.#view.servicesByIP(address).map((service) => this.#nameOf(service)),
      ...this.#view.endpointsByIP(address).map(({ service, hostname }) => `${hostname}.${this.#nameOf(service)}`),
    ]);
    if (names.size === 0) return this.#view.isSynced ? undefined : 'not synced';
    return this.#ofType(
      [...names].map((data) => ({ type: 'PTR', ttlSeconds, data })),
      type,
    );
  }

  #nameOf({ metadata }: Service): string {
    return `${metadata.name ?? ''}.${metadata.namespace ?? ''}.svc.${this.#options.domain}`;
  }

  #addresses(ips: readonly string[], owner?: string): readonly ResourceRecord[] {
    const { ttlSeconds } = this.#options;
    return [...new Set(ips.filter((ip) => ip !== '').map(canonicalIP))].map((data) => ({
      owner,
      type: isIPv4(data) ? 'A' : 'AAAA',
      ttlSeconds,
      data,
    }));
  }

  #srv(weight: number, port: number, target: string): ResourceRecord {
    return { type: 'SRV', ttlSeconds: this.#options.ttlSeconds, data: { priority: 0, weight, port, target } };
  }

  #soa(): ResourceRecord {
    const { domain, ttlSeconds } = this.#options;
    const data = {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: this.#serial,
      refresh: 7_200,
      retry: 1_800,
      expire: 86_400,
      minimum: ttlSeconds,
    };
    return { owner: domain, type: 'SOA', ttlSeconds, data };
  }

  #ofType(records: readonly ResourceRecord[], type: number): Answer {
    const fitting = records.filter((record) => typeNumbers[record.type as RecordType] === type);
    return fitting.length === 0 ? this.#noData() : this.#found(fitting);
  }

  #found(answers: readonly ResourceRecord[], additional: readonly ResourceRecord[] = []): Answer {
    if (answers.length === 0) return this.#noData();
    return { rcode: 'NOERROR', answers, authority: [], additional };
  }

  #noData(): Answer {
    return { rcode: 'NOERROR', answers: [], authority: [this.#soa()], additional: [] };
  }

  #noName(): Answer {
    return { rcode: 'NXDOMAIN', answers: [], authority: [this.#soa()], additional: [] };
  }
}

const isDenial = (answer: Exclude<ZoneAnswer, string | undefined>): boolean =>
  'rcode' in answer && answer.answers.length === 0;

const weightOf = (targets: number): number => Math.max(1, Math.floor(100 / Math.max(1, targets)));

/** `_port._protocol` before a Service's name; undefined for anything else. No labels: every port. */
function portFilter(labels: readonly string[]): ((name: string, protocol: string) => boolean) | undefined {
  if (labels.length === 0) return () => true;
  const [port = '', protocol = ''] = labels;
  if (labels.length !== 2 || !port.startsWith('_') || !protocol.startsWith('_')) return undefined;
  return (name, of) => `_${name.toLowerCase()}` === port && `_${of}` === protocol;
}
