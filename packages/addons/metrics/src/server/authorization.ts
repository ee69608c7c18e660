import type { SubjectAccessReview } from '@geobuk/api';
import { subjectAccessReviews } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import type { User } from './authentication.js';
import { ExpiringCache } from './expiring-cache.js';

type AccessReviewSpec = SubjectAccessReview['spec'];
/** What is asked for, in the words of a SubjectAccessReview. */
export type Attributes = Pick<AccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

export interface AuthorizationDeps {
  readonly client: Pick<Client, 'create'>;
  readonly clock: Clock;
}

const cacheMs = { allowed: 10_000, refused: 10_000 };

/** Whether somebody may do what they ask; the API server's to say. Follows: delegated authorization. */
export class Authorization {
  readonly #deps: AuthorizationDeps;
  readonly #verdicts: ExpiringCache<boolean>;

  constructor(deps: AuthorizationDeps) {
    this.#deps = deps;
    this.#verdicts = new ExpiringCache(deps.clock);
  }

  /** @throws {ApiError} the API server does not say. */
  async allows(user: User, attributes: Attributes, signal: AbortSignal): Promise<boolean> {
    // They may do everything by definition, and asking would make every probe of the API server two requests.
    if (user.groups.includes('system:masters')) return true;
    const id = JSON.stringify([user, attributes]);
    const known = this.#verdicts.get(id);
    if (known !== undefined) return known.value;
    const { name, uid, groups, extra } = user;
    const review: SubjectAccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: { user: name, uid, groups, extra, ...attributes },
    };
    const { status } = await this.#deps.client.create(subjectAccessReviews, review, { signal });
    const allowed = status?.allowed === true;
    this.#verdicts.set(id, allowed, allowed ? cacheMs.allowed : cacheMs.refused);
    return allowed;
  }
}
