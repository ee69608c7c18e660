import type { Logger } from 'pino';
import type { Pod } from '@geobuk/api';
import { ignoring, isConflict, isNotFound, keyOf, nodes, pods, uidOf } from '@geobuk/api';
import type { Client, Clock, EventRecorder, Informers } from '@geobuk/client';
import { ClusterState } from './cluster-state.js';
import type { Decision } from './decision.js';
import { decide } from './decision.js';
import type { PodInfo } from './node-info.js';
import { podInfo } from './node-info.js';
import type { SchedulerPlugin } from './plugin.js';
import { nodeAffinity } from './plugins/node-affinity.js';
import { nodeName } from './plugins/node-name.js';
import { nodePorts } from './plugins/node-ports.js';
import { nodeResourcesBalanced, nodeResourcesFit } from './plugins/node-resources.js';
import { nodeUnschedulable } from './plugins/node-unschedulable.js';
import { taintToleration } from './plugins/taint-toleration.js';
import { SchedulingQueue } from './scheduling-queue.js';

export interface SchedulerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Pods that name another scheduler are left alone. */
  readonly schedulerName?: string | undefined;
}

/** Order: cheap refusals first. */
export const defaultPlugins: readonly SchedulerPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration as SchedulerPlugin,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  nodeResourcesBalanced,
];

/** Bindings on their way at the same time. */
const maxBindings = 64;
/** Decisions in a row before the event loop gets its turn. */
const sliceMs = 8;

/** Gives every pending pod a node, one decision after the other; bindings go on beside it. Follows: kube-scheduler. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #state = new ClusterState();
  readonly #queue: SchedulingQueue;
  readonly #bindings = new Set<Promise<void>>();
  /** The last refusal of each pod that waits, for people who ask why. */
  readonly #refusals = new Map<string, Extract<Decision, { kind: 'unschedulable' }>>();
  #start = 0;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#queue = new SchedulingQueue(deps.clock);
    deps.informers.of(nodes).subscribe({
      changed: (now, before) => {
        this.#state.nodeChanged(now, before);
        this.#queue.clusterChanged();
      },
    });
    deps.informers.of(pods).subscribe({ changed: (now, before) => this.#podChanged(now, before) });
  }

  /** Why a pod has no node yet: the reason of each node. */
  refusalOf(uid: string): Extract<Decision, { kind: 'unschedulable' }> | undefined {
    return this.#refusals.get(uid);
  }

  get queueSizes(): SchedulingQueue['sizes'] {
    return this.#queue.sizes;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { informers, log } = this.#deps;
    await Promise.all([informers.of(nodes).whenSynced(signal), informers.of(pods).whenSynced(signal)]).catch(
      () => undefined,
    );
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
        log.error({ pod: keyOf(pod), err: error }, 'scheduling failed');
        this.#queue.failed(pod);
      }
      if (performance.now() - sliceStart > sliceMs) {
        await new Promise(setImmediate);
        sliceStart = performance.now();
      }
    }
    await Promise.allSettled(this.#bindings);
  }

  async #schedule(pod: Pod, signal: AbortSignal): Promise<void> {
    const info = podInfo(pod);
    const decision = decide(info, this.#state, defaultPlugins, this.#start, this.#deps.random);
    if (decision.kind === 'unschedulable') {
      this.#refusals.set(info.uid, decision);
      this.#queue.refused(pod, decision.plugins);
      this.#track(this.#report(pod, decision.message, signal));
      return;
    }
    this.#start = (this.#start + decision.evaluated) % Math.max(1, this.#state.nodes.length);
    this.#state.assume(info, decision.node.name);
    this.#track(this.#bind(info, decision.node.name, signal));
    if (this.#bindings.size >= maxBindings) await Promise.race(this.#bindings);
  }

  async #bind(info: PodInfo, node: string, signal: AbortSignal): Promise<void> {
    const { client, recorder, log } = this.#deps;
    const { pod } = info;
    const key = keyOf(pod);
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { ...key, uid: uidOf(pod) },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await client.createSubresource(pods, key, 'binding', binding, { signal });
      this.#queue.done(pod);
      this.#refusals.delete(info.uid);
      recorder.record(
        pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${key.namespace ?? ''}/${key.name} to ${node}`,
      );
    } catch (error) {
      this.#state.forget(info);
      if (isNotFound(error) || isConflict(error))
        this.#queue.done(pod); // gone, or bound by somebody else
      else {
        if (!signal.aborted) log.warn({ pod: key, node, err: error }, 'binding failed, trying again');
        this.#queue.failed(pod);
      }
    }
  }

  async #report(pod: Pod, message: string, signal: AbortSignal): Promise<void> {
    const { client, clock, recorder, log } = this.#deps;
    recorder.record(pod, 'Warning', 'FailedScheduling', message);
    const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const lastTransitionTime = known?.status === 'False' ? known.lastTransitionTime : now;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
    const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } };
    await client
      .patch(pods, keyOf(pod), { type: 'strategic', body }, { signal, subresource: 'status' })
      .catch(ignoring((error) => isNotFound(error) || isConflict(error)))
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn({ pod: keyOf(pod), err: error }, 'could not write the PodScheduled condition');
      });
  }

  #track(work: Promise<void>): void {
    this.#bindings.add(work);
    void work.finally(() => this.#bindings.delete(work));
  }

  #podChanged(now: Pod | undefined, before: Pod | undefined): void {
    const { schedulerName = 'default-scheduler' } = this.#deps;
    this.#state.podChanged(now, before);
    const waits =
      now !== undefined &&
      (now.spec.nodeName === undefined || now.spec.nodeName === '') &&
      (now.spec.schedulerName ?? 'default-scheduler') === schedulerName &&
      now.metadata.deletionTimestamp === undefined &&
      (now.spec.schedulingGates?.length ?? 0) === 0 &&
      now.status?.phase !== 'Succeeded' &&
      now.status?.phase !== 'Failed';
    if (waits) {
      if (!this.#state.isAssumed(now.metadata.uid ?? '')) this.#queue.put(now);
      return;
    }
    const gone = now ?? before;
    if (gone === undefined) return;
    this.#queue.remove(gone);
    this.#refusals.delete(gone.metadata.uid ?? '');
    // A pod that left or finished made room.
    if (
      before?.spec.nodeName !== undefined &&
      (now === undefined || now.status?.phase === 'Succeeded' || now.status?.phase === 'Failed')
    ) {
      this.#queue.clusterChanged();
    }
  }
}
