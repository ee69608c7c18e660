import { createHash } from 'node:crypto';
import type { Certificate, TLSSocket } from 'node:tls';
import { subjectAccessReviews, tokenReviews } from '@geobuk/api';
import type { SubjectAccessReview, TokenReview } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface AccessRequest {
  readonly method: string;
  readonly path: string;
}

export interface AccessDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
}

const mastersGroup = 'system:masters';
/** Follows: webhook cache times of the kubelet, shortened for refusals. */
const cacheMs = { token: 120_000, allowed: 300_000, refused: 30_000 };
const cacheLimit = 1000;

/** Who asks, and whether they may: both are the API server's to say. Follows: kubelet authentication and authorization. */
export class Access {
  readonly #deps: AccessDeps;
  readonly #users = new Map<string, { readonly user: User | undefined; readonly until: number }>();
  readonly #verdicts = new Map<string, { readonly allowed: boolean; readonly until: number }>();

  constructor(deps: AccessDeps) {
    this.#deps = deps;
  }

  /** By client certificate of the cluster's CA, or by token. @returns nobody when neither holds. */
  async userOf(socket: TLSSocket, authorization: string | undefined, signal: AbortSignal): Promise<User | undefined> {
    if (socket.authorized) {
      // A connection that has just been closed still counts as authorized, but its certificate is gone.
      const { subject }: { readonly subject?: Certificate } = socket.getPeerCertificate();
      const organizations: string | readonly string[] = subject?.O ?? [];
      const groups = typeof organizations === 'string' ? [organizations] : organizations;
      const name = String(subject?.CN ?? '');
      if (name !== '') return { name, uid: '', groups: [...groups, 'system:authenticated'], extra: {} };
    }
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const id = createHash('sha256').update(token).digest('hex');
    const known = this.#users.get(id);
    if (known !== undefined && known.until > this.#deps.clock.now()) return known.user;
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
    keep(this.#users, id, {
      user,
      until: this.#deps.clock.now() + (user === undefined ? cacheMs.refused : cacheMs.token),
    });
    return user;
  }

  async allows(user: User, request: AccessRequest, signal: AbortSignal): Promise<boolean> {
    if (user.groups.includes(mastersGroup)) return true;
    const { verb, subresources } = attributesOf(request);
    for (const subresource of subresources) if (await this.#allowed(user, verb, subresource, signal)) return true;
    return false;
  }

  async #allowed(user: User, verb: string, subresource: string, signal: AbortSignal): Promise<boolean> {
    const { client, clock, nodeName } = this.#deps;
    const id = JSON.stringify([user, verb, subresource]);
    const known = this.#verdicts.get(id);
    if (known !== undefined && known.until > clock.now()) return known.allowed;
    const review: SubjectAccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: user.name,
        uid: user.uid,
        groups: user.groups,
        extra: user.extra,
        resourceAttributes: { group: '', version: 'v1', resource: 'nodes', subresource, name: nodeName, verb },
      },
    };
    const { status } = await client.create(subjectAccessReviews, review, { signal });
    const allowed = status?.allowed === true;
    keep(this.#verdicts, id, { allowed, until: clock.now() + (allowed ? cacheMs.allowed : cacheMs.refused) });
    return allowed;
  }
}

/** What one has to be allowed: any of the subresources. Follows: NodeRequestAttributesGetter, fine-grained authorization. */
export function attributesOf({ method, path }: AccessRequest): {
  readonly verb: string;
  readonly subresources: readonly string[];
} {
  const verbs: Readonly<Record<string, string>> = {
    GET: 'get',
    HEAD: 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  };
  const verb = verbs[method] ?? 'get';
  const [, first = ''] = path.split('/');
  const own: Readonly<Record<string, string>> = { stats: 'stats', metrics: 'metrics', logs: 'log' };
  if (own[first] !== undefined) return { verb, subresources: [own[first]] };
  const fine: Readonly<Record<string, string>> = {
    pods: 'pods',
    runningpods: 'pods',
    healthz: 'healthz',
    configz: 'configz',
  };
  return { verb, subresources: fine[first] === undefined ? ['proxy'] : [fine[first], 'proxy'] };
}

function keep<V>(cache: Map<string, V>, id: string, value: V): void {
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(id, value);
}
