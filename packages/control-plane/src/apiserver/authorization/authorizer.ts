import type { User } from '../authentication/user.js';

/** `spec.nodeName=a` of a field selector. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** What a request wants to do. Follows: authorizer.Attributes. */
export interface Attributes {
  readonly isResource: boolean;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** For what is no resource. */
  readonly path: string;
  /** What a list, watch or deletecollection is narrowed to, where it is. */
  readonly fieldSelector?: readonly FieldRequirement[] | undefined;
}

export type Decision =
  | { readonly kind: 'allow'; readonly reason: string }
  | { readonly kind: 'deny'; readonly reason: string }
  | { readonly kind: 'no opinion'; readonly reason: string };

/** One way of deciding. The first that allows or denies has decided. */
export interface Authorizer {
  authorize(user: User, attributes: Attributes): Decision;
}

export const noOpinion = (reason = ''): Decision => ({ kind: 'no opinion', reason });

/** Asks each in turn; `system:masters` may do everything. Follows: the union authorizer, checklist 2.4.1. */
export class AuthorizerChain implements Authorizer {
  readonly #authorizers: readonly Authorizer[];

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers;
  }

  authorize(user: User, attributes: Attributes): Decision {
    if (user.groups.includes('system:masters')) return { kind: 'allow', reason: '' };
    const reasons: string[] = [];
    for (const authorizer of this.#authorizers) {
      const decision = authorizer.authorize(user, attributes);
      if (decision.kind !== 'no opinion') return decision;
      if (decision.reason !== '') reasons.push(decision.reason);
    }
    return noOpinion(reasons.join(', '));
  }
}

/** `User "u" cannot get resource "pods" in API group "" in the namespace "n"`. Follows: checklist 1.6.3. */
export function describeDenial(user: User, attributes: Attributes, reason: string): string {
  const { verb, resource, subresource, group, namespace, path } = attributes;
  const what = attributes.isResource
    ? `cannot ${verb} resource "${resource}${subresource === '' ? '' : `/${subresource}`}" in API group "${group}" ` +
      (namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`)
    : `cannot ${verb} path "${path}"`;
  return `User "${user.name}" ${what}${reason === '' ? '' : `: ${reason}`}`;
}
