import type { NodeInfo, PodInfo } from './node-info.js';
import type { ClusterSnapshot, Refusal, SchedulerPlugin } from './plugin.js';

/** What became of one attempt to place a pod. */
export type Decision =
  | { readonly kind: 'bind'; readonly node: NodeInfo; readonly evaluated: number }
  | {
      readonly kind: 'unschedulable';
      /** Why each node refused: node name → plugin and reason. */
      readonly refusals: ReadonlyMap<string, { readonly plugin: string } & Refusal>;
      readonly message: string;
      readonly plugins: ReadonlySet<string>;
    };

/** Enough candidates: of many nodes only a share is looked at. Follows: numFeasibleNodesToFind (50 % − nodes/125, at least 5 % and 100). */
export function enoughNodes(count: number): number {
  if (count < 100) return count;
  const percent = Math.max(5, 50 - Math.floor(count / 125));
  return Math.max(100, Math.floor((count * percent) / 100));
}

/**
 * Where a pod should go. Pure but for `random`, which breaks ties.
 * @param start index of the first node to look at: rotating it spreads the load when only a share is looked at.
 */
export function decide(
  pod: PodInfo,
  cluster: ClusterSnapshot,
  plugins: readonly SchedulerPlugin[],
  start: number,
  random: () => number,
): Decision {
  const states = new Map<string, unknown>();
  for (const plugin of plugins) {
    const result = plugin.preFilter?.(pod, cluster);
    if (result === undefined) continue;
    if ('refusal' in result) return refuseAll(cluster, plugin.name, result.refusal);
    states.set(plugin.name, result.state);
  }
  const filters = plugins.filter((plugin) => plugin.filter !== undefined);
  const feasible: NodeInfo[] = [];
  const refusals = new Map<string, { readonly plugin: string } & Refusal>();
  const { nodes } = cluster;
  const enough = enoughNodes(nodes.length);
  let evaluated = 0;
  for (; evaluated < nodes.length && feasible.length < enough; evaluated += 1) {
    const node = nodes[(start + evaluated) % nodes.length] as NodeInfo;
    const refusal = firstRefusal(pod, node, filters, states);
    if (refusal === undefined) feasible.push(node);
    else refusals.set(node.name, refusal);
  }
  if (feasible.length === 0)
    return {
      kind: 'unschedulable',
      refusals,
      message: describeRefusals(nodes.length, refusals),
      plugins: new Set([...refusals.values()].map(({ plugin }) => plugin)),
    };
  if (feasible.length === 1) return { kind: 'bind', node: feasible[0] as NodeInfo, evaluated };
  return { kind: 'bind', node: best(pod, feasible, cluster, plugins, random), evaluated };
}

function firstRefusal(
  pod: PodInfo,
  node: NodeInfo,
  filters: readonly SchedulerPlugin[],
  states: ReadonlyMap<string, unknown>,
): ({ readonly plugin: string } & Refusal) | undefined {
  for (const plugin of filters) {
    const refusal = plugin.filter?.(pod, node, states.get(plugin.name));
    if (refusal !== undefined) return { plugin: plugin.name, ...refusal };
  }
  return undefined;
}

function best(
  pod: PodInfo,
  feasible: readonly NodeInfo[],
  cluster: ClusterSnapshot,
  plugins: readonly SchedulerPlugin[],
  random: () => number,
): NodeInfo {
  const totals = new Array<number>(feasible.length).fill(0);
  for (const plugin of plugins) {
    if (plugin.score === undefined) continue;
    const state = plugin.preScore?.(pod, feasible, cluster);
    const scores = feasible.map((node) => plugin.score?.(pod, node, state) ?? 0);
    plugin.normalize?.(scores);
    const { weight = 1 } = plugin;
    for (let i = 0; i < totals.length; i += 1) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
  }
  let chosen = 0;
  let ties = 1;
  for (let i = 1; i < totals.length; i += 1) {
    const difference = (totals[i] ?? 0) - (totals[chosen] ?? 0);
    if (difference > 0) {
      chosen = i;
      ties = 1;
    } else if (difference === 0) {
      ties += 1;
      if (random() * ties < 1) chosen = i; // each of the best is equally likely
    }
  }
  return feasible[chosen] as NodeInfo;
}

function refuseAll(cluster: ClusterSnapshot, plugin: string, refusal: Refusal): Decision {
  const refusals = new Map(cluster.nodes.map((node) => [node.name, { plugin, ...refusal }]));
  return {
    kind: 'unschedulable',
    refusals,
    message: `0/${cluster.nodes.length} nodes are available: ${refusal.reason}.`,
    plugins: new Set([plugin]),
  };
}

/** Follows: FitError: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function describeRefusals(nodeCount: number, refusals: ReadonlyMap<string, Refusal>): string {
  const counts = new Map<string, number>();
  for (const { reason } of refusals.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return reasons.length === 0
    ? `0/${nodeCount} nodes are available.`
    : `0/${nodeCount} nodes are available: ${reasons.join(', ')}.`;
}
