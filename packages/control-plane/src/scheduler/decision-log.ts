import type { Placement, Unschedulable } from './decision.js';
import type { NodeScore } from './scoring.js';

/** Where a pod went, and how the nodes compared. */
export interface PlacementRecord {
  readonly node: string;
  readonly evaluated: number;
  readonly feasible: number;
  readonly scores: readonly NodeScore[];
}

/** A decision as people and programs read it: for each node that refused, the plugin and its reasons. */
export type SchedulingDecision =
  | {
      readonly outcome: 'Unschedulable';
      readonly message: string;
      readonly nodes: Readonly<Record<string, { readonly plugin: string; readonly reasons: readonly string[] }>>;
    }
  | ({ readonly outcome: 'Scheduled' } & PlacementRecord);

/** Pods placed last whose scores are kept. */
const placementsKept = 1_000;
/** Refusals of single nodes that are kept over all pods; beyond it the oldest pod's go. */
const nodeRefusalsKept = 200_000;

/** Why pods are where they are, or nowhere yet; bounded. */
export class DecisionLog {
  readonly #refusals = new Map<string, Unschedulable>();
  readonly #placements = new Map<string, PlacementRecord>();
  #nodeRefusals = 0;

  refusalOf(uid: string): Unschedulable | undefined {
    return this.#refusals.get(uid);
  }

  placementOf(uid: string): PlacementRecord | undefined {
    return this.#placements.get(uid);
  }

  /** The last decision about a pod, as long as it is kept. */
  decisionOf(uid: string): SchedulingDecision | undefined {
    const placement = this.#placements.get(uid);
    if (placement !== undefined) return { outcome: 'Scheduled', ...placement };
    const refused = this.#refusals.get(uid);
    if (refused === undefined) return undefined;
    const nodes = Object.fromEntries(
      [...refused.refusals].map(([node, { plugin, refusal }]) => [
        node,
        { plugin, reasons: [refusal.reason, ...(refusal.more ?? [])] },
      ]),
    );
    return { outcome: 'Unschedulable', message: refused.message, nodes };
  }

  refused(uid: string, decision: Unschedulable): void {
    this.forget(uid);
    this.#refusals.set(uid, decision);
    this.#nodeRefusals += weight(decision);
    for (const [oldest] of this.#refusals) {
      if (this.#nodeRefusals <= nodeRefusalsKept || oldest === uid) break;
      this.#forgetRefusal(oldest);
    }
  }

  placed(uid: string, { node, evaluated, feasible, scores }: Placement): void {
    this.forget(uid);
    this.#placements.set(uid, { node: node.name, evaluated, feasible, scores });
    if (this.#placements.size <= placementsKept) return;
    const [oldest] = this.#placements.keys();
    if (oldest !== undefined) this.#placements.delete(oldest);
  }

  forget(uid: string): void {
    this.#placements.delete(uid);
    this.#forgetRefusal(uid);
  }

  #forgetRefusal(uid: string): void {
    const known = this.#refusals.get(uid);
    if (known === undefined) return;
    this.#nodeRefusals -= weight(known);
    this.#refusals.delete(uid);
  }
}

const weight = ({ refusals }: Unschedulable): number => 1 + refusals.size;
