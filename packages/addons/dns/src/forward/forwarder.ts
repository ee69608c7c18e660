import type { UpstreamAddress } from './upstream.js';
import { UpstreamError, askUpstream } from './upstream.js';

export interface ForwarderConfig {
  readonly upstreams: readonly UpstreamAddress[];
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
}

/** Too many questions are on their way already. */
export class TooBusyError extends Error {
  override readonly name = 'TooBusyError';
}

/** Failures in a row after which a server is asked last. */
const maxFails = 2;
/** A server that failed gets another chance after this long. */
const retryAfterMs = 5_000;

/** Asks the servers that others resolve with, the healthy ones first. Equal questions at the same time are asked once. */
export class Forwarder {
  readonly #config: ForwarderConfig;
  readonly #health = new Map<UpstreamAddress, { fails: number; lastFailure: number }>();
  readonly #inFlight = new Map<string, Promise<Buffer>>();
  #next = 0;

  constructor(config: ForwarderConfig) {
    this.#config = config;
  }

  get upstreams(): readonly UpstreamAddress[] {
    return this.#config.upstreams;
  }

  /** @throws {UpstreamError} nobody answered. @throws {TooBusyError} */
  async ask(query: Buffer, signal: AbortSignal): Promise<Buffer> {
    const key = query.toString('latin1', 2);
    const known = this.#inFlight.get(key);
    if (known !== undefined) {
      const shared = Buffer.from(await known);
      query.copy(shared, 0, 0, 2);
      return shared;
    }
    if (this.#inFlight.size >= this.#config.maxConcurrent)
      throw new TooBusyError(`${this.#config.maxConcurrent} questions wait for upstream servers`);
    const asked = this.#ask(query, signal).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, asked);
    return await asked;
  }

  async #ask(query: Buffer, signal: AbortSignal): Promise<Buffer> {
    const servers = this.#order();
    if (servers.length === 0) throw new UpstreamError('no upstream servers are known');
    let last: unknown;
    for (const server of servers) {
      try {
        const answer = await askUpstream(server, query, this.#config.timeoutMs, signal);
        this.#health.delete(server);
        return answer;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        last = error;
        const fails = (this.#health.get(server)?.fails ?? 0) + 1;
        this.#health.set(server, { fails, lastFailure: Date.now() });
      }
    }
    throw last;
  }

  #order(): readonly UpstreamAddress[] {
    const { upstreams } = this.#config;
    this.#next = (this.#next + 1) % Math.max(1, upstreams.length);
    const rotated = [...upstreams.slice(this.#next), ...upstreams.slice(0, this.#next)];
    const down = (server: UpstreamAddress): boolean => {
      const health = this.#health.get(server);
      return health !== undefined && health.fails >= maxFails && Date.now() - health.lastFailure < retryAfterMs;
    };
    return [...rotated.filter((server) => !down(server)), ...rotated.filter(down)];
  }
}
