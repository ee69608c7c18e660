import type { Pod } from '@geobuk/api';
import { deepEqual, formatKey, keyOf } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { WaitingHeap } from './waiting-heap.js';

export interface QueueTimes {
  readonly firstBackOffMs: number;
  readonly lastBackOffMs: number;
}

/** Follows: podInitialBackoffSeconds 1, podMaxBackoffSeconds 10. */
export const defaultQueueTimes: QueueTimes = { firstBackOffMs: 1_000, lastBackOffMs: 10_000 };
/** A pod that nothing woke is tried again after this long. Follows: podMaxInUnschedulablePodsDuration. */
const forgottenAfterMs = 5 * 60_000;

interface Entry {
  readonly key: string;
  pod: Pod;
  attempts: number;
  /** When it came into its present state; of pods of one priority the oldest goes first. */
  addedAt: number;
  /** Plugins that refused it last: only events that could change their mind wake it. */
  refusedBy: ReadonlySet<string>;
  state: 'active' | 'backoff' | 'unschedulable' | 'inFlight' | 'gone';
  notBefore: number;
  /** Something that could help happened while it was being worked on. */
  stale: boolean;
}

/** A place in a heap. Entries move on without being searched for: a ticket of an older state is worth nothing. */
interface Ticket {
  readonly entry: Entry;
  readonly at: number;
  readonly priority: number;
  readonly order: number;
}

const earlier = (a: Ticket, b: Ticket): boolean => (a.at === b.at ? a.order < b.order : a.at < b.at);
/** Follows: PrioritySort. */
const moreUrgent = (a: Ticket, b: Ticket): boolean =>
  a.priority === b.priority ? earlier(a, b) : a.priority > b.priority;

/**
 * Pods that wait for a node: ready to be tried, backing off, or waiting for something to change.
 * Order: priority, then time of arrival. No call costs more the more pods wait, but for an event that wakes many.
 * Follows: the scheduler's PriorityQueue.
 */
export class SchedulingQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #active = new WaitingHeap<Ticket>(moreUrgent);
  readonly #backoff = new WaitingHeap<Ticket>(earlier);
  /** In the order in which they came, so that the first is the longest forgotten. */
  readonly #unschedulable = new Set<Entry>();
  readonly #refusedBy = new Map<string, Set<Entry>>();
  readonly #inFlight = new Set<Entry>();
  readonly #clock: Clock;
  readonly #times: QueueTimes;
  #tickets = new WeakMap<Entry, Ticket>();
  #order = 0;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, times: QueueTimes = defaultQueueTimes) {
    this.#clock = clock;
    this.#times = times;
  }

  get sizes(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    const sizes = { active: 0, backoff: 0, unschedulable: 0 };
    for (const { state } of this.#entries.values()) if (state !== 'inFlight' && state !== 'gone') sizes[state] += 1;
    return sizes;
  }

  /** Whether an event can matter to anybody. */
  get waits(): boolean {
    return this.#unschedulable.size + this.#inFlight.size > 0;
  }

  /** A pod is new or changed. */
  put(pod: Pod): void {
    const key = formatKey(keyOf(pod));
    const known = this.#entries.get(key);
    if (known !== undefined && known.pod.metadata.uid === pod.metadata.uid) {
      const changed =
        !deepEqual(known.pod.spec, pod.spec) || !deepEqual(known.pod.metadata.labels, pod.metadata.labels);
      known.pod = pod;
      if (!changed) return;
      if (known.state === 'inFlight') known.stale = true;
      else if (known.state === 'unschedulable') this.#moveOn(known);
      return;
    }
    if (known !== undefined) this.#drop(known);
    const entry: Entry = {
      key,
      pod,
      attempts: 0,
      addedAt: this.#clock.now(),
      refusedBy: new Set(),
      state: 'active',
      notBefore: 0,
      stale: false,
    };
    this.#entries.set(key, entry);
    this.#activate(entry);
  }

  remove(pod: Pod): void {
    const entry = this.#entries.get(formatKey(keyOf(pod)));
    if (entry !== undefined) this.#drop(entry);
  }

  /** The next pod to try, if any. */
  take(): Pod | undefined {
    this.#release();
    const entry = this.#live(this.#active, 'active')?.entry;
    if (entry === undefined) return undefined;
    this.#active.pop();
    entry.state = 'inFlight';
    entry.stale = false;
    entry.attempts += 1;
    this.#inFlight.add(entry);
    return entry.pod;
  }

  /** No node fits for now. */
  refused(pod: Pod, by: ReadonlySet<string>): void {
    const entry = this.#landed(pod);
    if (entry === undefined) return;
    const now = this.#clock.now();
    entry.refusedBy = by;
    entry.notBefore = now + this.#backOffMs(entry);
    entry.addedAt = now;
    if (entry.stale) {
      this.#backOff(entry);
      return;
    }
    entry.state = 'unschedulable';
    this.#unschedulable.add(entry);
    for (const plugin of by) {
      const entries = this.#refusedBy.get(plugin) ?? new Set<Entry>();
      entries.add(entry);
      this.#refusedBy.set(plugin, entries);
    }
    this.#wake?.();
  }

  /** The attempt itself failed (a refused binding): try again after the back-off. */
  failed(pod: Pod): void {
    const entry = this.#landed(pod);
    if (entry === undefined) return;
    entry.notBefore = this.#clock.now() + this.#backOffMs(entry);
    this.#backOff(entry);
  }

  /** Bound: nothing more to do. */
  done(pod: Pod): void {
    this.remove(pod);
  }

  /**
   * Something happened that can help pods which one of `plugins` refused; all of them when absent.
   * @param helps whether it can help this one. Follows: queueing hints.
   */
  clusterChanged(plugins?: ReadonlySet<string>, helps?: (pod: Pod, refusedBy: ReadonlySet<string>) => boolean): void {
    if (plugins?.size === 0) return;
    for (const entry of this.#inFlight) entry.stale = true;
    if (this.#unschedulable.size === 0) return;
    const consider = (entry: Entry): void => {
      if (helps === undefined || helps(entry.pod, entry.refusedBy)) this.#moveOn(entry);
    };
    if (plugins === undefined) for (const entry of [...this.#unschedulable]) consider(entry);
    else for (const plugin of plugins) for (const entry of [...(this.#refusedBy.get(plugin) ?? [])]) consider(entry);
  }

  /** Resolves when `take` may find something. */
  async whenReady(signal: AbortSignal): Promise<void> {
    this.#release();
    if (this.#live(this.#active, 'active') !== undefined) return;
    const now = this.#clock.now();
    const backingOff = this.#live(this.#backoff, 'backoff');
    const [forgotten] = this.#unschedulable;
    const nextMs = Math.min(
      backingOff === undefined ? Infinity : backingOff.at - now,
      forgotten === undefined ? Infinity : forgotten.addedAt + forgottenAfterMs - now,
    );
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        timer?.[Symbol.dispose]();
        signal.removeEventListener('abort', finish);
        this.#wake = undefined;
        resolve();
      };
      const timer = nextMs === Infinity ? undefined : this.#clock.timer(Math.max(1, nextMs), finish);
      this.#wake = finish;
      if (signal.aborted) finish();
      else signal.addEventListener('abort', finish, { once: true });
    });
  }

  #release(): void {
    const now = this.#clock.now();
    for (let next = this.#live(this.#backoff, 'backoff'); next !== undefined && next.at <= now;) {
      this.#activate(next.entry);
      next = this.#live(this.#backoff, 'backoff');
    }
    for (const entry of this.#unschedulable) {
      if (entry.addedAt + forgottenAfterMs > now) break;
      this.#moveOn(entry);
    }
  }

  /** The first ticket that is still worth something. */
  #live(heap: WaitingHeap<Ticket>, state: Entry['state']): Ticket | undefined {
    for (let top = heap.first; top !== undefined; top = heap.first) {
      if (top.entry.state === state && this.#tickets.get(top.entry) === top) return top;
      heap.pop();
    }
    return undefined;
  }

  /** Out of the attempt, if it was not removed meanwhile. */
  #landed(pod: Pod): Entry | undefined {
    const entry = this.#entries.get(formatKey(keyOf(pod)));
    if (entry === undefined || entry.state !== 'inFlight') return undefined;
    this.#inFlight.delete(entry);
    return entry;
  }

  #moveOn(entry: Entry): void {
    this.#unfile(entry);
    if (entry.notBefore > this.#clock.now()) this.#backOff(entry);
    else this.#activate(entry);
  }

  #backOff(entry: Entry): void {
    entry.state = 'backoff';
    this.#backoff.push(this.#ticket(entry, entry.notBefore));
    this.#wake?.();
  }

  #activate(entry: Entry): void {
    entry.state = 'active';
    this.#active.push(this.#ticket(entry, entry.addedAt));
    this.#wake?.();
  }

  #ticket(entry: Entry, at: number): Ticket {
    this.#order += 1;
    const ticket = { entry, at, priority: entry.pod.spec.priority ?? 0, order: this.#order };
    this.#tickets.set(entry, ticket);
    return ticket;
  }

  #backOffMs({ attempts }: Entry): number {
    const { firstBackOffMs, lastBackOffMs } = this.#times;
    return Math.min(lastBackOffMs, firstBackOffMs * 2 ** Math.min(attempts - 1, 30));
  }

  #drop(entry: Entry): void {
    this.#unfile(entry);
    this.#inFlight.delete(entry);
    this.#entries.delete(entry.key);
    entry.state = 'gone';
  }

  #unfile(entry: Entry): void {
    this.#unschedulable.delete(entry);
    for (const plugin of entry.refusedBy) {
      const entries = this.#refusedBy.get(plugin);
      entries?.delete(entry);
      if (entries?.size === 0) this.#refusedBy.delete(plugin);
    }
  }
}
