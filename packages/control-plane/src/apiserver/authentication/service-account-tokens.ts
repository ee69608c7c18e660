import { createHash, createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JWK, JWTPayload } from 'jose';
import { ApiError } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { onDemand } from '../../on-demand.js';
import { storePrefix } from '../resources/served-resource.js';
import { serviceAccountUser } from './user.js';
import type { User } from './user.js';

const algorithm = 'ES256';
/** How long a token outlives the beginning of its bound object's end (2.3.3). */
const graceAfterDeletionMs = 60_000;
const verifiedTokensKept = 10_000;

export interface BoundReference {
  readonly name: string;
  readonly uid: string;
}

export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: BoundReference;
  readonly pod?: BoundReference | undefined;
  readonly node?: BoundReference | undefined;
  readonly secret?: BoundReference | undefined;
}

export interface TokenClaims extends JWTPayload {
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: BoundReference;
    readonly pod?: BoundReference | undefined;
    readonly node?: BoundReference | undefined;
    readonly secret?: BoundReference | undefined;
    readonly warnafter?: number | undefined;
  };
}

export interface ServiceAccountTokensDeps {
  readonly keyPem: string;
  readonly issuer: string;
  readonly caches: WatchCaches;
  now(): number;
}

/** Signs and checks the tokens of service accounts. Follows: checklist 2.3. */
export class ServiceAccountTokens {
  readonly issuer: string;
  readonly #deps: ServiceAccountTokensDeps;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  /** Signatures that were checked; what a token is bound to is looked at each time. */
  readonly #verified = new Map<string, TokenClaims>();

  constructor(deps: ServiceAccountTokensDeps) {
    this.#deps = deps;
    this.issuer = deps.issuer;
    this.#privateKey = createPrivateKey(deps.keyPem);
    this.#publicKey = createPublicKey(this.#privateKey);
    const der = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#keyId = createHash('sha256').update(der).digest('base64url');
  }

  async sign(
    subject: TokenSubject,
    audiences: readonly string[],
    lifeSeconds: number,
    warnAfterSeconds?: number,
  ): Promise<string> {
    const now = Math.floor(this.#deps.now() / 1000);
    const { namespace, serviceAccount, pod, node, secret } = subject;
    return new onDemand.jose.SignJWT({
      'kubernetes.io': {
        namespace,
        ...(node === undefined ? {} : { node }),
        ...(pod === undefined ? {} : { pod }),
        ...(secret === undefined ? {} : { secret }),
        serviceaccount: serviceAccount,
        ...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }),
      },
    })
      .setProtectedHeader({ alg: algorithm, kid: this.#keyId })
      .setIssuer(this.issuer)
      .setSubject(serviceAccountUser(namespace, serviceAccount.name))
      .setAudience([...audiences])
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifeSeconds)
      .setJti(randomUUID())
      .sign(this.#privateKey);
  }

  /** Whether a token claims to be of this issuer. */
  claims(token: string): boolean {
    if (token.split('.').length !== 3) return false;
    try {
      const { decodeJwt, decodeProtectedHeader } = onDemand.jose;
      return decodeProtectedHeader(token).alg === algorithm && decodeJwt(token).iss === this.issuer;
    } catch {
      return false;
    }
  }

  /**
   * The user of a valid token and the audiences it was asked about that it holds.
   * @throws {ApiError} Unauthorized for anything else.
   */
  async authenticate(
    token: string,
    audiences: readonly string[] = [this.issuer],
  ): Promise<{ readonly user: User; readonly audiences: readonly string[] }> {
    const claims = await this.#verify(token);
    const shared = [claims.aud ?? []].flat().filter((audience) => audiences.includes(audience));
    if (shared.length === 0) throw ApiError.unauthorized();
    const { namespace, serviceaccount, pod, node, secret } = claims['kubernetes.io'];
    this.#mustLive('serviceaccounts', { namespace, ...serviceaccount });
    if (pod !== undefined) this.#mustLive('pods', { namespace, ...pod });
    if (secret !== undefined) this.#mustLive('secrets', { namespace, ...secret });
    if (node !== undefined && pod === undefined) this.#mustLive('nodes', node);
    return {
      user: {
        name: serviceAccountUser(namespace, serviceaccount.name),
        uid: serviceaccount.uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
        extra: {
          'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
          ...(pod === undefined
            ? {}
            : {
                'authentication.kubernetes.io/pod-name': [pod.name],
                'authentication.kubernetes.io/pod-uid': [pod.uid],
              }),
          ...(node === undefined
            ? {}
            : {
                'authentication.kubernetes.io/node-name': [node.name],
                'authentication.kubernetes.io/node-uid': [node.uid],
              }),
        },
      },
      audiences: shared,
    };
  }

  async #verify(token: string): Promise<TokenClaims> {
    const nowSeconds = this.#deps.now() / 1000;
    const before = this.#verified.get(token);
    if (before !== undefined) {
      if ((before.exp ?? 0) > nowSeconds) return before;
      this.#verified.delete(token);
    }
    let claims: TokenClaims;
    try {
      const { payload } = await onDemand.jose.jwtVerify<TokenClaims>(token, this.#publicKey, {
        algorithms: [algorithm],
        issuer: this.issuer,
        currentDate: new Date(this.#deps.now()),
      });
      claims = payload;
    } catch (cause) {
      throw ApiError.of(401, 'Unauthorized', 'Unauthorized', undefined, { cause });
    }
    if (typeof claims['kubernetes.io']?.namespace !== 'string') throw ApiError.unauthorized();
    if (this.#verified.size >= verifiedTokensKept) {
      const oldest = this.#verified.keys().next().value;
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(token, claims);
    return claims;
  }

  #mustLive(plural: string, { namespace, name, uid }: BoundReference & { readonly namespace?: string }): void {
    const cache = this.#deps.caches.cache(storePrefix('', plural));
    const object: KubernetesObject | undefined = cache.get(
      namespace === undefined ? { name } : { namespace, name },
    )?.object;
    if (object === undefined || object.metadata.uid !== uid) throw ApiError.unauthorized();
    const ending = object.metadata.deletionTimestamp;
    if (ending !== undefined && Date.parse(ending) + graceAfterDeletionMs < this.#deps.now())
      throw ApiError.unauthorized();
  }

  /** The public key, for `/openid/v1/jwks`. */
  async jwks(): Promise<{ readonly keys: readonly JWK[] }> {
    const key = await onDemand.jose.exportJWK(this.#publicKey);
    return { keys: [{ use: 'sig', ...key, kid: this.#keyId, alg: algorithm }] };
  }
}
