import type { ContainerState, PodState, SandboxState } from '../runtime.js';
import { isNotFound } from '../runtime.js';
import { groupByPod } from '../group-by-pod.js';
import { podLabels } from '../pod-labels.js';
import type { CriConnection } from './connection.js';
import { containerState, sandboxDetail, sandboxState } from './observation.js';
import type { Message } from './schema.js';

const listTimeoutMs = 30_000;
/** Status calls in flight at once: the engine answers them from memory, one by one. */
const statusConcurrency = 8;

interface Known<T> {
  /** The state in the list when `value` was made: nothing else about it can change meanwhile. */
  readonly listedState: string;
  readonly value: T;
}

/**
 * Sees pods through two lists, and asks for the details of one sandbox or container only when its state is another
 * than last time. In CRI a container goes created → running → exited and never back, and its details change only with
 * its state, so a relist of an unchanged node is two calls.
 */
export class CriObserver {
  readonly #connection: CriConnection;
  readonly #sandboxes = new Map<string, Known<SandboxState>>();
  readonly #containers = new Map<string, Known<ContainerState>>();

  constructor(connection: CriConnection) {
    this.#connection = connection;
  }

  async observe(uid: string, signal: AbortSignal): Promise<PodState | undefined> {
    const pods = await this.#look({ [podLabels.uid]: uid }, signal);
    return pods.find(({ pod }) => pod.uid === uid);
  }

  async observeAll(signal: AbortSignal): Promise<readonly PodState[]> {
    return this.#look(undefined, signal);
  }

  /** The pod of a container or sandbox that was seen before. */
  podUidOf(id: string): string | undefined {
    return this.#containers.get(id)?.value.labels[podLabels.uid] ?? this.#sandboxes.get(id)?.value.pod.uid;
  }

  forget(id: string): void {
    this.#sandboxes.delete(id);
    this.#containers.delete(id);
  }

  async #look(labelSelector: Record<string, string> | undefined, signal: AbortSignal): Promise<readonly PodState[]> {
    const filter = labelSelector === undefined ? undefined : { labelSelector };
    const [sandboxes, containers] = await Promise.all([
      this.#connection.call('ListPodSandbox', { filter }, listTimeoutMs, signal),
      this.#connection.call('ListContainers', { filter }, listTimeoutMs, signal),
    ]);
    if (labelSelector === undefined) {
      keepOnly(this.#sandboxes, sandboxes.items);
      keepOnly(this.#containers, containers.containers);
    }
    const seenSandboxes = await this.#detail(this.#sandboxes, sandboxes.items, async (listed) => {
      const { status } = await this.#connection.call(
        'PodSandboxStatus',
        { podSandboxId: listed.id },
        listTimeoutMs,
        signal,
      );
      return status === null ? undefined : sandboxState(listed, sandboxDetail(status));
    });
    const seenContainers = await this.#detail(this.#containers, containers.containers, async (listed) => {
      const { status } = await this.#connection.call(
        'ContainerStatus',
        { containerId: listed.id },
        listTimeoutMs,
        signal,
      );
      return status === null ? undefined : containerState(listed, status);
    });
    return groupByPod(seenSandboxes, seenContainers);
  }

  /** Known values where the state is the same, fresh ones elsewhere; what vanished between list and status is left out. */
  async #detail<L extends Message<'PodSandbox'> | Message<'Container'>, T extends { readonly state: string }>(
    known: Map<string, Known<T>>,
    listed: readonly L[],
    ask: (listed: L) => Promise<T | undefined>,
  ): Promise<T[]> {
    const values = new Array<T | undefined>(listed.length);
    const unknown: number[] = [];
    listed.forEach((item, index) => {
      const found = known.get(item.id);
      if (found?.listedState === item.state) values[index] = found.value;
      else unknown.push(index);
    });
    const work = async (): Promise<void> => {
      for (let index = unknown.pop(); index !== undefined; index = unknown.pop()) {
        const item = listed[index];
        if (item === undefined) continue;
        try {
          const value = await ask(item);
          values[index] = value;
          if (value !== undefined) known.set(item.id, { listedState: item.state, value });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(statusConcurrency, unknown.length) }, work));
    return values.filter((value) => value !== undefined);
  }
}

function keepOnly(known: Map<string, unknown>, listed: readonly { readonly id: string }[]): void {
  if (known.size === 0) return;
  const alive = new Set(listed.map(({ id }) => id));
  for (const id of known.keys()) if (!alive.has(id)) known.delete(id);
}
