import type { Namespace, Node } from '@geobuk/api';
import { namespaces, nodes } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { Usage } from '../views/view.js';
import { cpuOf, memoryOf } from '../views/resource-amounts.js';
import type { Cluster } from './cluster.js';
import { getJson } from './connection.js';
import { objectSource } from './follow.js';

export interface ClusterFactsDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly changed: () => void;
}

interface MetricsList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly usage?: Readonly<Record<string, string>>;
    readonly containers?: readonly { readonly name?: string; readonly usage: Readonly<Record<string, string>> }[];
  }[];
}

/** The metrics API has no watch, and its own sources are sampled four times a minute. */
const metricsEveryMs = 15_000;

/** What the whole dashboard wants to know of a cluster: its namespaces, its nodes' capacity, usage where measured. */
export class ClusterFacts {
  readonly #deps: ClusterFactsDeps;
  readonly #namespaces = new Set<string>();
  readonly #capacity = new Map<string, Usage>();
  readonly #usage = new Map<string, Usage>();
  #nodeUsage: Usage | undefined;
  #metrics = false;
  #sampledAt = 0;

  constructor(deps: ClusterFactsDeps) {
    this.#deps = deps;
  }

  get namespaces(): readonly string[] {
    return [...this.#namespaces].sort();
  }

  /** CPU and memory in use, in percent of what nodes can give; undefined without metrics. */
  get load(): { readonly cpu: number; readonly memory: number } | undefined {
    const usage = this.#nodeUsage;
    if (usage === undefined) return undefined;
    let cpuMillis = 0;
    let memoryBytes = 0;
    for (const capacity of this.#capacity.values()) {
      cpuMillis += capacity.cpuMillis;
      memoryBytes += capacity.memoryBytes;
    }
    if (cpuMillis === 0 || memoryBytes === 0) return undefined;
    return {
      cpu: Math.round((usage.cpuMillis / cpuMillis) * 100),
      memory: Math.round((usage.memoryBytes / memoryBytes) * 100),
    };
  }

  /** When usage was last read; 0: never. */
  get sampledAt(): number {
    return this.#sampledAt;
  }

  get hasMetrics(): boolean {
    return this.#metrics;
  }

  usage(key: string): Usage | undefined {
    return this.#usage.get(key);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { cluster } = this.#deps;
    const ignoreRefusal = (): void => undefined;
    await Promise.all([
      cluster.follow<Namespace>(
        (connection) => objectSource(connection, namespaces, {}),
        this.#namespaceSink(),
        ignoreRefusal,
        signal,
      ),
      cluster.follow<Node>(
        (connection) => objectSource(connection, nodes, {}),
        this.#nodeSink(),
        ignoreRefusal,
        signal,
      ),
      this.#measure(signal),
    ]);
  }

  #namespaceSink(): Parameters<Cluster['follow']>[1] {
    const seen = new Set<string>();
    return this.#sink<Namespace>({
      start: () => seen.clear(),
      set: (name) => {
        seen.add(name);
        this.#namespaces.add(name);
      },
      removed: (name) => void this.#namespaces.delete(name),
      synced: () => {
        for (const name of this.#namespaces) if (!seen.has(name)) this.#namespaces.delete(name);
      },
    }) as Parameters<Cluster['follow']>[1];
  }

  #nodeSink(): Parameters<Cluster['follow']>[1] {
    return this.#sink<Node>({
      start: () => this.#capacity.clear(),
      set: (name, { status }) =>
        void this.#capacity.set(name, {
          cpuMillis: cpuOf(status?.allocatable?.['cpu']),
          memoryBytes: memoryOf(status?.allocatable?.['memory']),
        }),
      removed: (name) => void this.#capacity.delete(name),
      synced: () => undefined,
    }) as Parameters<Cluster['follow']>[1];
  }

  #sink<T extends Namespace | Node>(part: {
    readonly start: () => void;
    readonly set: (name: string, object: T) => void;
    readonly removed: (name: string) => void;
    readonly synced: () => void;
  }) {
    const { changed } = this.#deps;
    return {
      relisting: part.start,
      set: (object: T): void => {
        part.set(object.metadata.name ?? '', object);
        changed();
      },
      removed: (object: T): void => {
        part.removed(object.metadata.name ?? '');
        changed();
      },
      synced: (): void => {
        part.synced();
        changed();
      },
    };
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { cluster, clock, changed } = this.#deps;
    while (!signal.aborted) {
      if (cluster.state.kind === 'connected' && cluster.catalog.has('metrics.k8s.io', 'nodes')) {
        await this.#sample(signal).then(changed, () => {
          // Metrics that are announced and not served are shown as unknown.
          this.#metrics = false;
          this.#nodeUsage = undefined;
          this.#usage.clear();
        });
      }
      await clock.after(this.#metrics ? metricsEveryMs : 5_000, { signal }).catch(() => undefined);
    }
  }

  async #sample(signal: AbortSignal): Promise<void> {
    const connection = await this.#deps.cluster.connection(signal);
    const root = '/apis/metrics.k8s.io/v1beta1';
    const nodeList = await getJson<MetricsList>(connection, `${root}/nodes`, signal);
    const podList = await getJson<MetricsList>(connection, `${root}/pods`, signal);
    const total = { cpuMillis: 0, memoryBytes: 0 };
    this.#usage.clear();
    for (const { metadata, usage = {} } of nodeList.items) {
      const one = { cpuMillis: cpuOf(usage['cpu']), memoryBytes: memoryOf(usage['memory']) };
      total.cpuMillis += one.cpuMillis;
      total.memoryBytes += one.memoryBytes;
      this.#usage.set(metadata.name, one);
    }
    for (const { metadata, containers = [] } of podList.items) {
      const one = containers.reduce(
        (sum, { usage }) => ({
          cpuMillis: sum.cpuMillis + cpuOf(usage['cpu']),
          memoryBytes: sum.memoryBytes + memoryOf(usage['memory']),
        }),
        { cpuMillis: 0, memoryBytes: 0 },
      );
      const key = `${metadata.namespace ?? ''}/${metadata.name}`;
      this.#usage.set(key, one);
      for (const { name = '', usage } of containers)
        this.#usage.set(`${key}/${name}`, { cpuMillis: cpuOf(usage['cpu']), memoryBytes: memoryOf(usage['memory']) });
    }
    this.#nodeUsage = total;
    this.#metrics = true;
    this.#sampledAt = this.#deps.clock.now();
  }
}
