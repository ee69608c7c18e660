import { afterBy } from '../clock.js';
import type { Clock } from '../clock.js';

interface PendingTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Lets everything run that is ready without time passing: promise chains and what they put on the loop. */
async function settleTasks(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Set<PendingTimer>();

  constructor(startMs = Date.parse('2030-01-01T00:00:00Z')) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  timer(ms: number, callback: () => void): Disposable {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  after(ms: number, options: { readonly signal: AbortSignal }): Promise<void> {
    return afterBy((delay, callback) => this.timer(delay, callback), ms, options);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on; timers due on the way fire in order, each followed by what it set off. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settleTasks();
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settleTasks();
    }
    this.#now = end;
    await settleTasks();
  }

  #nextDue(end: number): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
