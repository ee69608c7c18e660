import type { PriorityLevelConfiguration } from '@geobuk/api';
import { shuffleShard } from './shuffle-shard.js';

export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** A request that waits for its turn. */
export interface Waiter {
  /** How many seats it will take. */
  readonly seats: number;
  /** It is its turn; the seats are taken. */
  go(queue: FlowQueue): void;
}

/** Requests of one or few flows, first in, first out. */
export interface FlowQueue {
  readonly waiting: Set<Waiter>;
  /** Seats that are waited for and that are taken. */
  seats: number;
  /** The virtual time at which what was let go from here is paid for. */
  paidUntil: number;
}

const newQueue = (): FlowQueue => ({ waiting: new Set(), seats: 0, paidUntil: 0 });

/** A level as its configuration has it, worked out for the seats of this server. */
export interface LevelShape {
  readonly name: string;
  readonly uid: string;
  readonly isExempt: boolean;
  /** Seats of its own. */
  readonly nominal: number;
  /** Seats that others may not borrow. */
  readonly least: number;
  /** Seats that it may take at most, with borrowed ones. */
  readonly most: number;
  /** Absent: whoever finds no seat is refused. */
  readonly queuing?: { readonly queues: number; readonly handSize: number; readonly lengthLimit: number } | undefined;
}

/** How seats are shared among levels. Pure. Follows: nominal, lendable and borrowing limits of 1.17.1. */
export function levelShapes(
  configurations: readonly PriorityLevelConfiguration[],
  totalSeats: number,
): readonly LevelShape[] {
  const sharesOf = ({ spec }: PriorityLevelConfiguration): number =>
    spec.type === 'Exempt'
      ? (spec.exempt?.nominalConcurrencyShares ?? 0)
      : (spec.limited?.nominalConcurrencyShares ?? 30);
  const allShares = Math.max(
    1,
    configurations.reduce((sum, one) => sum + sharesOf(one), 0),
  );
  return configurations.map((configuration) => {
    const { metadata, spec } = configuration;
    const nominal = Math.ceil((totalSeats * sharesOf(configuration)) / allShares);
    const { lendablePercent = 0, borrowingLimitPercent, limitResponse } = spec.limited ?? {};
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = limitResponse?.queuing ?? {};
    return {
      name: metadata.name ?? '',
      uid: metadata.uid ?? '',
      isExempt: spec.type === 'Exempt',
      nominal,
      least: nominal - Math.round((nominal * lendablePercent) / 100),
      most:
        borrowingLimitPercent === undefined
          ? Number.POSITIVE_INFINITY
          : nominal + Math.round((nominal * borrowingLimitPercent) / 100),
      queuing: limitResponse?.type === 'Queue' ? { queues, handSize, lengthLimit: queueLengthLimit } : undefined,
    };
  });
}

/**
 * The seats of one level and who waits for them. Among the queues goes first the one that has had least, by start-time
 * fair queuing: a queue pays for each request with the seats and the time that it took, so that one user's flood
 * passes no more work than another's trickle.
 */
export class PriorityLevel {
  shape: LevelShape;
  inUse = 0;
  waitingRequests = 0;
  #queues: FlowQueue[] = [];
  readonly #busy = new Set<FlowQueue>();
  #virtualTime = 0;
  /** How long a request has its seat, in ms: a moving mean. */
  #usualMs = 10;

  constructor(shape: LevelShape) {
    this.shape = shape;
  }

  /** The queue for a flow; undefined when there is none, or it is full. */
  queueFor(flow: string): FlowQueue | undefined {
    const { queuing } = this.shape;
    if (queuing === undefined) return undefined;
    while (this.#queues.length < queuing.queues) this.#queues.push(newQueue());
    let best: FlowQueue | undefined;
    for (const index of shuffleShard(flow, queuing.queues, queuing.handSize)) {
      const queue = this.#queues[index]!;
      if (best === undefined || queue.seats < best.seats) best = queue;
    }
    return best === undefined || best.waiting.size >= queuing.lengthLimit ? undefined : best;
  }

  wait(queue: FlowQueue, waiter: Waiter): void {
    queue.waiting.add(waiter);
    queue.seats += waiter.seats;
    this.waitingRequests++;
    this.#busy.add(queue);
  }

  /** Takes a waiter out before its turn. @returns false: its turn has come. */
  leave(queue: FlowQueue, waiter: Waiter): boolean {
    if (!queue.waiting.delete(waiter)) return false;
    queue.seats -= waiter.seats;
    this.waitingRequests--;
    if (queue.waiting.size === 0) this.#busy.delete(queue);
    return true;
  }

  /** The seats that the next request wants; undefined when nobody waits. */
  get nextSeats(): number | undefined {
    return this.#next()?.waiter.seats;
  }

  /** Lets the next one go. The caller has seen to it that there are seats. */
  letNextGo(): void {
    const next = this.#next();
    if (next === undefined) return;
    const { queue, waiter } = next;
    queue.waiting.delete(waiter);
    this.waitingRequests--;
    if (queue.waiting.size === 0) this.#busy.delete(queue);
    this.inUse += waiter.seats;
    const start = Math.max(this.#virtualTime, queue.paidUntil);
    this.#virtualTime = start;
    queue.paidUntil = start + waiter.seats * this.#usualMs;
    waiter.go(queue);
  }

  /** A request has given its seats back. @param queue where it had waited; absent: it had not. */
  ended(seats: number, tookMs: number, queue: FlowQueue | undefined): void {
    this.inUse -= seats;
    if (queue !== undefined) {
      queue.seats -= seats;
      queue.paidUntil += seats * (tookMs - this.#usualMs); // what it really took
    }
    this.#usualMs += (Math.max(0.1, tookMs) - this.#usualMs) / 32;
  }

  #next(): { readonly queue: FlowQueue; readonly waiter: Waiter } | undefined {
    let best: FlowQueue | undefined;
    let bestStart = 0;
    for (const queue of this.#busy) {
      const start = Math.max(this.#virtualTime, queue.paidUntil);
      if (best === undefined || start < bestStart) {
        best = queue;
        bestStart = start;
      }
    }
    if (best === undefined) return undefined;
    const [waiter] = best.waiting;
    return waiter && { queue: best, waiter };
  }
}
