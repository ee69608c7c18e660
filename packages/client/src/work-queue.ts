import { backOffDelay } from './back-off.js';
import type { BackOffPolicy } from './back-off.js';
import type { Clock } from './clock.js';
import { onAbort } from './on-abort.js';

/** Told of what goes through a queue; for counters. Must be quick and must not throw. */
export interface WorkQueueMetrics {
  added(queue: string, length: number): void;
  taken(queue: string, waitedMs: number, length: number): void;
  finished(queue: string, workedMs: number): void;
  retried(queue: string): void;
}

export interface WorkQueueOptions<Key> {
  readonly name: string;
  readonly clock: Clock;
  /** Keys with the same id are the same key. */
  idOf(key: Key): string;
  /** For {@link WorkQueue.addBackedOff}; 5 ms doubling to 1000 s unless said. */
  readonly backOff?: BackOffPolicy | undefined;
  readonly metrics?: WorkQueueMetrics | undefined;
}

const defaultBackOff: BackOffPolicy = { initialMs: 5, maxMs: 1_000_000 };

interface Delayed {
  readonly at: number;
  readonly timer: Disposable;
}

/**
 * Keys waiting to be worked on.
 * Follows: client-go work queues. Fair: first come, first served. A key is never given out twice at once; adding it many
 * times before it is taken is one run; adding it while it is worked on means one more run afterwards.
 *
 * A key is in at most one of three states: waiting (in `#waiting`, which is in order), in work (in `#working`), or in
 * work with another run wanted (in `#working` and `#again`). `done` moves the last one back to waiting.
 */
export class WorkQueue<Key> {
  readonly #options: WorkQueueOptions<Key>;
  readonly #waiting = new Map<string, { readonly key: Key; readonly since: number }>();
  readonly #working = new Map<string, number>();
  readonly #again = new Map<string, Key>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<() => void>();

  constructor(options: WorkQueueOptions<Key>) {
    this.#options = options;
  }

  /** Keys waiting to be taken now. */
  get length(): number {
    return this.#waiting.size;
  }

  get inFlight(): number {
    return this.#working.size;
  }

  /** Keys whose time has not come. */
  get delayed(): number {
    return this.#delayed.size;
  }

  add(key: Key): void {
    const id = this.#options.idOf(key);
    if (this.#working.has(id)) {
      this.#again.set(id, key);
      return;
    }
    if (this.#waiting.has(id)) return;
    this.#waiting.set(id, { key, since: this.#options.clock.now() });
    this.#options.metrics?.added(this.#options.name, this.#waiting.size);
    this.#wakeOne();
  }

  /** Adds later; the earlier of two times counts. */
  addAfter(key: Key, ms: number): void {
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const id = this.#options.idOf(key);
    const at = this.#options.clock.now() + ms;
    const before = this.#delayed.get(id);
    if (before !== undefined && before.at <= at) return;
    before?.timer[Symbol.dispose]();
    const timer = this.#options.clock.timer(ms, () => {
      this.#delayed.delete(id);
      this.add(key);
    });
    this.#delayed.set(id, { at, timer });
  }

  /** Adds after a delay that doubles with each call until {@link forget}. */
  addBackedOff(key: Key): void {
    const id = this.#options.idOf(key);
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    this.#options.metrics?.retried(this.#options.name);
    this.addAfter(key, backOffDelay(this.#options.backOff ?? defaultBackOff, failures));
  }

  /** It worked: the next failure starts from the first delay. */
  forget(key: Key): void {
    this.#failures.delete(this.#options.idOf(key));
  }

  /** Failures in a row. */
  failures(key: Key): number {
    return this.#failures.get(this.#options.idOf(key)) ?? 0;
  }

  /** The next key; call {@link done} when through with it. Rejects with `signal.reason` after an abort. */
  async take({ signal }: { readonly signal: AbortSignal }): Promise<Key> {
    for (;;) {
      signal.throwIfAborted();
      for (const [id, { key, since }] of this.#waiting) {
        const { clock, metrics, name } = this.#options;
        const now = clock.now();
        this.#waiting.delete(id);
        this.#working.set(id, now);
        metrics?.taken(name, now - since, this.#waiting.size);
        if (this.#waiting.size > 0) this.#wakeOne();
        return key;
      }
      await this.#somethingAdded(signal);
    }
  }

  /** @throws {Error} a key that was not taken. */
  done(key: Key): void {
    const { name, idOf, clock, metrics } = this.#options;
    const id = idOf(key);
    const since = this.#working.get(id);
    if (since === undefined) throw new Error(`queue ${name}: ${id} is done but was never taken`);
    this.#working.delete(id);
    metrics?.finished(name, clock.now() - since);
    const again = this.#again.get(id);
    if (again === undefined) return;
    this.#again.delete(id);
    this.add(again);
  }

  /** Forgets everything that waits, timers too. */
  clear(): void {
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    this.#failures.clear();
  }

  #wakeOne(): void {
    for (const wake of this.#takers) {
      this.#takers.delete(wake);
      wake();
      return;
    }
  }

  #somethingAdded(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        waiting[Symbol.dispose]();
        resolve();
      };
      const waiting = onAbort(signal, () => {
        this.#takers.delete(wake);
        reject(signal.reason as Error);
      });
      this.#takers.add(wake);
    });
  }
}
