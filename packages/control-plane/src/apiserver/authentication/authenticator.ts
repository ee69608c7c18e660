import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { plainAuthentication } from './authentication-config.js';
import type { AuthenticationConfig } from './authentication-config.js';
import { bootstrapTokenUser, isBootstrapToken } from './bootstrap-token.js';
import { certificateHolder } from './client-certificate.js';
import type { CertificateAuthorities } from './client-certificate.js';
import { frontProxyUser } from './front-proxy.js';
import { JwtIssuer } from './jwt-issuer.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import type { TokenWebhook } from './token-webhook.js';
import { anonymous, authenticated } from './user.js';
import type { User } from './user.js';

export interface AuthenticatorDeps {
  readonly caches: WatchCaches;
  readonly serviceAccountTokens: ServiceAccountTokens;
  readonly authorities: CertificateAuthorities;
  now(): number;
}

export interface Authenticated {
  readonly user: User;
  /** Those of the asked ones that the token is good for. */
  readonly audiences: readonly string[];
}

const websocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.';

/** Says who makes a request. Follows: checklist 2.1; a wrong token is never anonymous. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;
  #config = plainAuthentication;
  #issuers: readonly JwtIssuer[] = [];
  #webhook: TokenWebhook | undefined;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /** Takes issuers and what is allowed to those who show nothing; may be called again. */
  configure(config: AuthenticationConfig): void {
    this.#config = config;
    this.#issuers = config.issuers.map((issuer) => new JwtIssuer(issuer, this.#deps.now));
  }

  /** Whom to ask about tokens that nobody here knows. */
  askAlso(webhook: TokenWebhook): void {
    this.#webhook = webhook;
  }

  /** @param path of the request, without query. @throws {ApiError} Unauthorized. */
  async authenticate(headers: IncomingHttpHeaders, socket: Socket, path: string): Promise<User> {
    const { authorities, now } = this.#deps;
    const holder = certificateHolder(socket, authorities, now());
    if (holder?.kind === 'user') return authenticated(holder.user);
    if (holder?.kind === 'front proxy') {
      const user = frontProxyUser(headers);
      if (user !== undefined) return authenticated(user);
    }
    const token = bearerToken(headers);
    if (token !== undefined) return (await this.authenticateToken(token)).user;
    const { enabled, paths } = this.#config.anonymous;
    if (holder !== undefined || !enabled || paths?.has(path) === false) throw ApiError.unauthorized();
    return anonymous;
  }

  /** @throws {ApiError} Unauthorized. */
  async authenticateToken(token: string, audiences?: readonly string[]): Promise<Authenticated> {
    const { caches, serviceAccountTokens, now } = this.#deps;
    if (isBootstrapToken(token)) {
      const user = bootstrapTokenUser(token, caches, now());
      if (user !== undefined) return { user: authenticated(user), audiences: audiences ?? [] };
    } else if (serviceAccountTokens.claims(token)) {
      const found = await serviceAccountTokens.authenticate(token, audiences);
      return { user: authenticated(found.user), audiences: found.audiences };
    }
    // What follows knows no audiences of its own: such tokens are for this server.
    const own = [serviceAccountTokens.issuer];
    const shared = audiences?.filter((audience) => own.includes(audience)) ?? own;
    if (shared.length === 0) throw ApiError.unauthorized();
    const issuer = this.#issuers.find((one) => one.claims(token));
    if (issuer !== undefined) return { user: authenticated(await issuer.authenticate(token)), audiences: shared };
    if (this.#webhook === undefined) throw ApiError.unauthorized();
    return { user: authenticated(await this.#webhook.authenticate(token, shared)), audiences: shared };
  }
}

/** From the header, or from a websocket's subprotocols, which browsers can set (2.1.8). @throws {ApiError} Unauthorized. */
function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const [scheme, token, ...rest] = authorization.trim().split(/\s+/);
    if (scheme?.toLowerCase() !== 'bearer') return undefined;
    if (token === undefined || rest.length > 0) throw ApiError.unauthorized();
    return token;
  }
  const protocols = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  const carrier = protocols.find((name) => name.startsWith(websocketTokenPrefix));
  return carrier === undefined
    ? undefined
    : Buffer.from(carrier.slice(websocketTokenPrefix.length), 'base64url').toString();
}
