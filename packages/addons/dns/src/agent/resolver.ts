import type { ClusterZone } from './cluster-zone.js';
import type { Forwarder } from './forwarder.js';
import type { Query } from './query.js';
import type { Answer, ResourceRecord } from './resource-record.js';
import { typeNumbers } from './resource-record.js';
import type { ResponseBody } from './response.js';
import { codeAlone, responseBody } from './response.js';
import { canonicalIP, isIPv4 } from './cluster-view.js';

export interface ResolverDeps {
  readonly zone: ClusterZone;
  readonly forwarder: Forwarder;
  /** Names (lower case) and their addresses. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly ttlSeconds: number;
}

const inClass = 1;
const transfers = new Set([251, 252]);
/** An alias that leads to an alias that leads to … ends here. */
const longestChain = 8;
/** Bounds the memory for encoded answers; a cluster's hot names are far fewer. */
const mostAnswers = 20_000;

/** From a question to the body of the response; cluster names from memory at once, everything else by asking. */
export class Resolver {
  readonly #deps: ResolverDeps;
  /** Encoded answers about the cluster, by type and name, until the cluster changes. */
  readonly #encoded = new Map<string, ResponseBody>();

  constructor(deps: ResolverDeps) {
    this.#deps = deps;
  }

  /** To be called for every change of the cluster. */
  changed(): void {
    this.#deps.zone.changed();
    this.#encoded.clear();
  }

  /** At once for what is known here; a promise for what others must be asked. */
  resolve(query: Query, packet: Buffer): ResponseBody | Promise<ResponseBody> {
    if (query.ednsVersion !== 0) return codeAlone('FORMERR');
    if (query.class !== inClass || transfers.has(query.type)) return codeAlone('REFUSED');
    const key = `${query.type} ${query.name}`;
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    const hosts = this.#deps.hosts.get(query.name);
    if (hosts !== undefined) return this.#remember(key, responseBody(this.#ofHosts(hosts, query.type)));
    const answer = this.#deps.zone.lookUp(query.name, query.type);
    if (answer === undefined) return this.#deps.forwarder.forward(query, packet);
    if (answer === 'not synced') return codeAlone('SERVFAIL');
    if ('alias' in answer) return this.#follow(query, answer.alias, [answer.record]);
    return this.#remember(key, responseBody(answer));
  }

  #remember(key: string, body: ResponseBody): ResponseBody {
    if (this.#encoded.size >= mostAnswers) this.#encoded.clear();
    this.#encoded.set(key, body);
    return body;
  }

  #ofHosts(addresses: readonly string[], type: number): Answer {
    const { ttlSeconds } = this.#deps;
    const records = addresses
      .map(canonicalIP)
      .map((data): ResourceRecord => ({ type: isIPv4(data) ? 'A' : 'AAAA', ttlSeconds, data }));
    const answers = records.filter((record) => typeNumbers[record.type] === type);
    return { rcode: 'NOERROR', answers, authority: [], additional: [] };
  }

  /** The alias and what it leads to in one answer, so that the client need not ask again. */
  async #follow(query: Query, alias: string, chain: readonly ResourceRecord[]): Promise<ResponseBody> {
    const done = (more: readonly ResourceRecord[]): ResponseBody =>
      responseBody({ rcode: 'NOERROR', answers: [...chain, ...more], authority: [], additional: [] });
    if (query.type === typeNumbers.CNAME || chain.length >= longestChain) return done([]);
    const next = this.#deps.zone.lookUp(alias, query.type);
    if (next === 'not synced') return codeAlone('SERVFAIL');
    if (next === undefined) {
      const { records, rcode } = await this.#deps.forwarder.lookUp(alias, query.type);
      if (rcode === 'SERVFAIL') return codeAlone('SERVFAIL');
      return done(records);
    }
    if ('alias' in next) return this.#follow(query, next.alias, [...chain, { ...next.record, owner: alias }]);
    return done(next.answers.map((record) => ({ ...record, owner: record.owner ?? alias })));
  }
}
