import { labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { Json, KubernetesObject, LabelSelector, MatchResources } from '@geobuk/api';
import type { Authorizer } from '../../authorization/authorizer.js';
import { CelAuthorizer } from '../../cel/authorizer.js';
import { celValue } from '../../cel/cel-value.js';
import { CelError } from '../../cel/expression.js';
import type { CelBudget } from '../../cel/expression.js';
import { atVersion, storePrefix } from '../../resources/served-resource.js';
import type { ServedResource } from '../../resources/served-resource.js';
import type { AdmissionRequest } from '../admission.js';
import { admissionReviewRequest, asJsonRequest } from '../webhooks/admission-review.js';
import { admissionExpression, admissionVariables } from '../webhooks/match-conditions.js';
import { matchedResource, selectorsMatch } from '../webhooks/webhook-rules.js';
import type { Matching, MatchDeps } from '../webhooks/webhook-rules.js';

export const admissionGroup = 'admissionregistration.k8s.io';
/** What all expressions of one policy may cost for one write (2.9.5). */
export const policyBudget = 10_000_000;

export interface PolicyDeps extends MatchDeps {
  readonly authorizer: Authorizer;
}

export type Seen = Readonly<Record<string, unknown>>;

/** What one write shows to a policy. */
export interface Write {
  readonly request: AdmissionRequest;
  readonly object: KubernetesObject | undefined;
  readonly old: KubernetesObject | undefined;
}

/** What policies and their bindings of both sorts have in common. */
export interface PolicySpec {
  readonly matchConstraints?: MatchResources | undefined;
  readonly paramKind?: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined } | undefined;
  readonly variables?: readonly { readonly name: string; readonly expression: string }[] | undefined;
}

export interface BindingSpec {
  readonly matchResources?: MatchResources | undefined;
  readonly paramRef?:
    | {
        readonly name?: string | undefined;
        readonly namespace?: string | undefined;
        readonly selector?: LabelSelector | undefined;
        readonly parameterNotFoundAction?: string | undefined;
      }
    | undefined;
}

const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];

const matching = ({ resourceRules, excludeResourceRules, ...rest }: MatchResources): Matching => ({
  ...rest,
  rules: resourceRules ?? [],
  excluded: excludeResourceRules ?? [],
});

/** The resource at the version that policy and binding mean; undefined when they do not mean this write. */
export function meantResource(
  deps: MatchDeps,
  policy: PolicySpec | undefined,
  binding: BindingSpec | undefined,
  { request, object, old }: Write,
): ServedResource | undefined {
  const constraints = matching(policy?.matchConstraints ?? {});
  const resource = matchedResource(deps, constraints, request);
  if (resource === undefined || !selectorsMatch(deps, constraints, request, object, old)) return undefined;
  const own = matching(binding?.matchResources ?? {});
  const narrowed = own.rules.length === 0 ? { ...own, rules: everything } : own;
  if (matchedResource(deps, narrowed, request) === undefined) return undefined;
  return selectorsMatch(deps, narrowed, request, object, old) ? resource : undefined;
}

/** What expressions see of a write, but for params and variables. Follows: checklist 2.9.2. */
export function seenOf(deps: PolicyDeps, { request, object, old }: Write, resource: ServedResource): Seen {
  const { namespace, user, name, subresource } = request;
  const { group, version, plural } = resource.type;
  const at = (one: KubernetesObject | undefined) => one && atVersion(resource, one);
  const found =
    namespace === undefined
      ? undefined
      : deps.caches.cache(storePrefix('', 'namespaces')).get({ name: namespace })?.object;
  return {
    ...admissionVariables(at(object), at(old), asJsonRequest(admissionReviewRequest(request, resource, object, old))),
    namespaceObject: celValue(found as unknown as Json | undefined),
    authorizer: new CelAuthorizer(deps.authorizer, user, {
      group,
      version,
      resource: plural,
      subresource,
      namespace: namespace ?? '',
      name,
    }),
  };
}

/** Adds the policy's variables: each is worked out when somebody asks for it first, with those before it. */
export function withVariables(given: Seen, spec: PolicySpec | undefined, budget: CelBudget): Seen {
  const variables: Record<string, unknown> = {};
  const seen: Seen = { ...given, variables };
  for (const { name, expression } of spec?.variables ?? []) {
    let known: { readonly value: unknown } | undefined;
    Object.defineProperty(variables, name, {
      enumerable: true,
      get: () => (known ??= { value: admissionExpression(expression).evaluate(seen, budget) }).value,
    });
  }
  return seen;
}

/** The parameters cannot be had: it is the binding that is at fault. */
export class ParamError extends CelError {}

/** Each object that the binding's reference means; one `null` where a policy has none. @throws {ParamError} none is there. */
export async function paramsOf(
  { caches, catalog }: MatchDeps,
  spec: PolicySpec | undefined,
  binding: BindingSpec | undefined,
  { namespace, signal }: AdmissionRequest,
): Promise<readonly unknown[]> {
  const kind = spec?.paramKind;
  const ref = binding?.paramRef;
  if (kind === undefined || ref === undefined) return [null];
  const resource = catalog
    .all()
    .find(({ type, apiVersion }) => type.kind === kind.kind && apiVersion === kind.apiVersion);
  if (resource === undefined) {
    throw new ParamError(
      `failed to configure policy: failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`,
    );
  }
  const where = resource.type.namespaced ? (ref.namespace ?? namespace) : undefined;
  if (resource.type.namespaced && where === undefined) {
    throw new ParamError(
      'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  }
  const requirements = ref.selector === undefined ? undefined : labelSelectorOf(ref.selector);
  const { items } = await caches.cache(resource.prefix).list({
    namespace: where,
    signal,
    filter: ({ name, labels }) =>
      requirements === undefined ? name === ref.name : matchesLabels(requirements, labels),
  });
  if (items.length === 0 && ref.parameterNotFoundAction !== 'Allow') {
    throw new ParamError(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  }
  return items.map(({ object }) => celValue(object as unknown as Json));
}
