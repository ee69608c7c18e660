import type { Rcode } from './resource-record.js';
import { rcodes } from './resource-record.js';
import type { ResponseBody } from './response.js';

export interface ForwardCacheOptions {
  /** Longest time; 0: nothing is kept. */
  readonly maxSeconds: number;
  readonly maxEntries: number;
  readonly now: () => number;
}

interface Entry {
  readonly body: ResponseBody;
  /** Where in the body the TTLs stand. */
  readonly ttlOffsets: readonly number[];
  readonly storedAt: number;
  readonly expiresAt: number;
}

const optType = 41;
const soaType = 6;

/** Answers of other servers, for as long as they allow; the oldest go first when it is full. */
export class ForwardCache {
  readonly #options: ForwardCacheOptions;
  readonly #entries = new Map<string, Entry>();
  hits = 0;
  misses = 0;

  constructor(options: ForwardCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** With the TTLs as they are by now. */
  get(key: string): ResponseBody | undefined {
    const entry = this.#entries.get(key);
    const now = this.#options.now();
    if (entry === undefined || entry.expiresAt <= now) {
      if (entry !== undefined) this.#entries.delete(key);
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    const age = Math.floor((now - entry.storedAt) / 1000);
    if (age === 0) return entry.body;
    const bytes = Buffer.from(entry.body.bytes);
    for (const offset of entry.ttlOffsets) bytes.writeUInt32BE(Math.max(0, bytes.readUInt32BE(offset) - age), offset);
    return { ...entry.body, bytes };
  }

  /** @returns the body, kept if it may be. Follows: RFC 2308 for answers that deny. */
  put(key: string, body: ResponseBody, message: Buffer, questionEnd: number): ResponseBody {
    const { maxSeconds, maxEntries, now } = this.#options;
    if (maxSeconds === 0 || (body.rcode !== 'NOERROR' && body.rcode !== 'NXDOMAIN')) return body;
    const walked = walkRecords(message, questionEnd);
    if (walked === undefined || walked.ttlSeconds === undefined) return body;
    const seconds = Math.min(maxSeconds, walked.ttlSeconds);
    if (seconds <= 0) return body;
    if (this.#entries.size >= maxEntries) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    const storedAt = now();
    this.#entries.set(key, {
      body,
      ttlOffsets: walked.ttlOffsets.map((offset) => offset - questionEnd),
      storedAt,
      expiresAt: storedAt + seconds * 1000,
    });
    return body;
  }
}

/**
 * All behind the question of another server's message, without its OPT record, which was for us alone. Pointers into
 * the question stay right, since the question of whoever asks stands at the same place.
 */
export function bodyOfMessage(message: Buffer, questionEnd: number): ResponseBody | undefined {
  const walked = walkRecords(message, questionEnd);
  if (walked === undefined) return undefined;
  const code = (message[3] as number) & 0x0f;
  const rcode = (Object.keys(rcodes) as Rcode[]).find((name) => rcodes[name] === code) ?? 'SERVFAIL';
  const { opt, end, counts } = walked;
  // OPT is the last record wherever it is used; one in the middle would shift what others point to.
  const bytes = Buffer.from(message.subarray(questionEnd, opt ?? end));
  const [answers, authority, additional] = counts;
  if (opt !== undefined && walked.optEnd !== end) return undefined;
  return {
    rcode,
    authoritative: false,
    counts: [answers, authority, opt === undefined ? additional : additional - 1],
    bytes,
    rotation: 0,
  };
}

interface Walked {
  readonly counts: readonly [number, number, number];
  readonly ttlOffsets: readonly number[];
  /** How long the whole may be kept; undefined: nothing says. */
  readonly ttlSeconds: number | undefined;
  readonly opt: number | undefined;
  readonly optEnd: number | undefined;
  readonly end: number;
}

/** undefined: malformed. */
function walkRecords(message: Buffer, questionEnd: number): Walked | undefined {
  const counts = [message.readUInt16BE(6), message.readUInt16BE(8), message.readUInt16BE(10)] as const;
  const ttlOffsets: number[] = [];
  let opt: number | undefined;
  let optEnd: number | undefined;
  let positive = Infinity;
  let negative: number | undefined;
  let offset = questionEnd;
  for (let index = 0; index < counts[0] + counts[1] + counts[2]; index += 1) {
    const start = offset;
    offset = skipName(message, offset);
    if (offset < 0 || offset + 10 > message.length) return undefined;
    const type = message.readUInt16BE(offset);
    const ttl = message.readUInt32BE(offset + 4);
    const end = offset + 10 + message.readUInt16BE(offset + 8);
    if (end > message.length) return undefined;
    if (type === optType) {
      opt = start;
      optEnd = end;
    } else {
      ttlOffsets.push(offset + 4);
      if (index < counts[0]) positive = Math.min(positive, ttl);
      // The last field of an SOA is how long "no" may be believed.
      else if (type === soaType && index < counts[0] + counts[1] && end - offset > 30)
        negative = Math.min(ttl, message.readUInt32BE(end - 4));
    }
    offset = end;
  }
  const ttlSeconds = counts[0] > 0 && positive !== Infinity ? positive : negative;
  return { counts, ttlOffsets, ttlSeconds, opt, optEnd, end: offset };
}

/** −1: malformed. */
function skipName(message: Buffer, start: number): number {
  let offset = start;
  for (;;) {
    const size = message[offset];
    if (size === undefined) return -1;
    if (size >= 0xc0) return offset + 2;
    if (size > 63) return -1;
    offset += size + 1;
    if (size === 0) return offset;
  }
}
