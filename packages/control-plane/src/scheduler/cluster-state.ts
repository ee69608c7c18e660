import type { Node, Pod } from '@geobuk/api';
import type { PodInfo } from './node-info.js';
import { NodeInfo, podInfo } from './node-info.js';
import type { ClusterSnapshot } from './plugin.js';

const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const nodeOf = (pod: Pod | undefined): string | undefined =>
  pod === undefined || isFinished(pod) || pod.spec.nodeName === '' ? undefined : pod.spec.nodeName;

/**
 * Nodes and the pods on them, changed by differences as events come. Pods that were just bound count before their event
 * is back ("assumed"), so that two pods never get the same room. Follows: the scheduler's cache.
 */
export class ClusterState implements ClusterSnapshot {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pods whose node is not known yet. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #assumed = new Map<string, string>();
  #list: NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.values()];
    return this.#list;
  }

  get byName(): ReadonlyMap<string, NodeInfo> {
    return this.#nodes;
  }

  nodeChanged(now: Node | undefined, before: Node | undefined): void {
    const name = (now ?? before)?.metadata.name ?? '';
    const known = this.#nodes.get(name);
    if (now === undefined) {
      if (known !== undefined && known.pods.size > 0) this.#homeless.set(name, new Map(known.pods));
      this.#nodes.delete(name);
      this.#list = undefined;
    } else if (known === undefined) {
      const info = new NodeInfo(now);
      for (const pod of this.#homeless.get(name)?.values() ?? []) info.addPod(pod);
      this.#homeless.delete(name);
      this.#nodes.set(name, info);
      this.#list = undefined;
    } else known.setNode(now);
  }

  podChanged(now: Pod | undefined, before: Pod | undefined): void {
    const uid = (now ?? before)?.metadata.uid ?? '';
    const to = nodeOf(now);
    const from = nodeOf(before) ?? this.#assumed.get(uid);
    if (from !== undefined && from !== to) {
      if (now !== undefined && to === undefined && !isFinished(now) && this.#assumed.has(uid)) return; // an event from before the binding
      this.#remove(uid, from);
    }
    if (to !== undefined && now !== undefined) {
      this.#assumed.delete(uid);
      if (from !== to || !sameDemands(now, before)) this.#add(podInfo(now), to);
    } else if (now === undefined || isFinished(now)) this.#assumed.delete(uid);
  }

  /** Counts a pod on a node from now on, before the API says so. */
  assume(pod: PodInfo, node: string): void {
    this.#assumed.set(pod.uid, node);
    this.#add(pod, node);
  }

  /** The binding failed: the room is free again. */
  forget(pod: PodInfo): void {
    const node = this.#assumed.get(pod.uid);
    if (node === undefined) return;
    this.#assumed.delete(pod.uid);
    this.#remove(pod.uid, node);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  #add(pod: PodInfo, node: string): void {
    const info = this.#nodes.get(node);
    if (info !== undefined) {
      info.addPod(pod);
      return;
    }
    const waiting = this.#homeless.get(node) ?? new Map<string, PodInfo>();
    waiting.set(pod.uid, pod);
    this.#homeless.set(node, waiting);
  }

  #remove(uid: string, node: string): void {
    this.#nodes.get(node)?.removePod(uid);
    this.#homeless.get(node)?.delete(uid);
  }
}

/** Status updates are most of all events and change nothing here. */
const sameDemands = (now: Pod, before: Pod | undefined): boolean =>
  before !== undefined &&
  now.metadata.generation !== undefined &&
  now.metadata.generation === before.metadata.generation &&
  now.metadata.labels === before.metadata.labels;
