import { createHash } from 'node:crypto';
import type { SubjectAccessReview, TokenReview, UserInfo } from '@geobuk/api';
import { subjectAccessReviews, tokenReviews } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import { RegistryError } from '../oci/registry-error.js';
import type { Access, RegistryVerb } from './access.js';

export interface ClusterAccessDeps {
  readonly client: Pick<Client, 'create'>;
  readonly clock: Clock;
  /** Pulls need no name. */
  readonly anonymousPull: boolean;
}

/** The group and resource that RBAC rules for the registry name. */
export const registryGroup = 'registry.geobuk.dev';
const resource = 'repositories';

/** What some clients send when they were asked for a name and have none: an empty one with an empty password. */
const namelessBasic = `Basic ${Buffer.from(':').toString('base64')}`;
const rememberMs = 30_000;
const memoryLimit = 2_000;
const askTimeoutMs = 10_000;

/**
 * Users of the cluster, by a token as bearer or as the password of any user name; what they may is RBAC's to say.
 * Follows: TokenReview and SubjectAccessReview, as other servers beside the API server do.
 */
export class ClusterAccess implements Access {
  readonly #deps: ClusterAccessDeps;
  readonly #users = new Map<string, { readonly at: number; readonly user: UserInfo | undefined }>();
  readonly #verdicts = new Map<string, { readonly at: number; readonly allowed: boolean }>();

  constructor(deps: ClusterAccessDeps) {
    this.#deps = deps;
  }

  async check(header: string | undefined, verb: RegistryVerb, repository: string): Promise<void> {
    const authorization = header === namelessBasic ? undefined : header;
    const token = tokenOf(authorization);
    if (token === undefined) {
      if (authorization === undefined && verb === 'get' && this.#deps.anonymousPull) return;
      throw new RegistryError('UNAUTHORIZED', 'log in: any user name, and a token of the cluster as the password');
    }
    const user = await this.#userOf(token);
    if (user === undefined) throw new RegistryError('UNAUTHORIZED', 'the token is not one of this cluster');
    if (verb === 'login' || (verb === 'get' && this.#deps.anonymousPull)) return;
    if (await this.#isAllowed(user, verb, repository)) return;
    throw new RegistryError(
      'DENIED',
      `${user.username ?? ''} may not ${verb} ${resource} of ${registryGroup} "${repository}"`,
    );
  }

  async #userOf(token: string): Promise<UserInfo | undefined> {
    const key = createHash('sha256').update(token).digest('hex');
    const now = this.#deps.clock.now();
    const known = this.#users.get(key);
    if (known !== undefined && now - known.at < rememberMs) return known.user;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token } };
    const { status } = await this.#ask((signal) =>
      this.#deps.client.create(tokenReviews, review as TokenReview, { signal }),
    );
    const user = status?.authenticated === true ? status.user : undefined;
    remember(this.#users, key, { at: now, user });
    return user;
  }

  async #isAllowed(user: UserInfo, verb: RegistryVerb, repository: string): Promise<boolean> {
    const key = JSON.stringify([user.username, user.groups, verb, repository]);
    const now = this.#deps.clock.now();
    const known = this.#verdicts.get(key);
    if (known !== undefined && now - known.at < rememberMs) return known.allowed;
    const { username: name, groups, uid, extra } = user;
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: name,
        groups,
        uid,
        extra,
        resourceAttributes: { group: registryGroup, resource, verb, name: repository },
      },
    };
    const { status } = await this.#ask((signal) =>
      this.#deps.client.create(subjectAccessReviews, review as SubjectAccessReview, { signal }),
    );
    const allowed = status?.allowed === true;
    remember(this.#verdicts, key, { at: now, allowed });
    return allowed;
  }

  async #ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using limit = deadline(new AbortController().signal, askTimeoutMs, this.#deps.clock);
    return await question(limit.signal);
  }
}

/** Bearer, or the password of Basic, which is all that docker and skopeo can send. */
function tokenOf(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(Bearer|Basic)\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  const password = text.slice(text.indexOf(':') + 1);
  return text.includes(':') && password !== '' ? password : undefined;
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= memoryLimit) map.clear();
  map.set(key, value);
}
