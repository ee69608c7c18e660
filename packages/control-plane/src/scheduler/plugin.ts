import type { NodeInfo, PodInfo } from './node-info.js';

/** Why a node does not fit. The reason is what `kubectl describe pod` shows, counted over nodes. */
export interface Refusal {
  readonly reason: string;
  /** Whether the node could fit if pods of lower priority left it. */
  readonly preemptionHelps: boolean;
}

/** The nodes as they stand at the start of one decision. */
export interface ClusterSnapshot {
  readonly nodes: readonly NodeInfo[];
  readonly byName: ReadonlyMap<string, NodeInfo>;
}

/**
 * One concern of a scheduling decision. Synchronous and pure: what it needs is in the pod and the snapshot.
 * Follows: the scheduling framework's PreFilter, Filter, PreScore, Score and NormalizeScore.
 */
export interface SchedulerPlugin<State = unknown> {
  readonly name: string;
  /** Its share of the total score; 1 unless said. */
  readonly weight?: number | undefined;
  /** Works out once what `filter` asks of every node. A refusal ends the decision: no node can fit. */
  preFilter?(pod: PodInfo, cluster: ClusterSnapshot): { readonly state: State } | { readonly refusal: Refusal };
  /** `undefined` means "fits". Runs pods × nodes times: allocates only when it refuses. */
  filter?(pod: PodInfo, node: NodeInfo, state: State): Refusal | undefined;
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], cluster: ClusterSnapshot): State;
  /** Raw score; `normalize` makes it 0–100. */
  score?(pod: PodInfo, node: NodeInfo, state: State): number;
  /** In place. */
  normalize?(scores: number[]): void;
}

export const maxScore = 100;

/** Largest becomes 100, the rest in proportion. Follows: DefaultNormalizeScore. */
export function normalizeTo100(scores: number[]): void {
  const largest = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i += 1)
    scores[i] = largest === 0 ? 0 : Math.floor((maxScore * (scores[i] ?? 0)) / largest);
}

/** Smallest is best: 0 becomes 100, the largest 0. Follows: DefaultNormalizeScore, reversed. */
export function invertTo100(scores: number[]): void {
  const largest = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i += 1)
    scores[i] = largest === 0 ? maxScore : maxScore - Math.floor((maxScore * (scores[i] ?? 0)) / largest);
}
