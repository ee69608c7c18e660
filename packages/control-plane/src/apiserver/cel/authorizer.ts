import { serviceAccountUser } from '../authentication/user.js';
import type { User } from '../authentication/user.js';
import type { Attributes, Authorizer, Decision } from '../authorization/authorizer.js';

const noAttributes: Attributes = {
  isResource: true,
  verb: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
};

/** `authorizer` in expressions: what the user of a request may do. Follows: the authz library, checklist 2.9.2. */
export class CelAuthorizer {
  readonly authorizer: Authorizer;
  readonly user: User;
  /** The resource of the request itself. */
  readonly requestResource: CelAuthorizerCheck;

  constructor(authorizer: Authorizer, user: User, request: Partial<Attributes>) {
    this.authorizer = authorizer;
    this.user = user;
    this.requestResource = new CelAuthorizerCheck(this, { ...noAttributes, version: '*', ...request });
  }

  path(path: string): CelAuthorizerCheck {
    return new CelAuthorizerCheck(this, { ...noAttributes, isResource: false, path });
  }

  group(group: string): CelAuthorizerGroup {
    return new CelAuthorizerGroup(this, group);
  }

  serviceAccount(namespace: string, name: string): CelAuthorizer {
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    const user = { name: serviceAccountUser(namespace, name), groups };
    return new CelAuthorizer(this.authorizer, user, this.requestResource.attributes);
  }
}

export class CelAuthorizerGroup {
  readonly owner: CelAuthorizer;
  readonly group: string;

  constructor(owner: CelAuthorizer, group: string) {
    this.owner = owner;
    this.group = group;
  }

  resource(resource: string): CelAuthorizerCheck {
    return new CelAuthorizerCheck(this.owner, { ...noAttributes, version: '*', group: this.group, resource });
  }
}

export class CelAuthorizerCheck {
  readonly owner: CelAuthorizer;
  readonly attributes: Attributes;

  constructor(owner: CelAuthorizer, attributes: Attributes) {
    this.owner = owner;
    this.attributes = attributes;
  }

  with(more: Partial<Attributes>): CelAuthorizerCheck {
    return new CelAuthorizerCheck(this.owner, { ...this.attributes, ...more });
  }

  check(verb: string): CelDecision {
    const { authorizer, user } = this.owner;
    return new CelDecision(authorizer.authorize(user, { ...this.attributes, verb }));
  }
}

export class CelDecision {
  readonly decision: Decision;

  constructor(decision: Decision) {
    this.decision = decision;
  }

  get isAllowed(): boolean {
    return this.decision.kind === 'allow';
  }
}
