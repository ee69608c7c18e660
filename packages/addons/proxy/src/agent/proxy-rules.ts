import type { EndpointSlice, Node, ObjectKey, Service } from '@geobuk/api';
import { endpointSlices, formatKey, keyOf, nodes, parseKey, services } from '@geobuk/api';
import type { Nft, NftTable } from '@geobuk/addon-sdk';
import { deleteNftTable, diffNftRuleset, replaceNftTable } from '@geobuk/addon-sdk';
import type { Controller, Informers, Lister, ReconcileContext, ReconcileResult, WatchSource } from '@geobuk/client';
import { mapped } from '@geobuk/client';
import type { BaseRulesetOptions } from './base-ruleset.js';
import type { Conntrack } from './conntrack.js';
import type { HealthCheck, HealthCheckPorts } from './health-check-ports.js';
import { ProxyRuleset } from './proxy-ruleset.js';
import type { Place, ServicePortModel } from './service-port.js';
import { servicePorts } from './service-port.js';
import type { ServiceRules } from './service-ruleset.js';
import { serviceRuleset } from './service-ruleset.js';
import type { StaleFlows } from './stale-flows.js';
import { staleFlows } from './stale-flows.js';

export interface ProxyRulesDeps {
  readonly nodeName: string;
  /** Of the cluster. */
  readonly podCIDR: string;
  readonly informers: Informers;
  readonly nft: Nft;
  readonly conntrack: Conntrack;
  readonly healthPorts: Pick<HealthCheckPorts, 'set'>;
  readonly table: NftTable;
  readonly base: Omit<BaseRulesetOptions, 'nodePodCIDR'>;
}

const serviceNameLabel = 'kubernetes.io/service-name';
/** Anybody may flush the kernel's tables, and nobody is told. */
const lookAgainMs = 30_000;

/**
 * Keeps this node's table equal to what Services and EndpointSlices say. One key: whatever changed since the last pass
 * goes into one transaction.
 */
export class ProxyRules implements Controller<'rules'> {
  readonly name = 'proxy-rules';
  readonly watches: readonly WatchSource<'rules'>[];
  readonly concurrency = 1;
  readonly #deps: ProxyRulesDeps;
  readonly #services: Lister<Service>;
  readonly #slices: Lister<EndpointSlice>;
  readonly #nodes: Lister<Node>;
  /** Services that changed since the last pass; a hint only: a pass that fails starts from everything. */
  #changed = new Set<string>();
  #ruleset = new ProxyRuleset();
  #ports = new Map<string, readonly ServicePortModel[]>();
  /** What the kernel's table was made with; undefined when it must be made anew. */
  #base: string | undefined;
  #lookedAt = 0;
  #synced = false;

  constructor(deps: ProxyRulesDeps) {
    this.#deps = deps;
    this.#services = deps.informers.of(services).lister;
    const slices = deps.informers.of(endpointSlices);
    slices.addIndex('service', (slice) => [serviceOf(slice)]);
    this.#slices = slices.lister;
    this.#nodes = deps.informers.of(nodes).lister;
    const touch = (id: string): readonly ['rules'] => {
      this.#changed.add(id);
      return ['rules'];
    };
    this.watches = [
      mapped(services, (now, before) => touch(formatKey(keyOf((now ?? before) as Service)))),
      mapped(endpointSlices, (now, before) => touch(serviceOf((now ?? before) as EndpointSlice))),
      mapped(nodes, (now) => (now?.metadata.name === deps.nodeName ? ['rules'] : [])),
    ];
  }

  /** undefined once the kernel holds all rules. */
  get waitingFor(): string | undefined {
    return this.#synced ? undefined : 'the rules are not in place yet';
  }

  async reconcile(_key: 'rules', { signal, log, trace }: ReconcileContext): Promise<ReconcileResult> {
    const base = this.#baseOptions();
    const baseId = JSON.stringify([base, this.#place()]);
    const now = Date.now();
    const mustLook = now - this.#lookedAt >= lookAgainMs;
    const isThere = this.#base === baseId && (!mustLook || (await this.#hasTable(signal)));
    if (mustLook) this.#lookedAt = now;
    const changed = this.#changed;
    this.#changed = new Set();
    // Anything that fails from here on leaves us without knowledge of the kernel's table.
    this.#base = undefined;
    const startedAt = performance.now();
    const flows = isThere ? await this.#update(changed, signal) : await this.#replace(base, signal);
    this.#base = baseId;
    this.#synced = true;
    if (!isThere || changed.size > 0) {
      const tookMs = Math.round(performance.now() - startedAt);
      trace.did(isThere ? `updated ${changed.size} services` : `made the table anew`);
      log.debug({ services: changed.size, full: !isThere, tookMs }, 'rules in place');
    }
    await this.#deps.healthPorts.set(this.#healthChecks());
    await this.#deps.conntrack.forgetUdp(flows, { signal });
    return { requeueAfterMs: lookAgainMs };
  }

  async remove(signal: AbortSignal): Promise<void> {
    await this.#deps.nft.apply(deleteNftTable(this.#deps.table), { signal });
    await this.#deps.healthPorts.set([]);
    this.#base = undefined;
  }

  async #update(changed: ReadonlySet<string>, signal: AbortSignal): Promise<readonly StaleFlows[]> {
    const changes = new Map<string, ServiceRules | undefined>();
    const flows: StaleFlows[] = [];
    for (const id of changed) {
      const before = this.#ports.get(id) ?? [];
      const after = this.#portsOf(parseKey(id));
      flows.push(...staleFlows(before, after));
      changes.set(id, after.length === 0 ? undefined : serviceRuleset(after, this.#deps.podCIDR));
      if (after.length === 0) this.#ports.delete(id);
      else this.#ports.set(id, after);
    }
    const { before, after } = this.#ruleset.change(changes);
    await this.#deps.nft.apply(diffNftRuleset(this.#deps.table, before, after), { signal });
    return flows;
  }

  /** From nothing but the caches: adopts nothing and leaves nothing stale. */
  async #replace(base: BaseRulesetOptions, signal: AbortSignal): Promise<readonly StaleFlows[]> {
    const flows: StaleFlows[] = [];
    const ports = new Map<string, readonly ServicePortModel[]>();
    const changes = new Map<string, ServiceRules>();
    for (const service of this.#services.list()) {
      const key = keyOf(service);
      const models = this.#portsOf(key);
      const id = formatKey(key);
      if (models.length === 0) continue;
      ports.set(id, models);
      changes.set(id, serviceRuleset(models, this.#deps.podCIDR));
    }
    for (const [id, before] of this.#ports) flows.push(...staleFlows(before, ports.get(id) ?? []));
    this.#ports = ports;
    this.#ruleset = new ProxyRuleset();
    this.#ruleset.change(changes);
    await this.#deps.nft.apply(replaceNftTable(this.#deps.table, this.#ruleset.whole(base)), { signal });
    return flows;
  }

  #portsOf(key: ObjectKey): readonly ServicePortModel[] {
    const service = this.#services.get(key);
    if (service === undefined) return [];
    return servicePorts(service, this.#slices.byIndex('service', formatKey(key)), this.#place());
  }

  #healthChecks(): readonly HealthCheck[] {
    const checks: HealthCheck[] = [];
    for (const [id, ports] of this.#ports) {
      const port = ports[0]?.healthCheckPort;
      if (port === undefined) continue;
      const { namespace = '', name } = parseKey(id);
      const localEndpoints = new Set(ports.flatMap(({ readyHere }) => readyHere)).size;
      checks.push({ namespace, name, port, localEndpoints });
    }
    return checks;
  }

  #place(): Place {
    const { nodeName } = this.#deps;
    const zone = this.#nodes.get({ name: nodeName })?.metadata.labels?.['topology.kubernetes.io/zone'];
    return { nodeName, zone };
  }

  #baseOptions(): BaseRulesetOptions {
    const node = this.#nodes.get({ name: this.#deps.nodeName });
    return { ...this.#deps.base, nodePodCIDR: node?.spec.podCIDR };
  }

  #hasTable(signal: AbortSignal): Promise<boolean> {
    return this.#deps.nft.hasTable(this.#deps.table, { signal });
  }
}

const serviceOf = ({ metadata }: EndpointSlice): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.[serviceNameLabel] ?? ''}`;
