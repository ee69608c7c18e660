import type { Clock } from '@geobuk/client';

const windowMs = 60_000;
const mostFailures = 10;
const mostAddresses = 1_000;

/** Refuses an address that has guessed wrong too often within a minute. */
export class LoginLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, readonly number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isBlocked(address: string): boolean {
    return this.#recent(address).length >= mostFailures;
  }

  failed(address: string): void {
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= mostAddresses && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(address, [...this.#recent(address), this.#clock.now()]);
  }

  #recent(address: string): readonly number[] {
    const since = this.#clock.now() - windowMs;
    return (this.#failures.get(address) ?? []).filter((at) => at > since);
  }
}
