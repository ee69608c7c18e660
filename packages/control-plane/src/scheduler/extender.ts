import { deadline } from '@geobuk/client';
import type { Feasible, Unschedulable } from './decision.js';
import { unschedulable } from './decision.js';
import type { NodeRefusal } from './filtering.js';
import type { NodeInfo, PodInfo } from './node-info.js';
import type { ExtenderConfig } from './scheduler-config.js';

interface FilterAnswer {
  readonly nodes?: { readonly items?: readonly { readonly metadata: { readonly name?: string } }[] } | null;
  readonly nodenames?: readonly string[] | null;
  readonly failedNodes?: Readonly<Record<string, string>> | null;
  readonly failedAndUnresolvableNodes?: Readonly<Record<string, string>> | null;
  readonly error?: string;
}
type PrioritizeAnswer = readonly { readonly host: string; readonly score: number }[] | null;

/** Extenders score 0–10, plugins 0–100. */
const scoreFactor = 10;
const defaultTimeoutMs = 5_000;

/** A decision maker outside. Follows: scheduler extender v1 (filter and prioritize over HTTP, JSON). */
export class Extender {
  readonly #config: ExtenderConfig;

  constructor(config: ExtenderConfig) {
    this.#config = config;
  }

  /** As refusals name it. */
  get name(): string {
    return this.#config.urlPrefix;
  }

  isInterested({ requests }: PodInfo): boolean {
    const { managedResources = [] } = this.#config;
    return managedResources.length === 0 || managedResources.some(({ name }) => (requests.scalar.get(name) ?? 0) > 0);
  }

  /** Of the feasible nodes those that the extender takes too. @throws {Error} it cannot be reached and is not ignorable. */
  async filter(
    pod: PodInfo,
    found: Feasible,
    nodeCount: number,
    signal: AbortSignal,
  ): Promise<Feasible | Unschedulable> {
    const { filterVerb, nodeCacheCapable = false } = this.#config;
    if (filterVerb === undefined) return found;
    const answer = await this.#ask<FilterAnswer>(filterVerb, pod, found.nodes, signal);
    if (answer === undefined) return found;
    if ((answer.error ?? '') !== '') throw new Error(`extender ${this.#config.urlPrefix}: ${answer.error ?? ''}`);
    const names = nodeCacheCapable
      ? (answer.nodenames ?? [])
      : (answer.nodes?.items ?? []).map(({ metadata }) => metadata.name ?? '');
    const kept = new Set(names);
    const nodes = found.nodes.filter(({ name }) => kept.has(name));
    if (nodes.length > 0) return { ...found, nodes };
    const refusals = new Map<string, NodeRefusal>();
    const plugin = this.name;
    for (const { name } of found.nodes) {
      const final = answer.failedAndUnresolvableNodes?.[name];
      const reason = final ?? answer.failedNodes?.[name] ?? 'node(s) were refused by an extender';
      refusals.set(name, { plugin, refusal: { reason, preemptionHelps: final === undefined } });
    }
    return unschedulable(nodeCount, refusals);
  }

  /** Points to add to nodes, by name. Never fails: scores are advice. */
  async prioritize(
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> {
    const { prioritizeVerb, weight = 1 } = this.#config;
    const points = new Map<string, number>();
    if (prioritizeVerb === undefined) return points;
    try {
      const answer = await this.#ask<PrioritizeAnswer>(prioritizeVerb, pod, nodes, signal);
      for (const { host, score } of answer ?? []) points.set(host, score * weight * scoreFactor);
    } catch (error) {
      if (signal.aborted) throw error;
    }
    return points;
  }

  /** `undefined` when it cannot be reached and may be ignored. */
  async #ask<T>(
    verb: string,
    { pod }: PodInfo,
    nodes: readonly NodeInfo[],
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { urlPrefix, httpTimeoutSeconds, nodeCacheCapable = false, ignorable = false } = this.#config;
    const names = nodes.map(({ name }) => name);
    const body = JSON.stringify(
      nodeCacheCapable
        ? { pod, nodenames: names }
        : { pod, nodes: { apiVersion: 'v1', kind: 'NodeList', metadata: {}, items: nodes.map(({ node }) => node) } },
    );
    using limit = deadline(signal, httpTimeoutSeconds === undefined ? defaultTimeoutMs : httpTimeoutSeconds * 1_000);
    try {
      const url = `${urlPrefix.replace(/\/$/, '')}/${verb}`;
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body, signal: limit.signal });
      if (!response.ok) throw new Error(`extender ${url} answered ${response.status}`);
      return (await response.json()) as T;
    } catch (error) {
      if (signal.aborted || !ignorable) throw error;
      return undefined;
    }
  }
}
