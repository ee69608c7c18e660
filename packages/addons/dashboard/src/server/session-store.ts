import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@geobuk/client';

/** One log-in. The token never leaves the server; the browser holds a signed name of the session. */
export interface Session {
  readonly token: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly expiresAt: number;
  /** Fires when the log-in ends: whatever streams on its behalf ends too. */
  readonly ended: AbortSignal;
}

export interface SessionLimits {
  readonly idleMs: number;
  readonly maxMs: number;
}

interface Kept extends Session {
  readonly stop: AbortController;
  lastUsedAt: number;
}

const mostSessions = 500;

/** The log-ins of this process; a restart ends them all. */
export class SessionStore {
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  readonly #key = randomBytes(32);
  readonly #sessions = new Map<string, Kept>();

  constructor(limits: SessionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** @returns the value of the cookie. */
  open(login: { readonly token: string; readonly user: string; readonly groups: readonly string[] }): string {
    this.sweep();
    if (this.#sessions.size >= mostSessions) {
      const [oldest] = [...this.#sessions].sort(([, a], [, b]) => a.lastUsedAt - b.lastUsedAt);
      if (oldest !== undefined) this.#end(oldest[0]);
    }
    const id = randomBytes(24).toString('base64url');
    const now = this.#clock.now();
    const stop = new AbortController();
    const expiresAt = Math.min(now + this.#limits.maxMs, tokenExpiry(login.token) ?? Number.POSITIVE_INFINITY);
    this.#sessions.set(id, { ...login, expiresAt, stop, ended: stop.signal, lastUsedAt: now });
    return `${id}.${this.#signatureOf(id)}`;
  }

  /** @param touch whether this is a sign of life of the person; what a page does by itself is not. */
  find(cookie: string | undefined, { touch }: { readonly touch: boolean }): Session | undefined {
    const id = this.#idOf(cookie);
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (id === undefined || session === undefined) return undefined;
    if (this.#isOver(session)) {
      this.#end(id);
      return undefined;
    }
    if (touch) session.lastUsedAt = this.#clock.now();
    return session;
  }

  close(cookie: string | undefined): void {
    const id = this.#idOf(cookie);
    if (id !== undefined) this.#end(id);
  }

  /** Ends what is over. */
  sweep(): void {
    for (const [id, session] of this.#sessions) if (this.#isOver(session)) this.#end(id);
  }

  closeAll(): void {
    for (const id of [...this.#sessions.keys()]) this.#end(id);
  }

  #isOver({ lastUsedAt, expiresAt }: Kept): boolean {
    const now = this.#clock.now();
    return now >= expiresAt || now - lastUsedAt >= this.#limits.idleMs;
  }

  #end(id: string): void {
    this.#sessions.get(id)?.stop.abort(new Error('the log-in has ended'));
    this.#sessions.delete(id);
  }

  #signatureOf(id: string): string {
    return createHmac('sha256', this.#key).update(id).digest('base64url');
  }

  #idOf(cookie: string | undefined): string | undefined {
    const [id, signature, ...rest] = cookie?.split('.') ?? [];
    if (id === undefined || signature === undefined || rest.length > 0) return undefined;
    const [given, wanted] = [Buffer.from(signature), Buffer.from(this.#signatureOf(id))];
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? id : undefined;
  }
}

/** When a JWT says that it ends. Only ever shortens a session, so it need not be verified here. */
export function tokenExpiry(token: string): number | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined; // some other kind of token with two dots in it
  }
}
