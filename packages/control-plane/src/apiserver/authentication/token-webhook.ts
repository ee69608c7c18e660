import { ApiError, isJsonObject } from '@geobuk/api';
import type { Json } from '@geobuk/api';
import { createHttpClient, loadKubeconfig } from '@geobuk/client';
import type { HttpClient } from '@geobuk/client';
import { createHash } from 'node:crypto';
import { ConfigError } from '../../config.js';
import type { User } from './user.js';

const answerMs = 10_000;
/** Kubernetes' default of --authentication-token-webhook-cache-ttl. */
const keptMs = 120_000;
const mostKept = 10_000;

/** Asks another server about tokens that nobody here knows. Follows: the webhook token authenticator, checklist 2.1.3. */
export class TokenWebhook implements AsyncDisposable {
  readonly #client: HttpClient;
  readonly #now: () => number;
  /** By the hash of a token: whose it is, and until when that is believed. */
  readonly #known = new Map<string, { readonly user: User; readonly until: number }>();

  constructor(client: HttpClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** @throws {ApiError} Unauthorized. */
  async authenticate(token: string, audiences: readonly string[]): Promise<User> {
    const id = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(id);
    if (known !== undefined && known.until > this.#now()) return known.user;
    this.#known.delete(id);
    const user = await this.#ask(token, audiences);
    if (this.#known.size >= mostKept) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(id, { user, until: this.#now() + keptMs });
    return user;
  }

  async #ask(token: string, audiences: readonly string[]): Promise<User> {
    let review: Json;
    try {
      const response = await this.#client.request({
        method: 'POST',
        path: '',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences },
        }),
        signal: AbortSignal.timeout(answerMs),
      });
      review = (await response.json()) as Json;
    } catch (cause) {
      throw ApiError.of(401, 'Unauthorized', 'Unauthorized', undefined, { cause });
    }
    const status = isJsonObject(review) ? review['status'] : undefined;
    const user = isJsonObject(status) && status['authenticated'] === true ? status['user'] : undefined;
    const name = isJsonObject(user) ? user['username'] : undefined;
    if (!isJsonObject(user) || typeof name !== 'string' || name === '') throw ApiError.unauthorized();
    const { uid, groups, extra } = user;
    return {
      name,
      groups: Array.isArray(groups) ? groups.filter((one): one is string => typeof one === 'string') : [],
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(extra !== undefined && isJsonObject(extra) ? { extra: extra as unknown as User['extra'] } : {}),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** @throws {ConfigError} the file names no server. */
export async function openTokenWebhook(file: string, now: () => number): Promise<TokenWebhook> {
  const config = await loadKubeconfig({ paths: [file] }).catch((cause: unknown) => {
    throw new ConfigError(`--authentication-token-webhook-config-file ${file}: ${(cause as Error).message}`, { cause });
  });
  return new TokenWebhook(createHttpClient(config), now);
}
