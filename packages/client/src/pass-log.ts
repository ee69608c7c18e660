import type { Clock } from './clock.js';
import type { ReconcileTrace } from './controller.js';

/** One run of reconcile, for people who watch the loop turn. */
export interface LoopPass {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** The differences between wish and world. */
  readonly found: readonly string[];
  /** What was done about them. */
  readonly did: readonly string[];
  readonly error?: string | undefined;
}

/** What one loop is at, now. */
export interface LoopState {
  readonly name: string;
  /** Keys that wait for a worker. */
  readonly queueLength: number;
  /** Keys whose time (back-off or a wish to be called later) has not come. */
  readonly delayed: number;
  /** Keys being worked on. */
  readonly inFlight: number;
  /** Passes since the start. */
  readonly total: number;
  /** Passes that failed since the start, and so were tried again. */
  readonly retries: number;
  /** The newest first. */
  readonly passes: readonly LoopPass[];
}

const keptPasses = 50;
/** A trace is for eyes: a loop over ten thousand pods need not keep ten thousand sentences. */
const keptSentences = 20;

/** Remembers the last passes of one loop. */
export class PassLog {
  readonly #clock: Clock;
  readonly #passes: LoopPass[] = [];
  #total = 0;
  #retries = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(key: string): { readonly trace: ReconcileTrace; end(error?: unknown): void } {
    const startedAt = this.#clock.now();
    const found: string[] = [];
    const did: string[] = [];
    return {
      trace: {
        found: (difference) => void (found.length < keptSentences && found.push(difference)),
        did: (action) => void (did.length < keptSentences && did.push(action)),
      },
      end: (error) => {
        const message = error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) };
        this.#total += 1;
        if (error !== undefined) this.#retries += 1;
        this.#passes.push({ key, startedAt, durationMs: this.#clock.now() - startedAt, found, did, ...message });
        if (this.#passes.length > keptPasses) this.#passes.shift();
      },
    };
  }

  state(): Pick<LoopState, 'total' | 'retries' | 'passes'> {
    return { total: this.#total, retries: this.#retries, passes: this.#passes.toReversed() };
  }
}
