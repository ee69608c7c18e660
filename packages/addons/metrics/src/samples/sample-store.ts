import type { History } from './history.js';
import type { ContainerMeasurement, Measurement, NodeMeasurements, Usage } from './measurement.js';
import { usageBetween } from './measurement.js';

export interface ContainerUsage extends Usage {
  readonly name: string;
}

interface NodeState {
  measured: NodeMeasurements;
  usage: Usage | undefined;
  /** By namespace/name; only pods of which all containers are known. */
  pods: ReadonlyMap<string, readonly ContainerUsage[]>;
}

export interface SampleStoreDeps {
  readonly history: History;
  readonly resolutionMs: number;
}

export const nodeSeries = (node: string): string => `node ${node}`;
export const containerSeries = (namespace: string, pod: string, container: string): string =>
  `container ${namespace} ${pod} ${container}`;

/** The last two looks at each node, and what follows from them. */
export class SampleStore {
  readonly #deps: SampleStoreDeps;
  readonly #nodes = new Map<string, NodeState>();
  /** Which node reported a pod last, so that a look-up is no search. */
  readonly #podNodes = new Map<string, string>();

  constructor(deps: SampleStoreDeps) {
    this.#deps = deps;
  }

  get history(): History {
    return this.#deps.history;
  }

  /** @param turnMs the moment of the whole round: all nodes share it, so that their histories have one axis. */
  put(name: string, measured: NodeMeasurements, turnMs: number): void {
    const before = this.#nodes.get(name);
    const usage = this.#nodeUsage(name, before?.measured.node, measured.node, turnMs);
    const pods = this.#podUsage(before, measured, turnMs);
    for (const key of before?.pods.keys() ?? []) {
      if (!pods.has(key) && this.#podNodes.get(key) === name) this.#podNodes.delete(key);
    }
    for (const key of pods.keys()) this.#podNodes.set(key, name);
    this.#nodes.set(name, { measured, usage, pods });
  }

  /** A node that is gone, or that could not be asked: old numbers would look like new ones. */
  drop(name: string): void {
    for (const key of this.#nodes.get(name)?.pods.keys() ?? []) {
      if (this.#podNodes.get(key) === name) this.#podNodes.delete(key);
    }
    this.#nodes.delete(name);
  }

  node(name: string): Usage | undefined {
    return this.#nodes.get(name)?.usage;
  }

  pod(namespace: string, name: string): readonly ContainerUsage[] | undefined {
    const key = `${namespace}/${name}`;
    const node = this.#podNodes.get(key);
    return node === undefined ? undefined : this.#nodes.get(node)?.pods.get(key);
  }

  /** For exporters: everything as it was measured, with its node. */
  *measurements(): Generator<{ readonly node: string; readonly measured: NodeMeasurements }> {
    for (const [node, { measured }] of this.#nodes) yield { node, measured };
  }

  #nodeUsage(
    name: string,
    before: Measurement | undefined,
    now: Measurement | undefined,
    turnMs: number,
  ): Usage | undefined {
    const { history, resolutionMs } = this.#deps;
    const usage = now === undefined ? undefined : usageBetween(before, now, resolutionMs);
    if (usage !== undefined) history.add(nodeSeries(name), turnMs, usage.cpuCores, usage.workingSetBytes);
    return usage;
  }

  #podUsage(before: NodeState | undefined, measured: NodeMeasurements, turnMs: number): NodeState['pods'] {
    const { history, resolutionMs } = this.#deps;
    const known = new Map((before?.measured.containers ?? []).map((one) => [idOf(one), one]));
    const pods = new Map<string, ContainerUsage[]>();
    const incomplete = new Set<string>();
    for (const one of measured.containers) {
      const { namespace, pod, container } = one;
      const key = `${namespace}/${pod}`;
      const usage = usageBetween(known.get(idOf(one)), one, resolutionMs);
      if (usage === undefined) {
        incomplete.add(key);
        continue;
      }
      history.add(containerSeries(namespace, pod, container), turnMs, usage.cpuCores, usage.workingSetBytes);
      const list = pods.get(key);
      if (list === undefined) pods.set(key, [{ ...usage, name: container }]);
      else list.push({ ...usage, name: container });
    }
    for (const key of incomplete) pods.delete(key);
    return pods;
  }
}

const idOf = ({ namespace, pod, container }: ContainerMeasurement): string => `${namespace}/${pod}/${container}`;
