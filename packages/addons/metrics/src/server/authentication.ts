import { createHash } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import type { TokenReview } from '@geobuk/api';
import { tokenReviews } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import { ExpiringCache } from './expiring-cache.js';
import type { TrustAnchors } from './trust-anchors.js';
import { isSignedBy } from './trust-anchors.js';

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** By name in small letters, each with all its values. */
export type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** What a request shows of its sender. */
export interface Shown {
  readonly certificate: X509Certificate | undefined;
  readonly headers: Headers;
}

export interface AuthenticationDeps {
  readonly client: Pick<Client, 'create'>;
  readonly clock: Clock;
  anchors(): TrustAnchors;
}

const cacheMs = { known: 10_000, unknown: 10_000 };
const authenticated = 'system:authenticated';

/**
 * Who asks: whom the front proxy names, the holder of a client certificate, or the owner of a token.
 * Follows: delegated authentication of extension API servers.
 */
export class Authentication {
  readonly #deps: AuthenticationDeps;
  readonly #users: ExpiringCache<User | undefined>;

  constructor(deps: AuthenticationDeps) {
    this.#deps = deps;
    this.#users = new ExpiringCache(deps.clock);
  }

  /** @returns nobody when nothing holds. @throws {ApiError} the API server cannot say whose token it is. */
  async userOf({ certificate, headers }: Shown, signal: AbortSignal): Promise<User | undefined> {
    const anchors = this.#deps.anchors();
    if (certificate !== undefined) {
      const now = this.#deps.clock.now();
      const { name, groups } = subjectOf(certificate);
      const mayProxy = anchors.frontProxyNames.length === 0 || anchors.frontProxyNames.includes(name);
      if (mayProxy && isSignedBy(anchors.frontProxyCas, certificate, now)) {
        const user = userInHeaders(headers, anchors);
        if (user !== undefined) return user;
      }
      if (name !== '' && isSignedBy(anchors.clientCas, certificate, now))
        return { name, uid: '', groups: [...groups, authenticated], extra: {} };
    }
    const token = /^Bearer\s+(\S+)$/i.exec(headers['authorization']?.[0] ?? '')?.[1];
    return token === undefined ? undefined : this.#ownerOf(token, signal);
  }

  async #ownerOf(token: string, signal: AbortSignal): Promise<User | undefined> {
    const id = createHash('sha256').update(token).digest('hex');
    const known = this.#users.get(id);
    if (known !== undefined) return known.value;
    const review: TokenReview = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token },
    };
    const { status } = await this.#deps.client.create(tokenReviews, review, { signal });
    const found = status?.authenticated === true ? status.user : undefined;
    const user =
      found === undefined
        ? undefined
        : { name: found.username ?? '', uid: found.uid ?? '', groups: found.groups ?? [], extra: found.extra ?? {} };
    this.#users.set(id, user, user === undefined ? cacheMs.unknown : cacheMs.known);
    return user;
  }
}

/** Follows: x509 user info: the common name, and each organization as a group. */
function subjectOf({ subject }: X509Certificate): { readonly name: string; readonly groups: readonly string[] } {
  const of = (key: string): readonly string[] =>
    subject.split('\n').flatMap((row) => (row.startsWith(`${key}=`) ? [row.slice(key.length + 1)] : []));
  return { name: of('CN')[0] ?? '', groups: of('O') };
}

function userInHeaders(headers: Headers, anchors: TrustAnchors): User | undefined {
  const all = (names: readonly string[]): readonly string[] =>
    names.flatMap((name) => valuesOf(headers, name)).filter((value) => value !== '');
  const [name] = all(anchors.userHeaders);
  if (name === undefined) return undefined;
  const extra: Record<string, readonly string[]> = {};
  for (const prefix of anchors.extraHeaderPrefixes.map((text) => text.toLowerCase())) {
    for (const header of Object.keys(headers)) {
      if (!header.startsWith(prefix)) continue;
      extra[unescaped(header.slice(prefix.length))] = valuesOf(headers, header);
    }
  }
  return { name, uid: all(anchors.uidHeaders)[0] ?? '', groups: all(anchors.groupHeaders), extra };
}

const valuesOf = (headers: Headers, name: string): readonly string[] => headers[name.toLowerCase()] ?? [];

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // Follows: a key that is not escaped right is taken as it is.
  }
}
