import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { onDemand } from '../../on-demand.js';

const answerBytes = 1024 * 1024;
const answerMs = 10_000;
/** An unknown key is asked for at the issuer, but not by everybody who makes one up. */
const leastBetweenMs = 10_000;

export interface IssuerKeysDeps {
  readonly issuerUrl: string;
  /** Where the discovery document is, when not below the issuer's own URL. */
  readonly discoveryUrl?: string | undefined;
  /** PEM; absent: the system's CAs. */
  readonly caPem?: string | undefined;
  now(): number;
}

/** The public keys of an issuer, fetched when they are first needed and again when one is unknown. Follows: OIDC discovery. */
export class IssuerKeys {
  readonly #deps: IssuerKeysDeps;
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: IssuerKeysDeps) {
    this.#deps = deps;
  }

  readonly get: JWTVerifyGetKey = async (header, token) => {
    try {
      return await (
        await this.#current()
      )(header, token);
    } catch (error) {
      if (!(error instanceof onDemand.jose.errors.JWKSNoMatchingKey) || !this.#mayFetch()) throw error;
      this.#keys = undefined;
      return (await this.#current())(header, token);
    }
  };

  #mayFetch(): boolean {
    return this.#deps.now() - this.#fetchedAt >= leastBetweenMs;
  }

  #current(): Promise<JWTVerifyGetKey> {
    if (this.#keys === undefined) {
      if (!this.#mayFetch())
        return Promise.reject(new Error('the keys of the issuer could not be fetched a moment ago'));
      this.#fetchedAt = this.#deps.now();
      const fetching = this.#fetch();
      this.#keys = fetching;
      fetching.catch(() => {
        if (this.#keys === fetching) this.#keys = undefined;
      });
    }
    return this.#keys;
  }

  async #fetch(): Promise<JWTVerifyGetKey> {
    const { issuerUrl, discoveryUrl, caPem } = this.#deps;
    const at = discoveryUrl ?? `${issuerUrl.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = (await getJson(at, caPem)) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
    if (found.issuer !== issuerUrl)
      throw new Error(`the discovery document at ${at} is of issuer ${JSON.stringify(found.issuer)}`);
    if (typeof found.jwks_uri !== 'string') throw new Error(`the discovery document at ${at} names no jwks_uri`);
    return onDemand.jose.createLocalJWKSet((await getJson(found.jwks_uri, caPem)) as JSONWebKeySet);
  }
}

/** @throws no JSON comes from there in time. */
async function getJson(url: string, ca: string | undefined): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { ...(ca === undefined ? {} : { ca }), agent: false, signal: AbortSignal.timeout(answerMs) }, resolve).on(
      'error',
      reject,
    );
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    if ((bytes += piece.length) > answerBytes) throw new Error(`the answer of ${url} is too long`);
  }
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  return JSON.parse(Buffer.concat(pieces).toString()) as unknown;
}
