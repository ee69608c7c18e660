import type { ClusterState } from './cluster-state.js';
import type { NodeRefusal, Nominations, Prefiltered } from './filtering.js';
import { prefilter, refusalBy, refusalWithNominated } from './filtering.js';
import type { Framework } from './framework.js';
import type { NodeInfo, PodInfo } from './node-info.js';
import type { NodeScore } from './scoring.js';
import { bestIndex, scoreDetails, scoreNodes } from './scoring.js';

/** No node fits, and why not. */
export interface Unschedulable {
  readonly kind: 'unschedulable';
  /** Why each node refused. */
  readonly refusals: ReadonlyMap<string, NodeRefusal>;
  /** What `kubectl describe pod` shows. */
  readonly message: string;
  /** Plugins that refused a node: only events that can change their mind are worth another try. */
  readonly plugins: ReadonlySet<string>;
}

export interface Placement {
  readonly kind: 'bind';
  readonly node: NodeInfo;
  /** Nodes looked at, and how many of them fitted. */
  readonly evaluated: number;
  readonly feasible: number;
  /** The chosen node first, then the best others; empty when there was no choice. */
  readonly scores: readonly NodeScore[];
}

/** What became of one attempt to place a pod. */
export type Decision = Placement | Unschedulable;

export interface Feasible {
  readonly kind: 'feasible';
  readonly nodes: readonly NodeInfo[];
  readonly evaluated: number;
}

export interface DecisionInput {
  readonly pod: PodInfo;
  readonly cluster: ClusterState;
  readonly framework: Framework;
  /** Index of the first node to look at: rotating it spreads the load when only a share is looked at. */
  readonly start: number;
  /** Breaks ties. */
  readonly random: () => number;
  readonly nominations?: Nominations | undefined;
}

/** Score details kept of nodes that were not chosen. */
const othersKept = 2;

/** Enough candidates: of many nodes only a share is looked at. Follows: numFeasibleNodesToFind (50 % − nodes/125, at least 5 % and 100). */
export function enoughNodes(count: number, percentage?: number): number {
  if (count < 100) return count;
  const percent = percentage ?? Math.max(5, 50 - Math.floor(count / 125));
  return percent >= 100 ? count : Math.max(100, Math.floor((count * percent) / 100));
}

/** Where a pod should go. Pure but for `random`. */
export function decide(input: DecisionInput): Decision {
  const found = findFeasible(input);
  return found.kind === 'unschedulable' ? found : choose(input, found);
}

/** The nodes that no plugin refuses, as many as are worth scoring. */
export function findFeasible(input: DecisionInput): Feasible | Unschedulable {
  const { pod, cluster, framework, start, nominations } = input;
  const before = prefilter(pod, cluster, framework);
  const { nodes } = cluster;
  if (nodes.length === 0) return noNodes;
  if (before.kind === 'refused') return refusedByAll(nodes, before);
  const { filters } = before;
  const ask = (node: NodeInfo): NodeRefusal | undefined =>
    nominations === undefined
      ? refusalBy(pod, node, filters)
      : refusalWithNominated(pod, node, filters, cluster, nominations);

  const promised = cluster.byName.get(pod.pod.status?.nominatedNodeName ?? '');
  if (promised !== undefined && before.only?.has(promised.name) !== false && ask(promised) === undefined)
    return { kind: 'feasible', nodes: [promised], evaluated: 0 };

  const candidates = before.only === undefined ? nodes : nodes.filter(({ name }) => before.only?.has(name));
  const enough = enoughNodes(candidates.length, framework.percentageOfNodesToScore);
  const feasible: NodeInfo[] = [];
  const refusing: NodeInfo[] = [];
  const refusals: NodeRefusal[] = [];
  let evaluated = 0;
  for (; evaluated < candidates.length && feasible.length < enough; evaluated += 1) {
    const node = candidates[(start + evaluated) % candidates.length] as NodeInfo;
    const refusal = ask(node);
    if (refusal === undefined) feasible.push(node);
    else {
      refusing.push(node);
      refusals.push(refusal);
    }
  }
  if (feasible.length > 0) return { kind: 'feasible', nodes: feasible, evaluated };
  const byNode = new Map(refusing.map((node, i) => [node.name, refusals[i] as NodeRefusal]));
  return unschedulable(nodes.length, addOthers(nodes, byNode, before));
}

/** Waits for a node to be added; it is no plugin's refusal. */
export const noNodesAtAll = 'NoNodes';

const noNodes: Unschedulable = {
  kind: 'unschedulable',
  refusals: new Map(),
  message: 'no nodes available to schedule pods',
  plugins: new Set([noNodesAtAll]),
};

/** The best of the feasible nodes. @param extra points from outside, by node. */
export function choose(
  { pod, cluster, framework, random }: DecisionInput,
  { nodes, evaluated }: Feasible,
  extra?: ReadonlyMap<string, number>,
): Placement {
  const feasible = nodes.length;
  if (feasible === 1) return { kind: 'bind', node: nodes[0] as NodeInfo, evaluated, feasible, scores: [] };
  const scoring = scoreNodes(pod, nodes, cluster, framework);
  if (extra !== undefined)
    for (let i = 0; i < nodes.length; i += 1)
      scoring.totals[i] = (scoring.totals[i] as number) + (extra.get((nodes[i] as NodeInfo).name) ?? 0);
  const chosen = bestIndex(scoring.totals, random);
  const scores = scoreDetails(scoring, chosen, othersKept);
  return { kind: 'bind', node: nodes[chosen] as NodeInfo, evaluated, feasible, scores };
}

/** Nodes that were not even asked, because a plugin named the only ones that can fit. */
function addOthers(
  nodes: readonly NodeInfo[],
  refusals: Map<string, NodeRefusal>,
  { only, onlyBecauseOf }: Extract<Prefiltered, { kind: 'filters' }>,
): ReadonlyMap<string, NodeRefusal> {
  if (only === undefined) return refusals;
  const refusal = { reason: `node(s) didn't satisfy plugin(s) [${onlyBecauseOf.join(' ')}]`, preemptionHelps: false };
  const other = { plugin: onlyBecauseOf[0] ?? '', refusal };
  for (const { name } of nodes) if (!only.has(name)) refusals.set(name, other);
  return refusals;
}

function refusedByAll(
  nodes: readonly NodeInfo[],
  { plugin, refusal }: Extract<Prefiltered, { kind: 'refused' }>,
): Unschedulable {
  return {
    kind: 'unschedulable',
    refusals: new Map(nodes.map((node) => [node.name, { plugin, refusal }])),
    message: `0/${nodes.length} nodes are available: ${refusal.reason}.`,
    plugins: new Set([plugin]),
  };
}

export function unschedulable(nodeCount: number, refusals: ReadonlyMap<string, NodeRefusal>): Unschedulable {
  const plugins = new Set<string>();
  for (const { plugin } of refusals.values()) plugins.add(plugin);
  return { kind: 'unschedulable', refusals, message: describeRefusals(nodeCount, refusals), plugins };
}

/** Follows: FitError: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function describeRefusals(nodeCount: number, refusals: ReadonlyMap<string, NodeRefusal>): string {
  const counts = new Map<string, number>();
  const count = (reason: string): void => void counts.set(reason, (counts.get(reason) ?? 0) + 1);
  for (const { refusal } of refusals.values()) {
    count(refusal.reason);
    for (const reason of refusal.more ?? []) count(reason);
  }
  const reasons = [...counts].map(([reason, times]) => `${times} ${reason}`).sort();
  return reasons.length === 0
    ? `0/${nodeCount} nodes are available.`
    : `0/${nodeCount} nodes are available: ${reasons.join(', ')}.`;
}
