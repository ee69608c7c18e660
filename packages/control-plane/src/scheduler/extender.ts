import type { Pod } from '@geobuk/api';
import { deadline } from '@geobuk/client';
import type { Agent } from 'undici';
import { onDemand } from '../on-demand.js';
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
interface BindAnswer {
  readonly error?: string;
}
type PrioritizeAnswer = readonly { readonly host: string; readonly score: number }[] | null;

/** Extenders score 0–10, plugins 0–100. */
const scoreFactor = 10;
const defaultTimeoutMs = 5_000;

/** A decision maker outside. Follows: scheduler extender v1 (filter, prioritize and bind over HTTP, JSON). */
export class Extender {
  readonly #config: ExtenderConfig;
  readonly #agent: Agent;

  constructor(config: ExtenderConfig) {
    this.#config = config;
    this.#agent = agentFor(config);
  }

  /** As refusals name it. */
  get name(): string {
    return this.#config.urlPrefix;
  }

  /** Resources that it looks at, and NodeResourcesFit does not. */
  get ownResources(): readonly string[] {
    return (this.#config.managedResources ?? [])
      .filter((each) => each.ignoredByScheduler === true)
      .map(({ name }) => name);
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

  /** Binds a pod in the scheduler's place, where it does. @throws {Error} it did not. */
  async bind(pod: Pod, node: string, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    const body = { PodName: name, PodNamespace: namespace, PodUID: uid, Node: node };
    const { error = '' } = (await this.#post<BindAnswer>(this.#config.bindVerb ?? '', body, signal)) ?? {};
    if (error !== '') throw new Error(`extender ${this.name}: ${error}`);
  }

  get binds(): boolean {
    return this.#config.bindVerb !== undefined;
  }

  /** `undefined` when it cannot be reached and may be ignored. */
  async #ask<T>(
    verb: string,
    { pod }: PodInfo,
    nodes: readonly NodeInfo[],
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { nodeCacheCapable = false, ignorable = false } = this.#config;
    const items = nodes.map(({ node }) => node);
    const body = nodeCacheCapable
      ? { Pod: pod, NodeNames: nodes.map(({ name }) => name) }
      : { Pod: pod, Nodes: { apiVersion: 'v1', kind: 'NodeList', metadata: {}, items } };
    try {
      return await this.#post<T>(verb, body, signal);
    } catch (error) {
      if (signal.aborted || !ignorable) throw error;
      return undefined;
    }
  }

  async #post<T>(verb: string, body: object, signal: AbortSignal): Promise<T> {
    const { urlPrefix, httpTimeoutSeconds } = this.#config;
    using limit = deadline(signal, httpTimeoutSeconds === undefined ? defaultTimeoutMs : httpTimeoutSeconds * 1_000);
    const url = `${urlPrefix.replace(/\/$/, '')}/${verb}`;
    const headers = { 'content-type': 'application/json' };
    const { statusCode, body: answer } = await onDemand.undici.request(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: limit.signal,
      dispatcher: this.#agent,
    });
    if (statusCode !== 200) {
      await answer.dump();
      throw new Error(`extender ${url} answered ${statusCode}`);
    }
    return lowerFirst(await answer.json()) as T;
  }
}

/** Go's encoder leaves the names of these fields as they are, and its decoder takes them any way: extenders write `NodeNames` and `nodenames`. */
function lowerFirst(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(lowerFirst);
  if (typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [answerFields[name.toLowerCase()] ?? name, value as unknown]),
  );
}

const answerFields: Readonly<Record<string, string>> = {
  nodes: 'nodes',
  nodenames: 'nodenames',
  failednodes: 'failedNodes',
  failedandunresolvablenodes: 'failedAndUnresolvableNodes',
  error: 'error',
  host: 'host',
  score: 'score',
};

function agentFor({ tlsConfig = {} }: ExtenderConfig): Agent {
  const pem = (data: string | undefined): Buffer | undefined =>
    data === undefined ? undefined : Buffer.from(data, 'base64');
  const { insecure = false, serverName, certData, keyData, caData } = tlsConfig;
  return new onDemand.undici.Agent({
    connections: 16,
    connect: {
      rejectUnauthorized: !insecure,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(caData === undefined ? {} : { ca: pem(caData) }),
      ...(certData === undefined ? {} : { cert: pem(certData), key: pem(keyData) }),
    },
  });
}
