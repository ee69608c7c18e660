import type { Clock } from '@geobuk/client';

const maxEntries = 1_000;

/** Answers that hold for a while. When full, what was put first goes. */
export class ExpiringCache<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: string): { readonly value: T } | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.until > this.#clock.now() ? entry : undefined;
  }

  set(id: string, value: T, forMs: number): void {
    this.#entries.delete(id);
    this.#entries.set(id, { value, until: this.#clock.now() + forMs });
    const [first] = this.#entries.keys();
    if (this.#entries.size > maxEntries && first !== undefined) this.#entries.delete(first);
  }
}
