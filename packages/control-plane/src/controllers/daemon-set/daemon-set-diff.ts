import type { DaemonSet, DaemonSetStatus, Node, Pod, PodSpec, Taint, Toleration } from '@geobuk/api';
import { matchesNodeAffinity, untolerated } from '@geobuk/api';
import { hashOf } from '../history/controller-history.js';
import { scaledValue } from '../deployment/rolling-update.js';
import { availableInMs, isPodAvailable, isPodReady } from '../pod-state.js';

/** What daemons put up with on any node. Follows: AddOrUpdateDaemonPodTolerations. */
export function daemonTolerations(spec: PodSpec): readonly Toleration[] {
  const exists = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect });
  return [
    ...(spec.tolerations ?? []),
    exists('node.kubernetes.io/not-ready', 'NoExecute'),
    exists('node.kubernetes.io/unreachable', 'NoExecute'),
    exists('node.kubernetes.io/disk-pressure', 'NoSchedule'),
    exists('node.kubernetes.io/memory-pressure', 'NoSchedule'),
    exists('node.kubernetes.io/pid-pressure', 'NoSchedule'),
    exists('node.kubernetes.io/unschedulable', 'NoSchedule'),
    ...(spec.hostNetwork === true ? [exists('node.kubernetes.io/network-unavailable', 'NoSchedule')] : []),
  ];
}

/** Whether a node should get a daemon, and whether one that is there may stay. */
export function nodeVerdict(ds: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const spec = ds.spec.template.spec;
  const name = node.metadata.name ?? '';
  if (spec === undefined || (spec.nodeName !== undefined && spec.nodeName !== '' && spec.nodeName !== name))
    return { run: false, stay: false };
  if (!matchesNodeAffinity({ name, labels: node.metadata.labels ?? {} }, spec)) return { run: false, stay: false };
  const tolerations = daemonTolerations(spec);
  const taints = (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
  const executes = (taint: Taint): boolean => taint.effect === 'NoExecute';
  return {
    run: untolerated(tolerations, taints) === undefined,
    stay: untolerated(tolerations, taints.filter(executes)) === undefined,
  };
}

/** The node a daemon pod is for: where it is bound, else the one its affinity names. */
export function nodeOfDaemon(pod: Pod): string | undefined {
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') return pod.spec.nodeName;
  for (const { matchFields } of pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms ?? []) {
    const field = matchFields?.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (field?.values?.[0] !== undefined) return field.values[0];
  }
  return undefined;
}

export interface DaemonSetDiff {
  /** Names of nodes that need a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Daemons that failed: removed, and made again with back-off. */
  readonly failed: readonly Pod[];
  readonly wakeAfterMs: number | undefined;
}

const leaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const finished = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
const oldest = (a: Pod, b: Pod): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  (a.metadata.uid ?? '').localeCompare(b.metadata.uid ?? '');

/**
 * One daemon on each eligible node, of the template's revision. Pure.
 * Follows: DaemonSet controller (podsShouldBeOnNode and rollingUpdate with maxUnavailable or maxSurge).
 */
export function diffDaemonSet(
  ds: DaemonSet,
  nodes: readonly Node[],
  pods: readonly Pod[],
  hash: string,
  now: number,
): DaemonSetDiff {
  const create: string[] = [];
  const remove: Pod[] = [];
  const failed: Pod[] = [];
  const byNode = groupByNode(pods);
  const minReady = ds.spec.minReadySeconds ?? 0;
  const rolling = rollingLimits(ds, nodes.filter((node) => nodeVerdict(ds, node).run).length);
  let unavailable = 0;
  const replaceable: { readonly pod: Pod; readonly available: boolean }[] = [];
  const surgeable: string[] = [];
  let surging = 0;
  let wakeAfterMs: number | undefined;

  for (const node of nodes) {
    const name = node.metadata.name ?? '';
    const { run, stay } = nodeVerdict(ds, node);
    const here = byNode.get(name) ?? [];
    byNode.delete(name);
    if (!stay || (!run && here.length === 0)) {
      remove.push(...here.filter((pod) => !leaving(pod)));
      continue;
    }
    const failedHere = here.filter((pod) => finished(pod) && !leaving(pod));
    failed.push(...failedHere);
    const alive = here.filter((pod) => !finished(pod) && !leaving(pod)).sort(oldest);
    for (const pod of alive) {
      const wait = availableInMs(pod, minReady, now);
      if (wait !== undefined && wait > 0) wakeAfterMs = Math.min(wakeAfterMs ?? wait, wait);
    }
    const current = alive.filter((pod) => hashOf(pod) === hash);
    const old = alive.filter((pod) => hashOf(pod) !== hash);
    if (alive.length === 0) {
      if (run) unavailable += 1;
      // A daemon that is still leaving holds its ports: the next one waits for it.
      if (run && here.every((pod) => !leaving(pod) || rolling.surge > 0)) create.push(name);
      continue;
    }
    if (!alive.some((pod) => isPodAvailable(pod, minReady, now))) unavailable += 1;
    if (rolling.surge > 0 && current.length > 0 && old.length > 0) {
      surging += 1;
      // The new one serves: the old one has done its duty.
      if (current.some((pod) => isPodAvailable(pod, minReady, now))) remove.push(...old);
      else if (!old.some(isPodReady)) remove.push(...old);
      remove.push(...current.slice(1));
      continue;
    }
    remove.push(...alive.slice(1));
    const [only] = alive;
    if (only !== undefined && hashOf(only) !== hash && rolling.active) {
      if (rolling.surge > 0) surgeable.push(name);
      else replaceable.push({ pod: only, available: isPodAvailable(only, minReady, now) });
    }
  }
  for (const strays of byNode.values()) remove.push(...strays.filter((pod) => !leaving(pod)));

  // Pods that serve nobody anyway go first and cost nothing; the rest within the limit.
  let budget = Math.max(0, rolling.unavailable - unavailable);
  for (const { pod, available } of replaceable) {
    if (!available) remove.push(pod);
    else if (budget > 0) {
      remove.push(pod);
      budget -= 1;
    }
  }
  create.push(...surgeable.slice(0, Math.max(0, rolling.surge - surging)));
  return { create, remove, failed, wakeAfterMs };
}

function rollingLimits(
  ds: DaemonSet,
  desired: number,
): { readonly active: boolean; readonly unavailable: number; readonly surge: number } {
  if (ds.spec.updateStrategy?.type === 'OnDelete') return { active: false, unavailable: 0, surge: 0 };
  const { maxUnavailable = 1, maxSurge = 0 } = ds.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, desired, true);
  const unavailable = scaledValue(maxUnavailable, desired, true);
  return { active: true, surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
}

export function groupByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const groups = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = nodeOfDaemon(pod) ?? '';
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [pod]);
    else group.push(pod);
  }
  return groups;
}

/** The status that these pods amount to. */
export function daemonSetStatus(
  ds: DaemonSet,
  nodes: readonly Node[],
  pods: readonly Pod[],
  hash: string,
  now: number,
): DaemonSetStatus {
  const byNode = groupByNode(pods.filter((pod) => !leaving(pod)));
  const minReady = ds.spec.minReadySeconds ?? 0;
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const node of nodes) {
    const here = [...(byNode.get(node.metadata.name ?? '') ?? [])].sort(oldest);
    if (!nodeVerdict(ds, node).run) {
      if (here.length > 0) counts.misscheduled += 1;
      continue;
    }
    counts.desired += 1;
    if (here.length === 0) continue;
    counts.current += 1;
    if (here.some(isPodReady)) counts.ready += 1;
    if (here.some((pod) => isPodAvailable(pod, minReady, now))) counts.available += 1;
    if (here.some((pod) => hashOf(pod) === hash)) counts.updated += 1;
  }
  const unavailable = counts.desired - counts.available;
  return {
    currentNumberScheduled: counts.current,
    desiredNumberScheduled: counts.desired,
    numberMisscheduled: counts.misscheduled,
    numberReady: counts.ready,
    ...(counts.available === 0 ? {} : { numberAvailable: counts.available }),
    ...(unavailable === 0 ? {} : { numberUnavailable: unavailable }),
    ...(counts.updated === 0 ? {} : { updatedNumberScheduled: counts.updated }),
    observedGeneration: ds.metadata.generation,
    ...(ds.status?.collisionCount === undefined ? {} : { collisionCount: ds.status.collisionCount }),
  };
}
