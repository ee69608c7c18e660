import { serviceAccounts } from '@geobuk/api';
import type { Pod, ResourceType, TokenRequest } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';

export interface WantedToken {
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

export interface ServiceAccountToken {
  readonly token: string;
  /** A new one is due then. Epoch milliseconds. */
  readonly refreshAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

const day = 86_400_000;
/** After a failed renewal, as long as the old one is good. */
const retryMs = 30_000;

/** Tokens for pods, asked for once and renewed before they end. Follows: token.Manager (80 % of life, or 24 h). */
export class ServiceAccountTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #issued = new Map<string, Map<string, ServiceAccountToken>>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @throws {ApiError} when there is no valid one and none can be had. */
  async of(pod: Pod, wanted: WantedToken, signal: AbortSignal): Promise<ServiceAccountToken> {
    const uid = pod.metadata.uid ?? '';
    const id = `${wanted.audience ?? ''} ${wanted.expirationSeconds}`;
    const known = this.#issued.get(uid)?.get(id);
    const now = this.#clock.now();
    if (known !== undefined && now < known.refreshAt) return known;
    let fresh: ServiceAccountToken;
    try {
      fresh = await this.#request(pod, wanted, signal);
    } catch (error) {
      if (known === undefined || now >= known.expiresAt || signal.aborted) throw error;
      fresh = { ...known, refreshAt: now + retryMs };
    }
    const ofPod = this.#issued.get(uid) ?? new Map<string, ServiceAccountToken>();
    this.#issued.set(uid, ofPod.set(id, fresh));
    return fresh;
  }

  forget(uid: string): void {
    this.#issued.delete(uid);
  }

  async #request(
    pod: Pod,
    { audience, expirationSeconds }: WantedToken,
    signal: AbortSignal,
  ): Promise<ServiceAccountToken> {
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: audience === undefined ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const key = { namespace, name: pod.spec.serviceAccountName ?? 'default' };
    const type = serviceAccounts as ResourceType;
    const { status } = await this.#client.createSubresource<TokenRequest>(type, key, 'token', body, { signal });
    const { token, expirationTimestamp } = status ?? {};
    if (token === undefined || expirationTimestamp === undefined) {
      throw new Error(`the API server issued no token for service account ${key.name}`);
    }
    const now = this.#clock.now();
    const expiresAt = Date.parse(expirationTimestamp);
    return { token, expiresAt, refreshAt: now + Math.min((expiresAt - now) * 0.8, day) };
  }
}
