import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@geobuk/client';

export const codeLifetimeMs = 120_000;
const mostCodes = 100;

/** Codes that stand for a token once, for a short time: what a terminal hands to a browser. Kept by their hash. */
export class LoginCodes {
  readonly #clock: Clock;
  readonly #codes = new Map<string, { readonly token: string; readonly expiresAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(token: string): string {
    this.#sweep();
    const [oldest] = this.#codes.keys();
    if (this.#codes.size >= mostCodes && oldest !== undefined) this.#codes.delete(oldest);
    const code = randomBytes(32).toString('base64url');
    this.#codes.set(hash(code), { token, expiresAt: this.#clock.now() + codeLifetimeMs });
    return code;
  }

  /** The token behind a code, the first time it is asked for. */
  redeem(code: string): string | undefined {
    this.#sweep();
    const key = hash(code);
    const token = this.#codes.get(key)?.token;
    this.#codes.delete(key);
    return token;
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, { expiresAt }] of this.#codes) if (expiresAt <= now) this.#codes.delete(key);
  }
}

const hash = (code: string): string => createHash('sha256').update(code).digest('base64');
