import type { NodeInfo, PodInfo } from '../node-info.js';
import { NodeInfo as EmptyNode } from '../node-info.js';
import { nodeChanged } from '../cluster-event.js';
import type { Refusal, SchedulerPlugin } from '../plugin.js';
import { maxScore } from '../plugin.js';
import { brokenLine } from './broken-line.js';
import type { NodeResourcesBalancedAllocationArgs, NodeResourcesFitArgs } from '../scheduler-config.js';

export const defaultResources = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
] as const;

/** Every resource of which the node has too little left: all are named, so that people see all. */
function missing({ requests }: PodInfo, { allocatable, requested }: NodeInfo, ignored: Ignored): Refusal | undefined {
  let reasons: string[] | undefined;
  let helps = true;
  const lacks = (reason: string, wanted: number, total: number): void => {
    (reasons ??= []).push(reason);
    if (wanted > total) helps = false;
  };
  if (requested.pods + 1 > allocatable.pods) lacks('Too many pods', 1, allocatable.pods);
  const { cpuMillis, memoryBytes, ephemeralStorageBytes } = requests;
  if (cpuMillis > 0 && requested.cpuMillis + cpuMillis > allocatable.cpuMillis)
    lacks('Insufficient cpu', cpuMillis, allocatable.cpuMillis);
  if (memoryBytes > 0 && requested.memoryBytes + memoryBytes > allocatable.memoryBytes)
    lacks('Insufficient memory', memoryBytes, allocatable.memoryBytes);
  if (
    ephemeralStorageBytes > 0 &&
    requested.ephemeralStorageBytes + ephemeralStorageBytes > allocatable.ephemeralStorageBytes
  )
    lacks('Insufficient ephemeral-storage', ephemeralStorageBytes, allocatable.ephemeralStorageBytes);
  if (requests.scalar.size > 0) {
    for (const [name, amount] of requests.scalar) {
      if (amount <= 0 || ignored(name)) continue;
      const total = allocatable.scalar.get(name) ?? 0;
      if ((requested.scalar.get(name) ?? 0) + amount > total) lacks(`Insufficient ${name}`, amount, total);
    }
  }
  if (reasons === undefined) return undefined;
  const [reason = '', ...more] = reasons;
  return { reason, more, preemptionHelps: helps };
}

type Ignored = (resource: string) => boolean;
/** What of one resource is taken once the pod is there, and what there is. */
type Amounts = (pod: PodInfo, node: NodeInfo) => { readonly wanted: number; readonly total: number };

/** `nonZero` counts containers without requests as a little; extended resources only where the pod asks for them. */
function amountsOf(name: string, counted: 'nonZero' | 'requested'): Amounts {
  const nonZero = counted === 'nonZero';
  switch (name) {
    case 'cpu':
      return (pod, node) => ({
        wanted: nonZero
          ? node.nonZeroCpuMillis + pod.nonZeroCpuMillis
          : node.requested.cpuMillis + pod.requests.cpuMillis,
        total: node.allocatable.cpuMillis,
      });
    case 'memory':
      return (pod, node) => ({
        wanted: nonZero
          ? node.nonZeroMemoryBytes + pod.nonZeroMemoryBytes
          : node.requested.memoryBytes + pod.requests.memoryBytes,
        total: node.allocatable.memoryBytes,
      });
    case 'ephemeral-storage':
      return (pod, node) => ({
        wanted: node.requested.ephemeralStorageBytes + pod.requests.ephemeralStorageBytes,
        total: node.allocatable.ephemeralStorageBytes,
      });
    default:
      return ({ requests }, { requested, allocatable }) => {
        const amount = requests.scalar.get(name);
        if (amount === undefined) return { wanted: 0, total: 0 };
        return { wanted: (requested.scalar.get(name) ?? 0) + amount, total: allocatable.scalar.get(name) ?? 0 };
      };
  }
}

/** Points 0–100 of one resource. */
type Strategy = (wanted: number, total: number) => number;

const leastAllocated: Strategy = (wanted, total) =>
  wanted > total ? 0 : Math.floor(((total - wanted) * maxScore) / total);

/** More than all is as good as all: a pod without requests still counts as a little. */
const mostAllocated: Strategy = (wanted, total) => Math.floor((Math.min(wanted, total) * maxScore) / total);

function strategyOf({ type, requestedToCapacityRatio: ratio }: NonNullable<NodeResourcesFitArgs['scoringStrategy']>) {
  switch (type) {
    case undefined:
    case 'LeastAllocated':
      return leastAllocated;
    case 'MostAllocated':
      return mostAllocated;
    case 'RequestedToCapacityRatio':
      return brokenLine(ratio?.shape ?? []);
    default:
      return type satisfies never;
  }
}

/**
 * Keeps pods off nodes without room; prefers the emptier node, the fuller one, or as a given shape says.
 * Follows: NodeResourcesFit: LeastAllocated, MostAllocated, RequestedToCapacityRatio.
 */
export function nodeResourcesFit(args: NodeResourcesFitArgs = {}): SchedulerPlugin {
  const { scoringStrategy = {}, ignoredResources = [], ignoredResourceGroups = [] } = args;
  const strategy = strategyOf(scoringStrategy);
  const ratio = scoringStrategy.type === 'RequestedToCapacityRatio';
  const resources = (scoringStrategy.resources ?? defaultResources).map(({ name, weight = 1 }) => ({
    amounts: amountsOf(name, 'nonZero'),
    weight,
  }));
  const ignored: Ignored = (name) =>
    ignoredResources.includes(name) || ignoredResourceGroups.includes(name.split('/')[0] ?? '');
  return {
    name: 'NodeResourcesFit',
    filter: (pod, node) => missing(pod, node, ignored),
    score(pod, node) {
      let points = 0;
      let weights = 0;
      for (const { amounts, weight } of resources) {
        const { wanted, total } = amounts(pod, node);
        if (total === 0) continue;
        const score = strategy(wanted, total);
        if (ratio && score <= 0) continue; // a resource without points does not pull the others down
        points += score * weight;
        weights += weight;
      }
      if (weights === 0) return 0;
      return ratio ? Math.round(points / weights) : Math.floor(points / weights);
    },
    wokenBy: (event) => nodeChanged(event, 'added', 'allocatable') || event.kind === 'podGone',
    // A node helps when the pod would fit into it while it is empty.
    helps: (event, pod) => event.kind !== 'node' || missing(pod, new EmptyNode(event.node), ignored) === undefined,
  };
}

/** Prefers nodes where resources are used evenly. Follows: NodeResourcesBalancedAllocation. */
export function nodeResourcesBalanced(args: NodeResourcesBalancedAllocationArgs = {}): SchedulerPlugin {
  const resources = (args.resources ?? defaultResources).map(({ name }) => amountsOf(name, 'requested'));
  return {
    name: 'NodeResourcesBalancedAllocation',
    /** What asks for nothing leaves every node as even as it was. */
    preScore({ requests }) {
      const asks = requests.cpuMillis + requests.memoryBytes + requests.ephemeralStorageBytes + requests.scalar.size;
      return asks === 0 ? 'skip' : { state: undefined };
    },
    score(pod, node) {
      let count = 0;
      let sum = 0;
      let squares = 0;
      for (const amounts of resources) {
        const { wanted, total } = amounts(pod, node);
        if (total === 0) continue;
        const fraction = Math.min(1, wanted / total);
        count += 1;
        sum += fraction;
        squares += fraction * fraction;
      }
      if (count === 0) return maxScore;
      const mean = sum / count;
      // Rounding may leave a hair below zero.
      return Math.floor((1 - Math.sqrt(Math.max(0, squares / count - mean * mean))) * maxScore);
    },
  };
}
