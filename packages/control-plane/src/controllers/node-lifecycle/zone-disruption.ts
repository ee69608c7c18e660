import type { Node } from '@geobuk/api';

export interface EvictionLimits {
  /** Nodes of a zone that may begin to be emptied in a second. Follows: --node-eviction-rate. */
  readonly perSecond: number;
  /** The same where many nodes of a large zone are unwell. Follows: --secondary-node-eviction-rate. */
  readonly reducedPerSecond: number;
  /** A zone with more nodes is large. Follows: --large-cluster-size-threshold. */
  readonly largeZone: number;
  /** The share of unwell nodes from which on the fault is sought in the zone, not in its nodes. Follows: --unhealthy-zone-threshold. */
  readonly unwellShare: number;
}

export const defaultEvictionLimits: EvictionLimits = {
  perSecond: 0.1,
  reducedPerSecond: 0.01,
  largeZone: 50,
  unwellShare: 0.55,
};

/** Follows: zoneState. */
export type ZoneState = 'normal' | 'partial' | 'full';

/** Follows: GetZoneKey. */
export const zoneOf = ({ metadata: { labels = {} } }: Node): string =>
  `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;

/** Pure. Follows: ComputeZoneState: none well is full; more than two unwell and at least the share is partial. */
export function zoneState(well: number, unwell: number, { unwellShare }: EvictionLimits): ZoneState {
  if (well === 0 && unwell > 0) return 'full';
  return unwell > 2 && unwell / (well + unwell) >= unwellShare ? 'partial' : 'normal';
}

/** How many nodes of a zone may begin to be emptied in a second. Follows: HealthyQPSFunc, ReducedQPSFunc. */
export function evictionRate(state: ZoneState, size: number, limits: EvictionLimits): number {
  if (state !== 'partial') return limits.perSecond; // a zone that is lost as a whole is emptied as usual, into the others
  return size > limits.largeZone ? limits.reducedPerSecond : 0;
}

interface Zone {
  well: number;
  unwell: number;
  /** When the next node may be emptied. */
  nextAt: number;
}

/** Asked again so often while nothing may be emptied. Follows: --node-monitor-period. */
const askAgainMs = 5_000;

/**
 * Which nodes are unwell, zone by zone, and how fast they may be emptied: many that fall silent at once are rather a broken network than
 * broken machines, and when no zone has a node that is well, nothing is emptied at all.
 * Follows: handleDisruption of the node life cycle controller. No call costs more the more nodes there are.
 */
export class ZoneDisruption {
  readonly #limits: EvictionLimits;
  readonly #zones = new Map<string, Zone>();
  readonly #nodes = new Map<string, { readonly zone: string; readonly well: boolean }>();

  constructor(limits: EvictionLimits = defaultEvictionLimits) {
    this.#limits = limits;
  }

  note(node: string, zone: string, well: boolean): void {
    const known = this.#nodes.get(node);
    if (known?.zone === zone && known.well === well) return;
    this.forget(node);
    this.#nodes.set(node, { zone, well });
    const entry = this.#zones.get(zone) ?? { well: 0, unwell: 0, nextAt: 0 };
    this.#zones.set(zone, entry);
    entry[well ? 'well' : 'unwell'] += 1;
  }

  forget(node: string): void {
    const known = this.#nodes.get(node);
    const entry = this.#zones.get(known?.zone ?? '');
    if (known === undefined || entry === undefined) return;
    this.#nodes.delete(node);
    entry[known.well ? 'well' : 'unwell'] -= 1;
    if (entry.well + entry.unwell === 0) this.#zones.delete(known.zone);
  }

  /** Every node of every zone is unwell: it is more likely that this control plane is cut off. */
  get isTotal(): boolean {
    for (const { well } of this.#zones.values()) if (well > 0) return false;
    return this.#zones.size > 0;
  }

  /** Takes a turn to empty a node of this zone. @returns 0 when it was given, else after how many milliseconds to ask again. */
  takeTurn(zone: string, now: number): number {
    const entry = this.#zones.get(zone);
    if (entry === undefined || this.isTotal) return askAgainMs;
    const { well, unwell } = entry;
    const rate = evictionRate(zoneState(well, unwell, this.#limits), well + unwell, this.#limits);
    if (rate === 0) return askAgainMs;
    if (entry.nextAt > now) return Math.min(entry.nextAt - now, askAgainMs);
    entry.nextAt = now + 1_000 / rate;
    return 0;
  }
}
