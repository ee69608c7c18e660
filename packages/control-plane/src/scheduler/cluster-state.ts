import type { Node, Pod } from '@geobuk/api';
import { deepEqual } from '@geobuk/api';
import { nodeChanges } from './cluster-event.js';
import type { DomainCounts } from './domain-counts.js';
import type { PodInfo } from './node-info.js';
import { NodeInfo, podInfo } from './node-info.js';
import type { ClusterSnapshot, CountsOf } from './plugin.js';
import { PodCounts } from './pod-counts.js';
import { TermOwners } from './term-owners.js';
import { zoneByZone } from './zone-by-zone.js';

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const nodeOf = (pod: Pod | undefined): string | undefined =>
  pod === undefined || isFinished(pod) || pod.spec.nodeName === '' ? undefined : pod.spec.nodeName;

/**
 * Nodes and the pods on them, changed by differences as events come. Pods that were just bound count before their event
 * is back ("assumed"), so that two pods never get the same room. Follows: the scheduler's cache.
 */
export class ClusterState implements ClusterSnapshot {
  readonly termOwners = new TermOwners();
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pods whose node is not known yet. */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #assumed = new Map<string, string>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #counts = new PodCounts();
  readonly #images = new Map<string, number>();
  readonly #claims = new Map<string, number>();
  #list: readonly NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    this.#list ??= zoneByZone([...this.#nodes.values()]);
    return this.#list;
  }

  get byName(): ReadonlyMap<string, NodeInfo> {
    return this.#nodes;
  }

  nodesWithImage(name: string): number {
    return this.#images.get(name) ?? 0;
  }

  usersOfClaim(claim: string): number {
    return this.#claims.get(claim) ?? 0;
  }

  labelsOfNamespace(name: string): Readonly<Record<string, string>> {
    return this.#namespaces.get(name) ?? {};
  }

  counts(key: string, namespace: string | undefined, make: () => CountsOf): DomainCounts {
    return this.#counts.get(key, namespace, make, this.#nodes.values());
  }

  namespaceChanged(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (deepEqual(labels, this.#namespaces.get(name))) return;
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, labels);
    this.#counts.forgetAcrossNamespaces();
  }

  nodeChanged(now: Node | undefined, before: Node | undefined): void {
    const name = (now ?? before)?.metadata.name ?? '';
    const known = this.#nodes.get(name);
    if (now === undefined) {
      if (known === undefined) return;
      if (known.pods.size > 0) this.#homeless.set(name, new Map(known.pods));
      for (const pod of [...known.pods.values()]) this.lift(pod, known);
      this.#counts.removeNode(name);
      this.#countImages(known, -1);
      this.#nodes.delete(name);
      this.#list = undefined;
    } else if (known === undefined) {
      const info = new NodeInfo(now);
      this.#nodes.set(name, info);
      this.#countImages(info, 1);
      this.#counts.setNode(info);
      for (const pod of this.#homeless.get(name)?.values() ?? []) this.place(pod, info);
      this.#homeless.delete(name);
      this.#list = undefined;
    } else {
      const changes = nodeChanges(now, known.node);
      this.#countImages(known, -1);
      if (changes.has('labels')) this.termOwners.nodeMoved(known, -1);
      known.setNode(now);
      if (changes.has('labels')) this.termOwners.nodeMoved(known, 1);
      this.#countImages(known, 1);
      if (changes.size === 0) return;
      this.#counts.setNode(known);
      if (changes.has('labels')) this.#list = undefined;
    }
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
      if (from === to && sameDemands(now, before)) this.#nodes.get(to)?.refresh(now);
      else this.#add(podInfo(now), to);
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

  /** Puts a pod on a node in everything that is counted. Whoever tries something out takes it away again at once. */
  place(pod: PodInfo, node: NodeInfo): void {
    const old = node.pods.get(pod.uid);
    if (old !== undefined) this.lift(old, node);
    node.addPod(pod);
    this.#counts.podMoved(pod, node, 1);
    this.termOwners.podMoved(pod, node, 1);
    for (const claim of pod.claims) this.#claims.set(claim, (this.#claims.get(claim) ?? 0) + 1);
  }

  /** Takes a pod off a node in everything that is counted. */
  lift(pod: PodInfo, node: NodeInfo): void {
    if (!node.pods.has(pod.uid)) return;
    node.removePod(pod.uid);
    this.#counts.podMoved(pod, node, -1);
    this.termOwners.podMoved(pod, node, -1);
    for (const claim of pod.claims) {
      const users = (this.#claims.get(claim) ?? 0) - 1;
      if (users > 0) this.#claims.set(claim, users);
      else this.#claims.delete(claim);
    }
  }

  #add(pod: PodInfo, node: string): void {
    const info = this.#nodes.get(node);
    if (info !== undefined) {
      this.place(pod, info);
      return;
    }
    const waiting = this.#homeless.get(node) ?? new Map<string, PodInfo>();
    waiting.set(pod.uid, pod);
    this.#homeless.set(node, waiting);
  }

  #remove(uid: string, node: string): void {
    const info = this.#nodes.get(node);
    const pod = info?.pods.get(uid);
    if (info !== undefined && pod !== undefined) this.lift(pod, info);
    this.#homeless.get(node)?.delete(uid);
  }

  #countImages(node: NodeInfo, sign: 1 | -1): void {
    for (const name of node.images.keys()) {
      const count = (this.#images.get(name) ?? 0) + sign;
      if (count > 0) this.#images.set(name, count);
      else this.#images.delete(name);
    }
  }
}

/** Status updates are most of all events and change nothing here. */
const sameDemands = (now: Pod, before: Pod | undefined): boolean =>
  before !== undefined &&
  now.metadata.deletionTimestamp === before.metadata.deletionTimestamp &&
  deepEqual(now.metadata.labels, before.metadata.labels) &&
  (now.metadata.generation !== undefined && before.metadata.generation !== undefined
    ? now.metadata.generation === before.metadata.generation
    : deepEqual(now.spec, before.spec));
