import type { KubernetesObject, PolicyRule, RbacV1Subject } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { serviceAccountOf } from '../authentication/user.js';
import type { User } from '../authentication/user.js';
import { storePrefix } from '../resources/served-resource.js';
import { noOpinion } from './authorizer.js';
import type { Attributes, Authorizer, Decision } from './authorizer.js';
import { ruleAllows } from './policy-rules.js';

interface Role extends KubernetesObject {
  readonly rules?: readonly PolicyRule[];
}

interface Binding extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly RbacV1Subject[];
}

const group = 'rbac.authorization.k8s.io';
const plurals = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'] as const;
type Plural = (typeof plurals)[number];

/** What a user holds, and beside each rule the answer that it gives. */
interface Held {
  readonly rules: readonly PolicyRule[];
  readonly decisions: readonly Decision[];
}

const allowedBy = ({ rules, decisions }: Held, attributes: Attributes): Decision | undefined => {
  const at = rules.findIndex((rule) => ruleAllows(rule, attributes));
  return at < 0 ? undefined : decisions[at];
};

/** `RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`, as reviews and the audit log tell it. */
function reasonOf({ kind, metadata, roleRef }: Binding, subject: RbacV1Subject): string {
  const { namespace = '', name = '' } = metadata;
  const binding =
    kind === 'RoleBinding' || namespace !== ''
      ? `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`
      : `ClusterRoleBinding ${JSON.stringify(name)}`;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? namespace}` : subject.name;
  return `RBAC: allowed by ${binding} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}

/** `ns/name`, or `/name` for what is of the whole cluster. */
const idOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

/**
 * Role-based access control over the roles and bindings in the caches. What a user holds is put together once and kept
 * until one of them changes. Follows: RBAC authorizer, checklist 2.4.2.
 */
export class RbacAuthorizer implements Authorizer {
  readonly #caches: WatchCaches;
  readonly #objects: Readonly<Record<Plural, Map<string, KubernetesObject>>> = {
    roles: new Map(),
    rolebindings: new Map(),
    clusterroles: new Map(),
    clusterrolebindings: new Map(),
  };
  /** By user and namespace. */
  readonly #held = new Map<string, Held>();

  constructor({ caches }: { readonly caches: WatchCaches }) {
    this.#caches = caches;
  }

  /** Follows the caches until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(plurals.map((plural) => this.#follow(plural, signal)));
  }

  async #follow(plural: Plural, signal: AbortSignal): Promise<void> {
    const objects = this.#objects[plural];
    while (!signal.aborted) {
      const seen = new Set<string>();
      let isCatchingUp = true;
      for await (const items of this.#caches.cache(storePrefix(group, plural)).watch({ after: 'existing', signal })) {
        for (const item of items) {
          if (item.type === 'BOOKMARK') {
            // What vanished while nobody watched.
            if (isCatchingUp) for (const id of objects.keys()) if (!seen.has(id)) objects.delete(id);
            isCatchingUp = false;
            continue;
          }
          const id = idOf(item.current.namespace, item.current.name);
          if (isCatchingUp) seen.add(id);
          if (item.type === 'DELETED') objects.delete(id);
          else objects.set(id, item.current.object);
        }
        this.#held.clear();
      }
    }
  }

  authorize(user: User, attributes: Attributes): Decision {
    const { namespace } = attributes;
    return (
      allowedBy(this.#heldBy(user, ''), attributes) ??
      (namespace === '' ? undefined : allowedBy(this.#heldBy(user, namespace), attributes)) ??
      noOpinion()
    );
  }

  /** The rules that a user holds in a namespace alone, or ('') in the whole cluster. */
  rulesOf(user: User, namespace: string): readonly PolicyRule[] {
    return this.#heldBy(user, namespace).rules;
  }

  #heldBy(user: User, namespace: string): Held {
    const id = JSON.stringify([user.name, user.groups, namespace]);
    let held = this.#held.get(id);
    if (held === undefined) {
      const bindings = this.#objects[namespace === '' ? 'clusterrolebindings' : 'rolebindings'] as Map<string, Binding>;
      const rules: PolicyRule[] = [];
      const decisions: Decision[] = [];
      for (const binding of bindings.values()) {
        const where = binding.metadata.namespace ?? '';
        if (where !== namespace) continue;
        const subject = (binding.subjects ?? []).find((one) => means(one, user, where));
        if (subject === undefined) continue;
        const decision: Decision = { kind: 'allow', reason: reasonOf(binding, subject) };
        for (const rule of this.rulesOfRole(binding.roleRef, where)) {
          rules.push(rule);
          decisions.push(decision);
        }
      }
      held = { rules, decisions };
      if (this.#held.size > 20_000) this.#held.clear();
      this.#held.set(id, held);
    }
    return held;
  }

  /** The rules behind a binding's roleRef. */
  rulesOfRole({ kind, name }: Binding['roleRef'], namespace: string): readonly PolicyRule[] {
    const role =
      kind === 'ClusterRole'
        ? this.#objects.clusterroles.get(idOf('', name))
        : this.#objects.roles.get(idOf(namespace, name));
    return (role as Role | undefined)?.rules ?? [];
  }
}

function means(subject: RbacV1Subject, user: User, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount': {
      const account = serviceAccountOf(user.name);
      return (
        account !== undefined && account.name === subject.name && account.namespace === (subject.namespace ?? namespace)
      );
    }
    default:
      return false;
  }
}
