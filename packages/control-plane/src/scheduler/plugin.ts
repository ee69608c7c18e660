import type { ClusterEvent } from './cluster-event.js';
import type { DomainCounts } from './domain-counts.js';
import type { NodeInfo, PodInfo } from './node-info.js';
import type { TermOwners } from './term-owners.js';

/** Why a node does not fit. The reason is what `kubectl describe pod` shows, counted over nodes. */
export interface Refusal {
  readonly reason: string;
  /** Further reasons of the same node: a node can lack CPU and memory at once. */
  readonly more?: readonly string[] | undefined;
  /** Whether the node could fit if pods of lower priority left it. */
  readonly preemptionHelps: boolean;
}

/** The nodes as they stand at the start of one decision. */
export interface ClusterSnapshot {
  readonly nodes: readonly NodeInfo[];
  readonly byName: ReadonlyMap<string, NodeInfo>;
  /** On how many nodes an image lies. */
  nodesWithImage(name: string): number;
  /** How many running pods use a claim, by `namespace/name`. */
  usersOfClaim(claim: string): number;
  labelsOfNamespace(name: string): Readonly<Record<string, string>>;
  /**
   * Pods counted by the domain their node is in, kept from one decision to the next under `key`; `make` runs only for
   * the first. `namespace` when only pods of that one can count.
   */
  counts(key: string, namespace: string | undefined, make: () => CountsOf): DomainCounts;
  /** Running pods that want to be near others, or far from them, by their terms. */
  readonly termOwners: TermOwners;
}

export interface CountsOf {
  readonly selects: (pod: PodInfo) => boolean;
  /** `undefined`: the node takes no part. */
  readonly domainOf: (node: NodeInfo) => string | undefined;
}

/** One number for each feasible node. */
export type Scores = Float64Array;

/** `skip`: the plugin has nothing to say about this pod, and is not asked about its nodes. */
export type Prepared<State> =
  | 'skip'
  /** `only`: no other nodes can fit. */
  | { readonly state: State; readonly only?: ReadonlySet<string> | undefined }
  | { readonly refusal: Refusal };

/**
 * One concern of a scheduling decision. Synchronous and pure: what it needs is in the pod, the snapshot, and what its
 * maker was given. State may refer to the snapshot's live counts, so that filters see pods come and go while preemption
 * tries things out.
 * Follows: the scheduling framework's PreFilter, Filter, PreScore, Score, NormalizeScore and EventsToRegister.
 */
export interface SchedulerPlugin<State = unknown> {
  readonly name: string;
  /** Its share of the total score; 1 unless said. */
  readonly weight?: number | undefined;
  /** Works out once what `filter` asks of every node. A refusal ends the decision: no node can fit. */
  preFilter?(pod: PodInfo, cluster: ClusterSnapshot): Prepared<State>;
  /** `undefined` means "fits". Runs pods × nodes times: allocates only when it refuses. */
  filter?(pod: PodInfo, node: NodeInfo, state: State): Refusal | undefined;
  /** Works out once what `score` asks of every node. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], cluster: ClusterSnapshot): 'skip' | { readonly state: State };
  /** Raw score; `normalize` makes it 0–100. */
  score?(pod: PodInfo, node: NodeInfo, state: State): number;
  /** In place. */
  normalize?(scores: Scores, nodes: readonly NodeInfo[], state: State): void;
  /** Whether an event can turn a refusal of this plugin into a yes. Absent: any event can. Follows: queueing hints. */
  wokenBy?(event: ClusterEvent): boolean;
  /** For events that passed `wokenBy`: whether it can help this pod. Absent: it can. */
  helps?(event: ClusterEvent, pod: PodInfo): boolean;
}

export const maxScore = 100;

/** Largest becomes 100, the rest in proportion. Follows: DefaultNormalizeScore. */
export function normalizeTo100(scores: Scores): void {
  const largest = largestOf(scores);
  for (let i = 0; i < scores.length; i += 1)
    scores[i] = largest === 0 ? 0 : Math.floor((maxScore * (scores[i] ?? 0)) / largest);
}

/** Smallest is best: 0 becomes 100, the largest 0. Follows: DefaultNormalizeScore, reversed. */
export function invertTo100(scores: Scores): void {
  const largest = largestOf(scores);
  for (let i = 0; i < scores.length; i += 1)
    scores[i] = largest === 0 ? maxScore : maxScore - Math.floor((maxScore * (scores[i] ?? 0)) / largest);
}

function largestOf(scores: Scores): number {
  let largest = 0;
  for (const score of scores) if (score > largest) largest = score;
  return largest;
}
