import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { bootstrapTokenUser, isBootstrapToken } from './bootstrap-token.js';
import { clientCertificateUser } from './client-certificate.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import { anonymous, authenticated } from './user.js';
import type { User } from './user.js';

export interface AuthenticatorDeps {
  readonly caches: WatchCaches;
  readonly serviceAccountTokens: ServiceAccountTokens;
  now(): number;
}

const websocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.';

/** Says who makes a request. Follows: checklist 2.1; a wrong token is never anonymous. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /** @throws {ApiError} Unauthorized. */
  async authenticate(headers: IncomingHttpHeaders, socket: Socket): Promise<User> {
    const ofCertificate = clientCertificateUser(socket, this.#deps.now());
    if (ofCertificate !== undefined) return authenticated(ofCertificate);
    const token = bearerToken(headers);
    if (token === undefined) return anonymous;
    return (await this.authenticateToken(token)).user;
  }

  /** @throws {ApiError} Unauthorized. */
  async authenticateToken(
    token: string,
    audiences?: readonly string[],
  ): Promise<{ readonly user: User; readonly audiences: readonly string[] }> {
    const { caches, serviceAccountTokens, now } = this.#deps;
    if (isBootstrapToken(token)) {
      const user = bootstrapTokenUser(token, caches, now());
      if (user !== undefined) return { user: authenticated(user), audiences: audiences ?? [] };
    } else if (serviceAccountTokens.claims(token)) {
      const found = await serviceAccountTokens.authenticate(token, audiences);
      return { user: authenticated(found.user), audiences: found.audiences };
    }
    throw ApiError.unauthorized();
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
