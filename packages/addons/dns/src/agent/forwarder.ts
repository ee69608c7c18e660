import { createRequire } from 'node:module';
import type { Logger } from 'pino';
import type { Query } from './query.js';
import { parseQuery } from './query.js';
import type { RecordType, ResourceRecord } from './resource-record.js';
import { typeNumbers } from './resource-record.js';
import type { ResponseBody } from './response.js';
import { codeAlone } from './response.js';
import type { ForwardCache } from './forward-cache.js';
import { bodyOfMessage } from './forward-cache.js';
import type { Upstream } from './upstream.js';

export interface ForwarderDeps {
  /** In the order to try. May change at any time. */
  readonly upstreams: () => readonly Upstream[];
  /** By domain (lower case), the longest match counts. */
  readonly stubDomains: ReadonlyMap<string, readonly Upstream[]>;
  readonly cache: ForwardCache;
  readonly now: () => number;
  readonly log: Logger;
}

/** More questions on their way than this are refused: memory has an end. */
const mostConcurrent = 1_000;
/** A server that did not answer is asked last for so long. */
const restMs = 5_000;

const packetCodec = createRequire(import.meta.url)('dns-packet') as {
  encode(packet: unknown): Buffer;
  decode(packet: Buffer): {
    readonly rcode?: string;
    readonly answers?: readonly {
      readonly name: string;
      readonly type: string;
      readonly ttl?: number;
      readonly data: unknown;
    }[];
  };
};

/** Asks other servers what this one does not know. The same question from many is asked once. */
export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #inFlight = new Map<string, Promise<ResponseBody>>();
  readonly #failedAt = new Map<Upstream, number>();

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  forward(query: Query, packet: Buffer): ResponseBody | Promise<ResponseBody> {
    if (!query.recursionDesired) return codeAlone('REFUSED');
    const key = `${query.type} ${query.dnssecOk ? 'do' : ''} ${query.checkingDisabled ? 'cd' : ''} ${query.name}`;
    const cached = this.#deps.cache.get(key);
    if (cached !== undefined) return cached;
    const running = this.#inFlight.get(key);
    if (running !== undefined) return running;
    if (this.#inFlight.size >= mostConcurrent) return codeAlone('REFUSED');
    const asked = this.#ask(query, Buffer.from(packet), key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, asked);
    return asked;
  }

  /** For the target of an alias. */
  async lookUp(
    name: string,
    type: number,
  ): Promise<{ readonly rcode: string; readonly records: readonly ResourceRecord[] }> {
    const typeName = (Object.keys(typeNumbers) as RecordType[]).find((known) => typeNumbers[known] === type);
    if (typeName === undefined) return { rcode: 'NOERROR', records: [] };
    const packet = packetCodec.encode({ type: 'query', id: 0, flags: 0x100, questions: [{ name, type: typeName }] });
    const parsed = parseQuery(packet);
    if (!('query' in parsed)) return { rcode: 'SERVFAIL', records: [] };
    const body = await this.forward(parsed.query, packet);
    if (body.rcode !== 'NOERROR') return { rcode: body.rcode, records: [] };
    const message = Buffer.concat([packet.subarray(0, parsed.query.questionEnd), body.bytes]);
    message.writeUInt16BE(0x8180, 2);
    body.counts.forEach((count, index) => message.writeUInt16BE(count, 6 + index * 2));
    const { answers = [] } = packetCodec.decode(message);
    const records = answers.flatMap(({ name: owner, type: of, ttl = 0, data }): readonly ResourceRecord[] =>
      of in typeNumbers ? [{ owner, type: of as RecordType, ttlSeconds: ttl, data }] : [],
    );
    return { rcode: 'NOERROR', records };
  }

  async #ask(query: Query, packet: Buffer, key: string): Promise<ResponseBody> {
    const { cache, log } = this.#deps;
    for (const upstream of this.#serversFor(query.name)) {
      try {
        const message = await upstream.ask(packet, query.questionEnd);
        this.#failedAt.delete(upstream);
        const body = bodyOfMessage(message, query.questionEnd);
        if (body === undefined) throw new Error('the answer cannot be read');
        if (body.rcode === 'SERVFAIL' || body.rcode === 'REFUSED') continue;
        return cache.put(key, body, message, query.questionEnd);
      } catch (error) {
        this.#failedAt.set(upstream, this.#deps.now());
        const { host, port } = upstream.address;
        log.warn({ server: `${host}:${port}`, err: error }, 'upstream does not answer');
      }
    }
    return codeAlone('SERVFAIL');
  }

  /** Those that answered lately first. */
  #serversFor(name: string): readonly Upstream[] {
    const now = this.#deps.now();
    const all = this.#stubFor(name) ?? this.#deps.upstreams();
    const rests = (upstream: Upstream): boolean => now - (this.#failedAt.get(upstream) ?? -Infinity) < restMs;
    return [...all.filter((upstream) => !rests(upstream)), ...all.filter(rests)];
  }

  #stubFor(name: string): readonly Upstream[] | undefined {
    for (let rest = name; rest !== ''; rest = rest.slice(rest.indexOf('.') + 1)) {
      const stub = this.#deps.stubDomains.get(rest);
      if (stub !== undefined) return stub;
      if (!rest.includes('.')) return undefined;
    }
    return undefined;
  }
}
