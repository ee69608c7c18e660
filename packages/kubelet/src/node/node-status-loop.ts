import { deepEqual, isAlreadyExists, isNotFound, nodes } from '@geobuk/api';
import type { ContainerImage, Node, NodeStatus, Taint } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../events/event-recorder.js';
import type { ContainerRuntime } from '../runtime/runtime.js';
import type { Machine } from './machine.js';
import type { NodeFacts } from './node-facts.js';
import type { Reserved } from './node-object.js';
import { newNode, nodeResources, nodeStatus, wantedLabels, withHeartbeat } from './node-object.js';
import type { RuntimeHealth } from './runtime-health.js';

export interface NodeStatusLoopDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly health: RuntimeHealth;
  readonly runtime: ContainerRuntime | undefined;
  readonly hostRuntime: boolean;
  readonly machine: Machine;
  readonly nodeName: string;
  readonly ips: readonly string[];
  readonly port: () => number;
  readonly maxPods: number;
  readonly pressures: () => ReadonlySet<string>;
  readonly reserved: Reserved;
  /** Volumes that must not be detached yet. */
  readonly volumesInUse: () => readonly string[];
  /** The machine goes down. */
  readonly goesDown: () => boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly onReady: () => void;
}

const checkMs = 10_000;
const reportMs = 300_000;
const retryMs = 1000;
const imagesTold = 50;

/**
 * Keeps this node's object in the API: registers it, and writes its status when something changed or five minutes
 * have passed. That it lives is told by its Lease. Follows: tryUpdateNodeStatus, NodeStatusReportFrequency.
 */
export class NodeStatusLoop {
  readonly #deps: NodeStatusLoopDeps;
  #node: Node | undefined;
  #writtenAt = 0;
  #wake: (() => void) | undefined;
  #woken = false;
  #toldReady = false;

  constructor(deps: NodeStatusLoopDeps) {
    this.#deps = deps;
  }

  get facts(): NodeFacts {
    const { nodeName, ips, machine, maxPods, health } = this.#deps;
    const { allocatable } = nodeResources(this.#node?.status ?? {}, {
      machine,
      maxPods,
      reserved: this.#deps.reserved,
    });
    const { networkReady, message } = health.state;
    return {
      name: nodeName,
      hostIPs: ips,
      memoryBytes: machine.memoryBytes,
      allocatable,
      node: this.#node,
      networkReady,
      networkMessage: message,
      pressures: this.#deps.pressures(),
      goesDown: this.#deps.goesDown(),
    };
  }

  /** Look now: something about the node changed. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Report now, whatever was reported before: others may have spoken for a node they could not hear. */
  reportAnew(): void {
    this.#writtenAt = 0;
    this.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      let waitMs = checkMs;
      try {
        await this.#pass(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'node status not written, trying again');
        waitMs = retryMs;
      }
      await this.#sleep(waitMs, clock, signal);
    }
  }

  #sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#woken || signal.aborted) {
        this.#woken = false;
        resolve();
        return;
      }
      const done = (): void => {
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        this.#woken = false;
        resolve();
      };
      const timer = clock.timer(ms, done);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { client, clock, nodeName, events } = this.#deps;
    let node = this.#node ?? (await this.#register(signal));
    // A kubelet that starts again must not take a Ready node away for the moment before it knows better.
    await this.#deps.health.whenAsked(signal);
    signal.throwIfAborted();
    const now = clock.now();
    const wanted = await this.#statusOf(node.status ?? {}, signal);
    if (!deepEqual(wanted, node.status) || now - this.#writtenAt >= reportMs) {
      // Read again only before a write: others own parts of it too, and a deleted node comes back.
      node = await this.#read(signal);
      const status = withHeartbeat(await this.#statusOf(node.status ?? {}, signal), now);
      const body = { metadata: { uid: node.metadata.uid, resourceVersion: node.metadata.resourceVersion }, status };
      const ready = isReady(node);
      node = await client.patch(nodes, { name: nodeName }, { type: 'merge', body }, { signal, subresource: 'status' });
      this.#writtenAt = now;
      if (isReady(node) && !ready) events.node('Normal', 'NodeReady', `Node ${nodeName} status is now: NodeReady`);
      if (!isReady(node) && ready)
        events.node('Normal', 'NodeNotReady', `Node ${nodeName} status is now: NodeNotReady`);
    }
    this.#node = node;
    if (isReady(node) && !this.#toldReady) {
      this.#toldReady = true;
      this.#deps.onReady();
    }
  }

  async #read(signal: AbortSignal): Promise<Node> {
    const { client, nodeName } = this.#deps;
    try {
      return await client.read(nodes, { name: nodeName }, { signal });
    } catch (error) {
      if (isNotFound(error)) return this.#register(signal);
      throw error;
    }
  }

  async #register(signal: AbortSignal): Promise<Node> {
    const { client, clock, nodeName, machine, labels, taints, events, log } = this.#deps;
    // With its capacity from the first moment: the scheduler would find an empty node too small for any pod.
    const status = withHeartbeat(await this.#statusOf({}, signal), clock.now());
    const fresh = { ...newNode(nodeName, machine, labels, taints), status };
    try {
      const node = await client.create(nodes, fresh, { signal });
      log.info({ node: nodeName }, 'node registered');
      events.node('Normal', 'Starting', 'Starting kubelet.');
      return node;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const node = await client.read(nodes, { name: nodeName }, { signal });
    const missing = Object.entries(wantedLabels(nodeName, machine, labels)).filter(
      ([key, value]) => node.metadata.labels?.[key] !== value,
    );
    if (missing.length === 0) return node;
    const body = { metadata: { labels: Object.fromEntries(missing) } };
    return client.patch(nodes, { name: nodeName }, { type: 'merge', body }, { signal });
  }

  async #statusOf(before: NodeStatus, signal: AbortSignal): Promise<NodeStatus> {
    const { clock, health, machine, nodeName, ips, port, maxPods, hostRuntime, pressures, reserved } = this.#deps;
    const { volumesInUse, goesDown } = this.#deps;
    return nodeStatus(before, {
      nodeName,
      hostname: nodeName,
      ips,
      machine,
      pressures: pressures(),
      health: health.state,
      port: port(),
      maxPods,
      hostRuntime,
      images: await this.#images(before.images ?? [], signal),
      reserved,
      volumesInUse: volumesInUse(),
      goesDown: goesDown(),
      now: clock.now(),
    });
  }

  /** The largest, biggest first. What cannot be asked now stays as it was. */
  async #images(before: readonly ContainerImage[], signal: AbortSignal): Promise<readonly ContainerImage[]> {
    const { runtime, health } = this.#deps;
    if (runtime === undefined || !health.state.runtimeReady) return before;
    const images = await runtime.images({ signal }).catch(() => undefined);
    if (images === undefined) return before;
    return [...images]
      .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
      .slice(0, imagesTold)
      .map(({ tags, digests, sizeBytes }) => ({ names: [...digests, ...tags], sizeBytes }));
  }
}

const isReady = (node: Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
