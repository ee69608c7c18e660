import type { Node, Pod, Taint } from '@geobuk/api';
import { bytesOf, cpuMillis } from '@geobuk/api';
import type { PodAffinityTerms } from './affinity-term.js';
import { podAffinityTerms } from './affinity-term.js';

/** Amounts by resource: `cpu` in millicores, everything else in its own unit (bytes, pieces). */
export interface Resources {
  cpuMillis: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  pods: number;
  /** Extended resources and huge pages. */
  readonly scalar: Map<string, number>;
}

export const noResources = (): Resources => ({
  cpuMillis: 0,
  memoryBytes: 0,
  ephemeralStorageBytes: 0,
  pods: 0,
  scalar: new Map(),
});

/** A pod with everything that is asked of it pods × nodes times worked out once. */
export interface PodInfo {
  readonly pod: Pod;
  readonly uid: string;
  readonly requests: Resources;
  /** For scoring: containers without requests count as a little. Follows: GetNonzeroRequests. */
  readonly nonZeroCpuMillis: number;
  readonly nonZeroMemoryBytes: number;
  readonly hostPorts: readonly HostPort[];
  readonly priority: number;
  /** Absent for most pods. */
  readonly affinity: PodAffinityTerms | undefined;
  /** `namespace/name` of the claims it mounts, those of its generic ephemeral volumes included. */
  readonly claims: readonly string[];
}

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

const none: readonly string[] = [];
const defaultCpuMillis = 100;
const defaultMemoryBytes = 200 * 1024 * 1024;

function add(total: Resources, list: Readonly<Record<string, string>> | undefined): void {
  for (const [name, quantity] of Object.entries(list ?? {})) {
    if (name === 'cpu') total.cpuMillis += cpuMillis(quantity);
    else if (name === 'memory') total.memoryBytes += bytesOf(quantity);
    else if (name === 'ephemeral-storage') total.ephemeralStorageBytes += bytesOf(quantity);
    else if (name === 'pods') total.pods += bytesOf(quantity);
    else total.scalar.set(name, (total.scalar.get(name) ?? 0) + bytesOf(quantity));
  }
}

function atLeast(total: Resources, other: Resources): void {
  total.cpuMillis = Math.max(total.cpuMillis, other.cpuMillis);
  total.memoryBytes = Math.max(total.memoryBytes, other.memoryBytes);
  total.ephemeralStorageBytes = Math.max(total.ephemeralStorageBytes, other.ephemeralStorageBytes);
  for (const [name, amount] of other.scalar) total.scalar.set(name, Math.max(total.scalar.get(name) ?? 0, amount));
}

/**
 * What a pod takes of its node: the sum of its containers and sidecars, or the largest moment of its start, plus overhead.
 * Follows: PodRequests: an init container runs beside the sidecars that were started before it.
 */
export function podRequests(pod: Pod): Resources {
  const total = noResources();
  for (const container of pod.spec.containers) add(total, container.resources?.requests);
  const sidecars = noResources();
  const peak = noResources();
  for (const container of pod.spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(total, container.resources?.requests);
      add(sidecars, container.resources?.requests);
      atLeast(peak, sidecars);
      continue;
    }
    const moment = noResources();
    add(moment, container.resources?.requests);
    moment.cpuMillis += sidecars.cpuMillis;
    moment.memoryBytes += sidecars.memoryBytes;
    moment.ephemeralStorageBytes += sidecars.ephemeralStorageBytes;
    for (const [name, amount] of sidecars.scalar) moment.scalar.set(name, (moment.scalar.get(name) ?? 0) + amount);
    atLeast(peak, moment);
  }
  atLeast(total, peak);
  const podLevel = noResources();
  add(podLevel, pod.spec.resources?.requests);
  if (pod.spec.resources?.requests?.['cpu'] !== undefined) total.cpuMillis = podLevel.cpuMillis;
  if (pod.spec.resources?.requests?.['memory'] !== undefined) total.memoryBytes = podLevel.memoryBytes;
  add(total, pod.spec.overhead);
  return total;
}

export function podInfo(pod: Pod): PodInfo {
  const requests = podRequests(pod);
  let nonZeroCpuMillis = 0;
  let nonZeroMemoryBytes = 0;
  for (const { resources } of pod.spec.containers) {
    const { cpu, memory } = resources?.requests ?? {};
    nonZeroCpuMillis += cpu === undefined ? defaultCpuMillis : cpuMillis(cpu);
    nonZeroMemoryBytes += memory === undefined ? defaultMemoryBytes : bytesOf(memory);
  }
  return {
    pod,
    uid: pod.metadata.uid ?? '',
    requests,
    nonZeroCpuMillis: Math.max(nonZeroCpuMillis, requests.cpuMillis),
    nonZeroMemoryBytes: Math.max(nonZeroMemoryBytes, requests.memoryBytes),
    hostPorts: [
      ...pod.spec.containers,
      ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    ]
      .flatMap(({ ports }) => ports ?? [])
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ protocol = 'TCP', hostIP = '0.0.0.0', hostPort = 0 }) => ({ protocol, ip: hostIP, port: hostPort })),
    priority: pod.spec.priority ?? 0,
    affinity: podAffinityTerms(pod),
    claims: claimsOf(pod),
  };
}

/** An ephemeral volume's claim is named after pod and volume. */
function claimsOf({ metadata, spec }: Pod): readonly string[] {
  if (spec.volumes === undefined) return none;
  return spec.volumes.flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [`${metadata.namespace ?? ''}/${persistentVolumeClaim.claimName}`];
    return ephemeral === undefined ? [] : [`${metadata.namespace ?? ''}/${metadata.name ?? ''}-${name}`];
  });
}

const hard = (taint: Taint): boolean => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute';

/** One node with what runs on it, kept up to date by differences. */
export class NodeInfo {
  readonly name: string;
  #node: Node;
  #labels: Readonly<Record<string, string>> = {};
  #allocatable = noResources();
  #hardTaints: readonly Taint[] = [];
  #softTaints: readonly Taint[] = [];
  #images = new Map<string, number>();
  readonly #pods = new Map<string, PodInfo>();
  readonly #requested = noResources();
  #nonZeroCpuMillis = 0;
  #nonZeroMemoryBytes = 0;

  constructor(node: Node) {
    this.name = node.metadata.name ?? '';
    this.#node = node;
    this.setNode(node);
  }

  get node(): Node {
    return this.#node;
  }

  get allocatable(): Readonly<Resources> {
    return this.#allocatable;
  }

  get requested(): Readonly<Resources> {
    return this.#requested;
  }

  get nonZeroCpuMillis(): number {
    return this.#nonZeroCpuMillis;
  }

  get nonZeroMemoryBytes(): number {
    return this.#nonZeroMemoryBytes;
  }

  get hardTaints(): readonly Taint[] {
    return this.#hardTaints;
  }

  get softTaints(): readonly Taint[] {
    return this.#softTaints;
  }

  get pods(): ReadonlyMap<string, PodInfo> {
    return this.#pods;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#labels;
  }

  /** Sizes in bytes by every name an image has here. */
  get images(): ReadonlyMap<string, number> {
    return this.#images;
  }

  setNode(node: Node): void {
    this.#node = node;
    this.#labels = node.metadata.labels ?? {};
    this.#images = new Map(
      (node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes])),
    );
    const allocatable = noResources();
    add(allocatable, node.status?.allocatable ?? node.status?.capacity);
    this.#allocatable = allocatable;
    this.#hardTaints = (node.spec.taints ?? []).filter(hard);
    this.#softTaints = (node.spec.taints ?? []).filter(({ effect }) => effect === 'PreferNoSchedule');
  }

  addPod(info: PodInfo): void {
    this.removePod(info.uid);
    this.#pods.set(info.uid, info);
    this.#count(info, 1);
  }

  removePod(uid: string): void {
    const info = this.#pods.get(uid);
    if (info === undefined) return;
    this.#pods.delete(uid);
    this.#count(info, -1);
  }

  /** The same pod with another status: what it takes is as before. */
  refresh(pod: Pod): void {
    const info = this.#pods.get(pod.metadata.uid ?? '');
    if (info !== undefined) this.#pods.set(info.uid, { ...info, pod });
  }

  #count({ requests, nonZeroCpuMillis, nonZeroMemoryBytes }: PodInfo, sign: 1 | -1): void {
    this.#requested.cpuMillis += sign * requests.cpuMillis;
    this.#requested.memoryBytes += sign * requests.memoryBytes;
    this.#requested.ephemeralStorageBytes += sign * requests.ephemeralStorageBytes;
    this.#requested.pods += sign;
    for (const [name, amount] of requests.scalar)
      this.#requested.scalar.set(name, (this.#requested.scalar.get(name) ?? 0) + sign * amount);
    this.#nonZeroCpuMillis += sign * nonZeroCpuMillis;
    this.#nonZeroMemoryBytes += sign * nonZeroMemoryBytes;
  }
}
