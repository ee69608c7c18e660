import type { DecodedPacket } from 'dns-packet';

export interface CachedAnswer {
  readonly packet: DecodedPacket;
  readonly ageSeconds: number;
  /** How long the age in seconds, and with it every TTL, stays as it is. */
  readonly sameForMs: number;
}

interface Entry {
  readonly packet: DecodedPacket;
  readonly storedAt: number;
  readonly expiresAt: number;
}

export interface AnswerCacheConfig {
  readonly maxEntries: number;
  readonly maxTtlSeconds: number;
  readonly maxNegativeTtlSeconds: number;
  now(): number;
}

const servfailTtlSeconds = 5;

/** Answers of upstream servers for as long as they said. Follows: RFC 2308 for negative ones (the SOA's minimum). */
export class AnswerCache {
  readonly #config: AnswerCacheConfig;
  /** In order of use: the first was used longest ago. */
  readonly #entries = new Map<string, Entry>();

  constructor(config: AnswerCacheConfig) {
    this.#config = config;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): CachedAnswer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    const now = this.#config.now();
    if (entry.expiresAt <= now) return undefined;
    this.#entries.set(key, entry);
    const ageMs = now - entry.storedAt;
    const sameForMs = Math.min(entry.expiresAt - now, 1000 - (ageMs % 1000));
    return { packet: entry.packet, ageSeconds: Math.floor(ageMs / 1000), sameForMs };
  }

  put(key: string, packet: DecodedPacket, rcode: number): void {
    const ttl = this.#ttlSeconds(packet, rcode);
    if (ttl <= 0) return;
    this.#entries.delete(key);
    const now = this.#config.now();
    this.#entries.set(key, { packet, storedAt: now, expiresAt: now + ttl * 1000 });
    while (this.#entries.size > this.#config.maxEntries) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
  }

  #ttlSeconds(packet: DecodedPacket, rcode: number): number {
    const { maxTtlSeconds, maxNegativeTtlSeconds } = this.#config;
    if (rcode === 2) return servfailTtlSeconds;
    if (rcode !== 0 && rcode !== 3) return 0;
    const answers = packet.answers ?? [];
    if (rcode === 0 && answers.length > 0) {
      return Math.min(maxTtlSeconds, ...answers.map((answer) => ('ttl' in answer ? (answer.ttl ?? 0) : maxTtlSeconds)));
    }
    const soa = packet.authorities?.find((record) => record.type === 'SOA');
    if (soa === undefined || soa.type !== 'SOA') return 0; // nobody said for how long there is nothing
    return Math.min(maxNegativeTtlSeconds, soa.ttl ?? 0, soa.data.minimum ?? 0);
  }
}
