import type { Answer, DecodedPacket } from 'dns-packet';
import { decode, encode } from 'dns-packet';
import type { AnswerCache } from './forward/answer-cache.js';
import { TooBusyError } from './forward/forwarder.js';
import type { Forwarder } from './forward/forwarder.js';
import { UpstreamError } from './forward/upstream.js';
import type { Query, Rcode, Reply } from './message.js';
import { bareRefusal, encodeReply, parseQuery, rcodeOf, rcodes } from './message.js';
import type { ClusterZone } from './zone/cluster-zone.js';

export interface ResolverDeps {
  readonly zone: ClusterZone;
  /** For everything that is not the cluster's. */
  readonly forwarder: Forwarder;
  /** Zones that others answer: suffix (lower case) → their servers. */
  readonly stubs: ReadonlyMap<string, Forwarder>;
  /** Fixed names: lower case → addresses. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly cache: AnswerCache;
  readonly metrics: ResolverMetrics;
  /** Epoch milliseconds. */
  now(): number;
}

export interface ResolverMetrics {
  request(transport: 'udp' | 'tcp', type: string): void;
  response(rcode: string, seconds: number): void;
  cache(hit: boolean): void;
  forwarded(rcode: string): void;
}

type Transport = 'udp' | 'tcp';

/** An answer that needs nothing but the id of its query. */
interface Ready {
  readonly replies: readonly Buffer[];
  readonly type: string;
  readonly rcode: string;
  next: number;
  /** Epoch milliseconds: answers of others hold for a second, then their TTL is another. */
  readonly until: number;
}

/** What to answer, and how long the same bytes may be sent again, in milliseconds. */
interface Resolved {
  readonly reply: Reply;
  readonly keepMs: number;
}

const nothing = { answers: [], authorities: [], additionals: [] } as const;
/** An alias of an alias of …: more than this is a loop. */
const maxAliases = 8;
/** Answers about the cluster that are kept ready to send. */
const maxReady = 10_000;
const hostsTtlSeconds = 30;

/**
 * From the bytes of a query to the bytes of its answer. Cluster names are answered from memory and never depend on anybody else;
 * the answers that are asked for again and again are kept encoded, so that they cost a look-up and a copy.
 */
export class Resolver {
  readonly #deps: ResolverDeps;
  /** For each transport: query bytes after the id → encoded answers to be sent in turn. */
  readonly #ready = { udp: new Map<string, Ready>(), tcp: new Map<string, Ready>() };
  #readyVersion = 0;

  constructor(deps: ResolverDeps) {
    this.#deps = deps;
  }

  /** The answer when it can be given at once; undefined when {@link answer} has to work it out. */
  answerReady(message: Buffer, transport: Transport): Buffer | undefined {
    if (this.#readyVersion !== this.#deps.zone.version) {
      this.#ready.udp.clear();
      this.#ready.tcp.clear();
      this.#readyVersion = this.#deps.zone.version;
      return undefined;
    }
    const ready = this.#ready[transport];
    const key = message.toString('latin1', 2);
    const entry = ready.get(key);
    if (entry === undefined) return undefined;
    if (entry.until !== Infinity) {
      if (this.#deps.now() >= entry.until) {
        ready.delete(key);
        return undefined;
      }
      this.#deps.metrics.cache(true);
    }
    // A copy: the socket may still hold the last one.
    const reply = Buffer.from(entry.replies[entry.next] as Buffer);
    if (entry.replies.length > 1) entry.next = (entry.next + 1) % entry.replies.length;
    this.#deps.metrics.request(transport, entry.type);
    this.#deps.metrics.response(entry.rcode, 0);
    reply[0] = message[0] ?? 0;
    reply[1] = message[1] ?? 0;
    return reply;
  }

  /** @returns undefined for what deserves no answer at all. */
  async answer(message: Buffer, transport: Transport, signal: AbortSignal): Promise<Buffer | undefined> {
    const startedAt = performance.now();
    const query = parseQuery(message);
    if (query === undefined) return undefined;
    const { metrics } = this.#deps;
    if ('refuse' in query) {
      metrics.response(query.refuse.toUpperCase(), 0);
      return bareRefusal(message, query.refuse);
    }
    metrics.request(transport, query.question.type);
    const version = this.#deps.zone.version;
    const { reply, keepMs } = await this.#resolve(query, signal);
    const limit = transport === 'udp' ? query.udpPayloadSize : 0xffff;
    const encoded = encodeReply(query, reply, limit);
    if (keepMs > 0 && version === this.#deps.zone.version)
      this.#keep(this.#ready[transport], message.toString('latin1', 2), query, { reply, keepMs }, limit);
    metrics.response(nameOf(reply.rcode), (performance.now() - startedAt) / 1000);
    return encoded;
  }

  async #resolve(query: Query, signal: AbortSignal): Promise<Resolved> {
    const { type, class: queryClass } = query.question;
    const name = query.question.name.replace(/\.$/, '');
    const refuse = (rcode: Rcode): Resolved => ({
      reply: { rcode, authoritative: false, ...nothing },
      keepMs: 0,
    });
    if (queryClass !== undefined && queryClass !== 'IN') return refuse('notimp');
    if (type === 'AXFR' || type === 'IXFR') return refuse('refused');

    const fixed = this.#deps.hosts.get(name.toLowerCase());
    if (fixed !== undefined && (type === 'A' || type === 'AAAA')) {
      const answers = fixed
        .filter((address) => address.includes(':') === (type === 'AAAA'))
        .map((data): Answer => ({ type, name, ttl: hostsTtlSeconds, data }));
      return { reply: { rcode: 'noerror', authoritative: true, ...nothing, answers }, keepMs: Infinity };
    }
    return await this.#resolveName(query, name, type, [], signal);
  }

  async #resolveName(
    query: Query,
    name: string,
    type: string,
    aliases: readonly Answer[],
    signal: AbortSignal,
  ): Promise<Resolved> {
    const { zone } = this.#deps;
    const found = zone.resolve(name, type);
    switch (found.kind) {
      case 'outside':
        return await this.#outside(query, name, type, aliases, signal);
      case 'servfail':
        return { reply: { rcode: 'servfail', authoritative: false, ...nothing }, keepMs: 0 };
      case 'nxdomain':
        return {
          reply: {
            rcode: 'nxdomain',
            authoritative: true,
            answers: aliases,
            authorities: [zone.soa()],
            additionals: [],
          },
          keepMs: aliases.length === 0 ? Infinity : 0,
        };
      case 'found': {
        const answers = [...aliases, ...found.answers];
        const authorities = found.answers.length === 0 ? [zone.soa()] : [];
        return {
          reply: { rcode: 'noerror', authoritative: true, answers, authorities, additionals: found.additionals },
          keepMs: Infinity,
        };
      }
      case 'alias': {
        const chain = [...aliases, found.answer];
        const looped =
          chain.length > maxAliases || aliases.some((alias) => 'data' in alias && alias.data === found.target);
        if (type === 'CNAME' || looped || (type !== 'A' && type !== 'AAAA')) {
          return { reply: { rcode: 'noerror', authoritative: true, ...nothing, answers: chain }, keepMs: Infinity };
        }
        return await this.#resolveName(query, found.target, type, chain, signal);
      }
      default:
        return found satisfies never;
    }
  }

  /** Names of others: from the cache, else from upstream. Behind an alias of ours only the records count. */
  async #outside(
    query: Query,
    name: string,
    type: string,
    aliases: readonly Answer[],
    signal: AbortSignal,
  ): Promise<Resolved> {
    const { cache, metrics } = this.#deps;
    const key = `${name.toLowerCase()}|${type}|${query.dnssecOk ? 'do' : ''}`;
    const cached = cache.get(key);
    metrics.cache(cached !== undefined);
    let packet: DecodedPacket;
    let ageSeconds = 0;
    if (cached !== undefined) ({ packet, ageSeconds } = cached);
    else {
      try {
        packet = decode(await this.#forwarderFor(name).ask(questionFor(query, name, type), signal));
      } catch (error) {
        const busy = error instanceof TooBusyError;
        if (!busy && !(error instanceof UpstreamError) && !(error instanceof RangeError) && !(error instanceof Error))
          throw error;
        metrics.forwarded(busy ? 'REFUSED' : 'SERVFAIL');
        // The alias itself is known and true, whatever became of its target.
        const known = { rcode: 'noerror', authoritative: true, ...nothing, answers: aliases } as const;
        if (aliases.length > 0) return { reply: known, keepMs: 0 };
        return { reply: { rcode: busy ? 'refused' : 'servfail', authoritative: false, ...nothing }, keepMs: 0 };
      }
      metrics.forwarded(nameOf(rcodeOf(packet)));
      cache.put(key, packet, rcodeOf(packet));
    }
    const aged = (records: readonly Answer[] | undefined): readonly Answer[] =>
      (records ?? [])
        .filter(({ type: kind }) => kind !== 'OPT')
        .map((record) =>
          'ttl' in record ? ({ ...record, ttl: Math.max(0, (record.ttl ?? 0) - ageSeconds) } as Answer) : record,
        );
    const asAsked = (record: Answer): Answer =>
      record.name.toLowerCase() === name.toLowerCase() ? ({ ...record, name } as Answer) : record;
    const reply = {
      rcode: rcodeOf(packet),
      authoritative: aliases.length > 0,
      answers: [...aliases, ...aged(packet.answers).map(asAsked)],
      authorities: aged(packet.authorities),
      additionals: aged(packet.additionals),
    };
    return { reply, keepMs: cached?.sameForMs ?? 0 };
  }

  #forwarderFor(name: string): Forwarder {
    const lower = name.toLowerCase();
    let best: { readonly suffix: string; readonly forwarder: Forwarder } | undefined;
    for (const [suffix, forwarder] of this.#deps.stubs) {
      if (lower !== suffix && !lower.endsWith(`.${suffix}`)) continue;
      if (best === undefined || suffix.length > best.suffix.length) best = { suffix, forwarder };
    }
    return best?.forwarder ?? this.#deps.forwarder;
  }

  /** Several addresses are sent in turn, each first once: that is how clients spread their load. */
  #keep(ready: Map<string, Ready>, key: string, query: Query, { reply, keepMs }: Resolved, limit: number): void {
    if (ready.size >= maxReady) ready.clear();
    const turns = Math.min(8, Math.max(1, reply.answers.filter(({ type }) => type === 'A' || type === 'AAAA').length));
    const isOurs = keepMs === Infinity;
    const replies = Array.from({ length: isOurs ? turns : 1 }, (_, turn) =>
      encodeReply(query, { ...reply, answers: [...reply.answers.slice(turn), ...reply.answers.slice(0, turn)] }, limit),
    );
    const until = isOurs ? Infinity : this.#deps.now() + keepMs;
    const next = replies.length > 1 ? 1 : 0;
    ready.set(key, { replies, type: query.question.type, rcode: nameOf(reply.rcode), next, until });
  }
}

/** The client's query, asking for the name at the end of our aliases; its EDNS options go along. */
function questionFor(query: Query, name: string, type: string): Buffer {
  const { packet } = query;
  const opt = packet.additionals?.filter((record) => record.type === 'OPT') ?? [];
  return encode({
    type: 'query',
    id: packet.id ?? 0,
    flags: 0x0100 | ((packet.flags ?? 0) & 0x0010),
    questions: [{ name, type: type as Query['question']['type'], class: 'IN' }],
    additionals: opt,
  });
}

const names = new Map<number, string>(Object.entries(rcodes).map(([name, code]) => [code, name.toUpperCase()]));
const nameOf = (rcode: Rcode | number): string =>
  typeof rcode === 'number' ? (names.get(rcode) ?? String(rcode)) : rcode.toUpperCase();
