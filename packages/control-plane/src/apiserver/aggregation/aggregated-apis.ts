import { ApiError, apiServices, endpointSlices, isNotFound, services } from '@geobuk/api';
import type { APIService, KubernetesObject, Service } from '@geobuk/api';
import { allSettledOrThrow, deadline, systemClock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { apiServerUser } from '../bootstrap/bootstrap.js';
import type { User } from '../authentication/user.js';
import type { AggregatedGroups, AggregatedVersion, ApiResource } from '../discovery/aggregated-groups.js';
import { serviceAddress } from '../proxying/proxy-target.js';
import { callUpstream } from '../proxying/upstream.js';
import type { UpstreamTarget, UpstreamTrust } from '../proxying/upstream.js';
import { timestamp } from '../registry/metadata.js';
import type { Registry } from '../registry/registry.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { ServedResource } from '../resources/served-resource.js';
import { readDescription } from './aggregated-description.js';
import type { AggregatedDescription } from './aggregated-description.js';
import { local, passed, statusWith } from './api-service-availability.js';
import type { Availability } from './api-service-availability.js';
import { automanaged, localApiServices } from './local-api-services.js';
import { withUserHeaders } from './user-headers.js';

/** Between two looks at a server nobody tells us about; nothing announces that it stopped answering. */
const checkEveryMs = 30_000;
const checkAgainMs = 2000;
const probeMs = 5000;
const discoveryBytes = 4 * 1024 * 1024;
const aggregator: User = { name: 'system:kube-aggregator', groups: ['system:masters', 'system:authenticated'] };

export interface AggregatedApisDeps {
  readonly caches: WatchCaches;
  readonly catalog: ResourceCatalog;
  readonly registry: Registry;
  /** How this server shows itself to those behind it. */
  readonly frontProxy: { readonly keyPem: string; readonly certPem: string };
  readonly log: Logger;
  now(): number;
  random(): number;
}

/** Where a request for an aggregated API goes. */
export interface AggregatedTarget {
  readonly target: UpstreamTarget;
  readonly trust: UpstreamTrust;
}

interface Entry {
  apiService: APIService;
  availability: Availability | undefined;
  resources: readonly ApiResource[];
  description: AggregatedDescription | undefined;
}

/**
 * APIs that other servers answer, found by APIService objects. Says where they are, whether they answer, and what they
 * serve. Follows: kube-aggregator with its availability and autoregister controllers, checklist 3.5.
 */
export class AggregatedApis implements AggregatedGroups {
  readonly #deps: AggregatedApisDeps;
  readonly #resource: ServedResource;
  readonly #entries = new Map<string, Entry>();
  readonly #due = new Map<string, number>();
  #generation = 0;
  #wake = (): void => undefined;

  constructor(deps: AggregatedApisDeps) {
    this.#deps = deps;
    this.#resource = deps.catalog.of(apiServices);
  }

  /** Grows when another group is served, or one is served otherwise. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether another server answers for this group and version. */
  serves(group: string, version: string): boolean {
    return this.#entries.get(`${version}.${group}`)?.apiService.spec.service !== undefined;
  }

  /** In order of priority. */
  versions(): readonly AggregatedVersion[] {
    return [...this.#entries.values()]
      .filter(({ apiService }) => apiService.spec.service !== undefined)
      .map(({ apiService: { spec }, availability, resources }) => ({
        group: spec.group ?? '',
        version: spec.version ?? '',
        groupPriority: spec.groupPriorityMinimum,
        versionPriority: spec.versionPriority,
        isFresh: availability?.isAvailable === true,
        resources,
      }))
      .sort((a, b) => b.groupPriority - a.groupPriority || b.versionPriority - a.versionPriority);
  }

  /** What the servers that answer say about their objects' form, by `apis/<group>/<version>`. */
  descriptions(): ReadonlyMap<string, AggregatedDescription> {
    const found = new Map<string, AggregatedDescription>();
    for (const { apiService, availability, description } of this.#entries.values()) {
      if (apiService.spec.service === undefined || availability?.isAvailable !== true) continue;
      if (description !== undefined) found.set(`apis/${apiService.spec.group}/${apiService.spec.version}`, description);
    }
    return found;
  }

  /** @throws {ApiError} ServiceUnavailable: it is known not to answer, or has no endpoint. */
  async target(group: string, version: string, path: string, signal: AbortSignal): Promise<AggregatedTarget> {
    const entry = this.#entries.get(`${version}.${group}`);
    if (entry?.availability?.isAvailable !== true) {
      throw ApiError.unavailable(entry?.availability?.message ?? 'service unavailable');
    }
    return this.#resolve(entry.apiService, path, signal);
  }

  async #resolve({ spec }: APIService, path: string, signal: AbortSignal): Promise<AggregatedTarget> {
    const { caches, random, frontProxy } = this.#deps;
    const { namespace = '', name = '', port = 443 } = spec.service ?? {};
    const { host, port: number } = await serviceAddress(
      caches,
      { namespace },
      { scheme: 'https', name, port: String(port) },
      random,
      signal,
    );
    return {
      target: { scheme: 'https', host, port: number, path },
      trust: {
        caPem:
          spec.insecureSkipTLSVerify === true
            ? 'any'
            : spec.caBundle === undefined
              ? undefined
              : Buffer.from(spec.caBundle, 'base64').toString(),
        keyPem: frontProxy.keyPem,
        certPem: frontProxy.certPem,
        serverName: `${name}.${namespace}.svc`,
      },
    };
  }

  /** Follows APIServices and what stands behind them until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await allSettledOrThrow([
      this.#followApiServices(signal),
      this.#followServices(signal),
      this.#followEndpoints(signal),
      this.#keepLocal(signal),
      this.#check(signal),
    ]);
  }

  async #followApiServices(signal: AbortSignal): Promise<void> {
    const cache = this.#deps.caches.cache(this.#resource.prefix);
    while (!signal.aborted) {
      this.#entries.clear();
      for await (const items of cache.watch({ after: 'existing', signal })) {
        for (const item of items) {
          if (item.type === 'BOOKMARK') continue;
          const { name } = item.current;
          if (item.type === 'DELETED') {
            this.#entries.delete(name);
            this.#generation++;
            continue;
          }
          const apiService = item.current.object as APIService;
          const present = this.#entries.get(name);
          if (present === undefined || !sameSpec(present.apiService, apiService)) {
            this.#entries.set(name, {
              apiService,
              availability: undefined,
              resources: present?.resources ?? [],
              description: present?.description,
            });
            this.#generation++;
            this.#ask(name);
          } else present.apiService = apiService;
        }
      }
    }
  }

  #ask(name: string, afterMs = 0): void {
    const at = this.#deps.now() + afterMs;
    this.#due.set(name, Math.min(at, this.#due.get(name) ?? at));
    this.#wake();
  }

  #changed(namespace: string | undefined, serviceName: string | undefined): void {
    for (const [name, { apiService }] of this.#entries) {
      const { service } = apiService.spec;
      if (service !== undefined && service.namespace === namespace && service.name === serviceName) this.#ask(name);
    }
  }

  async #followServices(signal: AbortSignal): Promise<void> {
    const cache = this.#deps.caches.cache(this.#deps.catalog.of(services).prefix);
    while (!signal.aborted) {
      for await (const items of cache.watch({ after: 'existing', signal })) {
        for (const item of items)
          if (item.type !== 'BOOKMARK') this.#changed(item.current.namespace, item.current.name);
      }
    }
  }

  async #followEndpoints(signal: AbortSignal): Promise<void> {
    const cache = this.#deps.caches.cache(this.#deps.catalog.of(endpointSlices).prefix);
    while (!signal.aborted) {
      for await (const items of cache.watch({ after: 'existing', signal })) {
        for (const item of items) {
          if (item.type === 'BOOKMARK') continue;
          this.#changed(item.current.namespace, item.current.labels['kubernetes.io/service-name']);
        }
      }
    }
  }

  /** Registers what this server answers itself, also what definitions add and take away. */
  async #keepLocal(signal: AbortSignal): Promise<void> {
    const { catalog, caches, registry } = this.#deps;
    const options = { user: apiServerUser, signal, unchecked: true };
    let wake = (): void => undefined;
    using _listening = catalog.onChange(() => wake());
    signal.addEventListener('abort', () => wake(), { once: true });
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      const wanted = localApiServices(catalog);
      const cache = caches.cache(this.#resource.prefix);
      for (const [name, object] of wanted) {
        if (cache.get({ name }) !== undefined) continue;
        const status = statusWith({}, local, timestamp(this.#deps.now()));
        const whole = { ...object, status } as unknown as KubernetesObject;
        try {
          await registry.create(this.#resource, undefined, whole, options);
        } catch (error) {
          if (!(error instanceof ApiError && error.status.reason === 'AlreadyExists')) throw error;
        }
      }
      const { items } = await cache.list({ signal });
      for (const { name, labels } of items) {
        if (labels[automanaged] !== 'true' || wanted.has(name)) continue;
        await registry
          .delete(this.#resource, { name }, { ...options, propagationPolicy: undefined })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
      }
      await changed;
    }
  }

  /** Looks at each server when something about it changed, and now and then. */
  async #check(signal: AbortSignal): Promise<void> {
    const { now } = this.#deps;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const due = [...this.#due].filter(([, at]) => at <= now()).map(([name]) => name);
      for (const name of due) this.#due.delete(name);
      await Promise.all(due.map((name) => this.#settle(name, signal)));
      const next = Math.min(...this.#due.values());
      using _timer = Number.isFinite(next) ? systemClock.timer(next - now(), () => this.#wake()) : undefined;
      await woken;
    }
  }

  async #settle(name: string, signal: AbortSignal): Promise<void> {
    const { registry, now, log } = this.#deps;
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    const found = await this.#examine(entry, signal);
    if (signal.aborted) return;
    if (entry.availability?.isAvailable !== found.isAvailable) {
      this.#generation++;
      if (entry.apiService.spec.service !== undefined)
        log.info({ apiService: name, reason: found.reason }, found.isAvailable ? 'API available' : 'API unavailable');
    }
    entry.availability = found;
    if (entry.apiService.spec.service !== undefined) this.#ask(name, found.isAvailable ? checkEveryMs : checkAgainMs);
    try {
      await registry.update(
        this.#resource,
        { name },
        (current) => {
          if (current === undefined) throw ApiError.notFound(this.#resource.type, name);
          const status = statusWith(current as APIService, found, timestamp(now()));
          if (status === (current as APIService).status) return current;
          const metadata = { ...current.metadata, resourceVersion: undefined };
          return { ...current, metadata, status } as KubernetesObject;
        },
        { user: apiServerUser, signal, subresource: 'status', unchecked: true },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #examine(entry: Entry, signal: AbortSignal): Promise<Availability> {
    const { spec } = entry.apiService;
    const { service } = spec;
    if (service === undefined) return local;
    const { caches, catalog } = this.#deps;
    const { namespace = '', name = '', port = 443 } = service;
    const found = caches.cache(catalog.of(services).prefix).get({ namespace, name })?.object as Service | undefined;
    if (found === undefined) {
      return {
        isAvailable: false,
        reason: 'ServiceNotFound',
        message: `service/${name} in ${JSON.stringify(namespace)} is not present`,
      };
    }
    if (found.spec.ports?.some((own) => own.port === port) !== true) {
      const message = `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${port}`;
      return { isAvailable: false, reason: 'ServiceAccessError', message };
    }
    const path = `/apis/${spec.group}/${spec.version}`;
    let resolved: AggregatedTarget;
    try {
      resolved = await this.#resolve(entry.apiService, path, signal);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const portName = found.spec.ports.find((own) => own.port === port)?.name ?? '';
      const message = `endpoints for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(portName)}`;
      return { isAvailable: false, reason: 'MissingEndpoints', message };
    }
    try {
      const resources = await this.#discover(resolved, signal);
      if (JSON.stringify(resources) !== JSON.stringify(entry.resources)) {
        entry.resources = resources;
        this.#generation++;
      }
      const description = await readDescription(
        { ...resolved, headers: withUserHeaders({ accept: 'application/json' }, aggregator) },
        { group: spec.group ?? '', version: spec.version ?? '' },
        entry.description,
        signal,
      );
      if (description !== entry.description) {
        entry.description = description;
        this.#generation++;
      }
      return passed;
    } catch (error) {
      if (signal.aborted) throw error;
      const { host, port: number } = resolved.target;
      const message = `failing or missing response from https://${host}:${number}${path}: ${(error as Error).message}`;
      return { isAvailable: false, reason: 'FailedDiscoveryCheck', message };
    }
  }

  /** The resource list is both the sign of life and what discovery needs. */
  async #discover({ target, trust }: AggregatedTarget, signal: AbortSignal): Promise<readonly ApiResource[]> {
    using limit = deadline(signal, probeMs);
    const headers = withUserHeaders({ accept: 'application/json' }, aggregator);
    const response = await callUpstream(target, { method: 'GET', headers, trust, signal: limit.signal });
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      if ((bytes += piece.length) > discoveryBytes) throw new Error('the answer is too long');
    }
    if (response.statusCode !== 200) throw new Error(`bad status from ${target.path}: ${response.statusCode}`);
    const { resources } = JSON.parse(Buffer.concat(pieces).toString()) as {
      readonly resources?: readonly ApiResource[];
    };
    return Array.isArray(resources) ? (resources as readonly ApiResource[]) : [];
  }
}

const sameSpec = (a: APIService, b: APIService): boolean =>
  a.metadata.uid === b.metadata.uid && JSON.stringify(a.spec) === JSON.stringify(b.spec);
