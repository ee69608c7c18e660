import type { Pod } from '@geobuk/api';
import { formatKey, keyOf } from '@geobuk/api';
import type { Clock } from '@geobuk/client';

const firstBackOffMs = 1_000;
const lastBackOffMs = 10_000;
/** A pod that nothing woke is tried again after this long. Follows: podMaxInUnschedulablePodsDuration. */
const forgottenAfterMs = 5 * 60_000;

interface Entry {
  readonly key: string;
  pod: Pod;
  attempts: number;
  addedAt: number;
  /** Plugins that refused it last: only events that could change their mind wake it. */
  refusedBy: ReadonlySet<string>;
  state: 'active' | 'backoff' | 'unschedulable' | 'inFlight';
  notBefore: number;
  /** Something that could help happened while it was being worked on. */
  stale: boolean;
}

/**
 * Pods that wait for a node: ready to be tried, backing off, or waiting for something to change.
 * Order: priority, then time of arrival. Follows: the scheduler's PriorityQueue.
 */
export class SchedulingQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #active: Entry[] = [];
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get sizes(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    const sizes = { active: this.#active.length, backoff: 0, unschedulable: 0 };
    for (const { state } of this.#entries.values())
      if (state === 'backoff' || state === 'unschedulable') sizes[state] += 1;
    return sizes;
  }

  /** A pod is new or changed. */
  put(pod: Pod): void {
    const key = formatKey(keyOf(pod));
    const known = this.#entries.get(key);
    if (known === undefined) {
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
      this.#push(entry);
      return;
    }
    const changed =
      known.pod.metadata.uid !== pod.metadata.uid ||
      known.pod.metadata.generation !== pod.metadata.generation ||
      JSON.stringify(known.pod.spec) !== JSON.stringify(pod.spec) ||
      JSON.stringify(known.pod.metadata.labels) !== JSON.stringify(pod.metadata.labels);
    known.pod = pod;
    if (!changed) return;
    if (known.state === 'inFlight') known.stale = true;
    else if (known.state === 'unschedulable') this.#push(known);
  }

  remove(pod: Pod): void {
    const key = formatKey(keyOf(pod));
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const at = this.#active.indexOf(entry);
    if (at >= 0) this.#active.splice(at, 1);
  }

  /** The next pod to try, if any. */
  take(): Pod | undefined {
    this.#release();
    const entry = this.#pop();
    if (entry === undefined) return undefined;
    entry.state = 'inFlight';
    entry.stale = false;
    entry.attempts += 1;
    return entry.pod;
  }

  /** No node fits for now. */
  refused(pod: Pod, by: ReadonlySet<string>): void {
    const entry = this.#entries.get(formatKey(keyOf(pod)));
    if (entry === undefined || entry.state !== 'inFlight') return;
    entry.refusedBy = by;
    entry.notBefore = this.#clock.now() + Math.min(lastBackOffMs, firstBackOffMs * 2 ** (entry.attempts - 1));
    entry.state = entry.stale ? 'backoff' : 'unschedulable';
    entry.addedAt = this.#clock.now();
    this.#wake?.();
  }

  /** The attempt itself failed (a refused binding): try again after the back-off. */
  failed(pod: Pod): void {
    const entry = this.#entries.get(formatKey(keyOf(pod)));
    if (entry === undefined || entry.state !== 'inFlight') return;
    entry.state = 'backoff';
    entry.notBefore = this.#clock.now() + Math.min(lastBackOffMs, firstBackOffMs * 2 ** (entry.attempts - 1));
    this.#wake?.();
  }

  /** Bound: nothing more to do. */
  done(pod: Pod): void {
    this.#entries.delete(formatKey(keyOf(pod)));
  }

  /** Something happened that can help pods which one of `plugins` refused; all plugins when absent. Follows: queueing hints. */
  clusterChanged(plugins?: ReadonlySet<string>): void {
    const now = this.#clock.now();
    for (const entry of this.#entries.values()) {
      const helps = plugins === undefined || [...entry.refusedBy].some((name) => plugins.has(name));
      if (!helps) continue;
      if (entry.state === 'inFlight') entry.stale = true;
      if (entry.state !== 'unschedulable') continue;
      if (entry.notBefore > now) entry.state = 'backoff';
      else this.#push(entry);
    }
    this.#wake?.();
  }

  /** Resolves when `take` may find something. */
  async whenReady(signal: AbortSignal): Promise<void> {
    this.#release();
    if (this.#active.length > 0) return;
    const now = this.#clock.now();
    let nextMs = forgottenAfterMs;
    for (const { state, notBefore, addedAt } of this.#entries.values()) {
      if (state === 'backoff') nextMs = Math.min(nextMs, notBefore - now);
      if (state === 'unschedulable') nextMs = Math.min(nextMs, addedAt + forgottenAfterMs - now);
    }
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        timer?.[Symbol.dispose]();
        signal.removeEventListener('abort', finish);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#entries.size === 0 ? undefined : this.#clock.timer(Math.max(1, nextMs), finish);
      this.#wake = finish;
      if (signal.aborted) finish();
      else signal.addEventListener('abort', finish, { once: true });
    });
  }

  #release(): void {
    const now = this.#clock.now();
    for (const entry of this.#entries.values()) {
      if (entry.state === 'backoff' && entry.notBefore <= now) this.#push(entry);
      else if (entry.state === 'unschedulable' && entry.addedAt + forgottenAfterMs <= now) this.#push(entry);
    }
  }

  /** A binary heap: higher priority first, then longer waiting. */
  #push(entry: Entry): void {
    entry.state = 'active';
    const heap = this.#active;
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i] as Entry, heap[parent] as Entry)) break;
      [heap[i], heap[parent]] = [heap[parent] as Entry, heap[i] as Entry];
      i = parent;
    }
    this.#wake?.();
  }

  #pop(): Entry | undefined {
    const heap = this.#active;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < heap.length && before(heap[left] as Entry, heap[least] as Entry)) least = left;
      if (right < heap.length && before(heap[right] as Entry, heap[least] as Entry)) least = right;
      if (least === i) return top;
      [heap[i], heap[least]] = [heap[least] as Entry, heap[i] as Entry];
      i = least;
    }
  }
}

function before(a: Entry, b: Entry): boolean {
  const difference = (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0);
  return difference === 0 ? a.addedAt < b.addedAt : difference > 0;
}
