import type { Logger } from 'pino';
import type { Pod } from '@geobuk/api';
import { isConflict, isNotFound, keyOf, pods, uidOf } from '@geobuk/api';
import type { Client, Clock, EventRecorder, Informers } from '@geobuk/client';
import type { ClusterEvent } from './cluster-event.js';
import { isFinished } from './cluster-state.js';
import { ClusterFeed } from './cluster-feed.js';
import type { Decision, DecisionInput, Placement, Unschedulable } from './decision.js';
import { choose, decide, findFeasible, noNodesAtAll } from './decision.js';
import type { PlacementRecord, SchedulingDecision } from './decision-log.js';
import { DecisionLog } from './decision-log.js';
import { Extender } from './extender.js';
import type { Framework } from './framework.js';
import type { PodInfo } from './node-info.js';
import { podInfo } from './node-info.js';
import { createPlugins } from './plugins/plugin-set.js';
import type { SchedulerPlugin } from './plugin.js';
import { evictVictims } from './preemption/evict-victims.js';
import { NominatedPods } from './preemption/nominated-pods.js';
import { findVictims } from './preemption/preemption.js';
import type { Victims } from './preemption/victims.js';
import { frameworksOf } from './profiles.js';
import type { KubeSchedulerConfiguration, PluginConfig } from './scheduler-config.js';
import { SchedulingQueue, defaultQueueTimes } from './scheduling-queue.js';
import { isGated, reportGated, reportRefusal } from './scheduling-report.js';
import { VolumeBinder } from './volumes/volume-binder.js';
import { volumeLookup } from './volumes/volume-lookup.js';
import type { VolumePlan } from './volumes/volume-plan.js';
import { workloadSelector } from './workload-selector.js';

export interface SchedulerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Profiles, extenders and times; absent: one profile, `default-scheduler`, as Kubernetes has it. */
  readonly config?: KubeSchedulerConfiguration | undefined;
}

/** Bindings on their way at the same time. */
const maxBindings = 64;
/** Decisions in a row before the event loop gets its turn. */
const sliceMs = 8;

/** Gives every pending pod a node, one decision after the other; bindings go on beside it. Follows: kube-scheduler. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #feed: ClusterFeed;
  readonly #queue: SchedulingQueue;
  readonly #frameworks: ReadonlyMap<string, Framework>;
  readonly #plugins: readonly SchedulerPlugin[];
  readonly #extenders: readonly Extender[];
  readonly #volumes: VolumeBinder;
  readonly #nominated = new NominatedPods();
  readonly #log = new DecisionLog();
  /** Everything under way, and of that the bindings, of which there may be only so many. */
  readonly #acts = new Set<Promise<void>>();
  readonly #bindings = new Set<Promise<void>>();
  /** Read once for all attempts with the same object. */
  readonly #infos = new WeakMap<Pod, PodInfo>();
  #start = 0;

  /** @throws {Error} a configuration that names what does not exist. */
  constructor(deps: SchedulerDeps) {
    const { client, clock, informers, config = {} } = deps;
    this.#deps = deps;
    const { firstBackOffMs, lastBackOffMs } = defaultQueueTimes;
    const { podInitialBackoffSeconds: initial, podMaxBackoffSeconds: max } = config;
    this.#queue = new SchedulingQueue(clock, {
      firstBackOffMs: initial === undefined ? firstBackOffMs : initial * 1_000,
      lastBackOffMs: max === undefined ? lastBackOffMs : max * 1_000,
    });
    const volumes = volumeLookup(informers);
    this.#volumes = new VolumeBinder({ client, lookup: volumes, bindTimeoutMs: bindTimeoutOf(config) });
    this.#extenders = (config.extenders ?? []).map((extender) => new Extender(extender));
    const pluginDeps = { volumes, takenVolumes: this.#volumes.taken, selectorOf: workloadSelector(informers) };
    this.#frameworks = frameworksOf(config, (pluginConfig) =>
      createPlugins(pluginDeps, withoutResources(pluginConfig, this.#extenders)),
    );
    const filters = [...this.#frameworks.values()].flatMap((framework) => framework.filters);
    this.#plugins = [...new Map(filters.map((plugin) => [plugin.name, plugin])).values()];
    this.#feed = new ClusterFeed({
      informers,
      happened: (event) => this.#happened(event),
      podChanged: (now, before) => this.#podChanged(now, before),
      claimsChanged: () => this.#volumes.claimsChanged(),
    });
  }

  /** Why a pod has no node yet: the reason of each node. */
  refusalOf(uid: string): Unschedulable | undefined {
    return this.#log.refusalOf(uid);
  }

  /** Why a pod went where it is, for the pods placed last. */
  placementOf(uid: string): PlacementRecord | undefined {
    return this.#log.placementOf(uid);
  }

  /** The last decision about a pod: which node failed which plugin, or how the best nodes compared. */
  decisionOf(uid: string): SchedulingDecision | undefined {
    return this.#log.decisionOf(uid);
  }

  get queueSizes(): SchedulingQueue['sizes'] {
    return this.#queue.sizes;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#deps;
    await this.#feed.whenSynced(signal).catch(() => undefined); // only an abort ends it
    let sliceStart = performance.now();
    while (!signal.aborted) {
      const pod = this.#queue.take();
      if (pod === undefined) {
        await this.#queue.whenReady(signal);
        sliceStart = performance.now();
        continue;
      }
      try {
        await this.#schedule(pod, signal);
      } catch (error) {
        if (!signal.aborted) log.error({ pod: keyOf(pod), err: error }, 'scheduling failed');
        this.#queue.failed(pod);
      }
      if (performance.now() - sliceStart > sliceMs) {
        await new Promise(setImmediate);
        sliceStart = performance.now();
      }
    }
    await Promise.allSettled(this.#acts);
  }

  async #schedule(pod: Pod, signal: AbortSignal): Promise<void> {
    const framework = this.#frameworks.get(pod.spec.schedulerName ?? 'default-scheduler');
    if (framework === undefined) return;
    const info = this.#infoOf(pod);
    const { state: cluster } = this.#feed;
    const { random } = this.#deps;
    const input = { pod: info, cluster, framework, start: this.#start, random, nominations: this.#nominated };
    const asked = this.#extenders.filter((extender) => extender.isInterested(info));
    const decision = asked.length === 0 ? decide(input) : await decideWith(asked, input, signal);
    if (decision.kind === 'unschedulable') {
      this.#refuse(input, decision, signal);
      return;
    }
    await this.#place(info, decision, signal);
  }

  async #place(info: PodInfo, decision: Placement, signal: AbortSignal): Promise<void> {
    const { state } = this.#feed;
    const { node, evaluated } = decision;
    const plan = this.#volumes.reserve(info, node);
    this.#start = (this.#start + evaluated) % Math.max(1, state.nodes.length);
    state.assume(info, node.name);
    this.#nominated.remove(info.uid);
    this.#log.placed(info.uid, decision);
    const binding = this.#bind(info, decision, plan, signal);
    this.#track(this.#acts, binding);
    if (plan !== undefined) return; // volumes take their time; nobody waits for them
    this.#track(this.#bindings, binding);
    if (this.#bindings.size >= maxBindings) await Promise.race(this.#bindings);
  }

  async #bind(info: PodInfo, { node }: Placement, plan: VolumePlan | undefined, signal: AbortSignal): Promise<void> {
    const { client, recorder, log } = this.#deps;
    const { pod } = info;
    const key = keyOf(pod);
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { ...key, uid: uidOf(pod) },
      target: { apiVersion: 'v1', kind: 'Node', name: node.name },
    };
    try {
      if (plan !== undefined) await this.#volumes.bind(info, node, plan, signal);
      const binder = this.#extenders.find((extender) => extender.binds && extender.isInterested(info));
      if (binder === undefined) await client.createSubresource(pods, key, 'binding', body, { signal });
      else await binder.bind(pod, node.name, signal);
      this.#queue.done(pod);
      const where = `${key.namespace ?? ''}/${key.name} to ${node.name}`;
      recorder.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${where}`);
    } catch (error) {
      this.#feed.state.forget(info);
      this.#log.forget(info.uid);
      if (isNotFound(error) || isConflict(error))
        this.#queue.done(pod); // gone, or bound by somebody else
      else {
        if (!signal.aborted) log.warn({ pod: key, node: node.name, err: error }, 'binding failed, trying again');
        this.#queue.failed(pod);
      }
      this.#happened({ kind: 'podGone', pod }); // its room is free again
    } finally {
      if (plan !== undefined) this.#volumes.release(plan);
    }
  }

  /** No node fits: perhaps one would without less important pods. */
  #refuse(input: DecisionInput, decision: Unschedulable, signal: AbortSignal): void {
    const { pod: info, framework, cluster } = input;
    const { pod } = info;
    let { message } = decision;
    let nominate = pod.status?.nominatedNodeName;
    if (framework.preempts && cluster.nodes.length > 0) {
      const budgets = this.#feed.budgets();
      const nominations = this.#nominated;
      const found = findVictims({ pod: info, cluster, framework, decision, nominations, budgets, start: this.#start });
      if (found.kind === 'victims') {
        nominate = found.victims.node;
        this.#nominated.set(info, nominate);
        this.#track(this.#acts, this.#evict(info, found.victims, signal));
      } else {
        message = `${message} preemption: ${found.message}`;
        if (!found.keepNomination) {
          nominate = undefined;
          this.#nominated.remove(info.uid);
        }
      }
    }
    this.#log.refused(info.uid, { ...decision, message });
    this.#queue.refused(pod, decision.plugins);
    this.#track(this.#acts, reportRefusal(pod, message, nominate, this.#deps, signal));
  }

  async #evict(preemptor: PodInfo, victims: Victims, signal: AbortSignal): Promise<void> {
    const lessImportant = this.#nominated.on(victims.node).filter(({ priority }) => priority < preemptor.priority);
    for (const { uid } of lessImportant) this.#nominated.remove(uid);
    try {
      await evictVictims(preemptor.pod, victims, lessImportant, this.#deps, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#deps.log.warn({ pod: keyOf(preemptor.pod), node: victims.node, err: error }, 'preemption failed');
      this.#nominated.remove(preemptor.uid);
    }
  }

  #podChanged(now: Pod | undefined, before: Pod | undefined): void {
    const pod = now ?? before;
    if (pod === undefined) return;
    const uid = pod.metadata.uid ?? '';
    const ours = this.#frameworks.has(pod.spec.schedulerName ?? 'default-scheduler');
    const free = now !== undefined && (now.spec.nodeName ?? '') === '' && !isFinished(now);
    if (ours && free && pod.metadata.deletionTimestamp === undefined) {
      const { nominatedNodeName = '' } = pod.status ?? {};
      if (nominatedNodeName !== '') this.#nominated.set(this.#infoOf(pod), nominatedNodeName);
      if (isGated(pod)) {
        this.#queue.remove(pod);
        this.#track(this.#acts, reportGated(pod, this.#deps, this.#feed.signal));
      } else if (!this.#feed.state.isAssumed(uid)) this.#queue.put(pod);
      return;
    }
    this.#nominated.remove(uid);
    this.#queue.remove(pod);
    if (now === undefined || isFinished(now) || free) this.#log.forget(uid);
  }

  /** Wakes the pods that an event can help. */
  #happened(event: ClusterEvent): void {
    if (!this.#queue.waits) return;
    const woken = new Set<string>();
    for (const plugin of this.#plugins) if (plugin.wokenBy?.(event) !== false) woken.add(plugin.name);
    for (const { name } of this.#extenders) woken.add(name);
    if (event.kind === 'node' && event.changes.has('added')) woken.add(noNodesAtAll);
    this.#queue.clusterChanged(woken, (pod, refusedBy) => {
      if (refusedBy.has(noNodesAtAll)) return true;
      const asked = this.#plugins.filter(({ name }) => woken.has(name) && refusedBy.has(name));
      return asked.length === 0 || asked.some((plugin) => plugin.helps?.(event, this.#infoOf(pod)) !== false);
    });
  }

  #infoOf(pod: Pod): PodInfo {
    const known = this.#infos.get(pod);
    if (known !== undefined) return known;
    const info = podInfo(pod);
    this.#infos.set(pod, info);
    return info;
  }

  #track(set: Set<Promise<void>>, work: Promise<void>): void {
    set.add(work);
    void work.finally(() => set.delete(work));
  }
}

/** Of several profiles the longest. */
function bindTimeoutOf({ profiles = [] }: KubeSchedulerConfiguration): number | undefined {
  const seconds = profiles.flatMap(({ pluginConfig = [] }) =>
    pluginConfig.flatMap((one) => (one.name === 'VolumeBinding' ? (one.args?.bindTimeoutSeconds ?? []) : [])),
  );
  return seconds.length === 0 ? undefined : Math.max(...seconds) * 1_000;
}

/** Resources that extenders look at are none of NodeResourcesFit's. Follows: ignoredByScheduler. */
function withoutResources(
  pluginConfig: readonly PluginConfig[],
  extenders: readonly Extender[],
): readonly PluginConfig[] {
  const own = extenders.flatMap(({ ownResources }) => ownResources);
  if (own.length === 0) return pluginConfig;
  const known = pluginConfig.find((one) => one.name === 'NodeResourcesFit');
  const ignoredResources = [...(known?.args?.ignoredResources ?? []), ...own];
  const others = pluginConfig.filter((one) => one !== known);
  return [...others, { name: 'NodeResourcesFit', args: { ...known?.args, ignoredResources } }];
}

/** The same, with those outside asked after the plugins. Follows: findNodesThatPassExtenders, prioritizeNodes. */
async function decideWith(
  extenders: readonly Extender[],
  input: DecisionInput,
  signal: AbortSignal,
): Promise<Decision> {
  let found = findFeasible(input);
  for (const extender of extenders) {
    if (found.kind === 'unschedulable') return found;
    found = await extender.filter(input.pod, found, input.cluster.nodes.length, signal);
  }
  if (found.kind === 'unschedulable') return found;
  const extra = new Map<string, number>();
  for (const extender of extenders)
    for (const [node, points] of await extender.prioritize(input.pod, found.nodes, signal))
      extra.set(node, (extra.get(node) ?? 0) + points);
  return choose(input, found, extra);
}
