import { ApiError, labelSelectorOf, matchesLabels } from '@geobuk/api';
import type {
  Json,
  KubernetesObject,
  MatchResources,
  StatusReason,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@geobuk/api';
import { celValue } from '../../cel/cel-value.js';
import { CelBudget, CelError } from '../../cel/expression.js';
import { storePrefix, subjectOf } from '../../resources/served-resource.js';
import type { ServedResource } from '../../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.js';
import { admissionReviewRequest, asJsonRequest } from '../webhooks/admission-review.js';
import { admissionExpression, admissionVariables, conditionsHold } from '../webhooks/match-conditions.js';
import { matchedResource, selectorsMatch } from '../webhooks/webhook-rules.js';
import type { MatchDeps } from '../webhooks/webhook-rules.js';

const group = 'admissionregistration.k8s.io';
const policyBudget = 10_000_000;

type Seen = Readonly<Record<string, unknown>>;

interface Finding {
  readonly message: string;
  readonly reason: StatusReason;
}

/** What one write shows to a policy. */
interface Write {
  readonly request: AdmissionRequest;
  readonly object: KubernetesObject | undefined;
  readonly old: KubernetesObject | undefined;
}

/** Policies in CEL, where a binding says that they hold. Follows: ValidatingAdmissionPolicy, checklist 2.9. */
export function validatingPolicies(deps: MatchDeps): AdmissionPlugin {
  const { caches } = deps;
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(object, request, old) {
      const bindings = caches.cache(storePrefix(group, 'validatingadmissionpolicybindings'));
      if (bindings.size === 0 || request.resource.type.group === group) return;
      const { items } = await bindings.list({ signal: request.signal });
      for (const item of items) {
        const binding = item.object as ValidatingAdmissionPolicyBinding;
        const name = binding.spec?.policyName ?? '';
        const policy = caches.cache(storePrefix(group, 'validatingadmissionpolicies')).get({ name })?.object;
        if (policy !== undefined) {
          await holdAgainst(deps, policy as ValidatingAdmissionPolicy, binding, { request, object, old });
        }
      }
    },
  };
}

const matching = ({ resourceRules, excludeResourceRules, ...rest }: MatchResources) => ({
  ...rest,
  rules: resourceRules ?? [],
  excluded: excludeResourceRules ?? [],
});

const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];

/** @throws {ApiError} a policy says no. */
async function holdAgainst(
  deps: MatchDeps,
  { metadata, spec }: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  write: Write,
): Promise<void> {
  const { request, object, old } = write;
  const constraints = matching(spec?.matchConstraints ?? {});
  const resource = matchedResource(deps, constraints, request);
  if (resource === undefined || !selectorsMatch(deps, constraints, request, object, old)) return;
  const own = matching(binding.spec?.matchResources ?? {});
  const narrowed = own.rules.length === 0 ? { ...own, rules: everything } : own;
  if (matchedResource(deps, narrowed, request) === undefined) return;
  if (!selectorsMatch(deps, narrowed, request, object, old)) return;

  const findings: Finding[] = [];
  try {
    const seen = variablesFor(deps, write, resource);
    if (!conditionsHold(spec?.matchConditions ?? [], seen)) return;
    const params = await paramsOf(deps, spec, binding, request);
    for (const one of params) findings.push(...findingsOf(spec, { ...seen, params: one }));
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    if (spec?.failurePolicy === 'Ignore') return;
    findings.push({ message: error.message, reason: 'Invalid' });
  }
  const actions = binding.spec?.validationActions ?? [];
  const where = `ValidatingAdmissionPolicy '${metadata.name}' with binding '${binding.metadata.name}' denied request: `;
  for (const { message, reason } of findings) {
    if (actions.includes('Warn'))
      request.warn(
        `Validation failed for ValidatingAdmissionPolicy '${metadata.name}' with binding '${binding.metadata.name}': ${message}`,
      );
    if (actions.includes('Deny')) throw refusal(request, reason, `${where}${message}`);
  }
}

function refusal({ resource, name }: AdmissionRequest, reason: StatusReason, message: string): ApiError {
  const { plural, group: of } = subjectOf(resource);
  const what = `${plural}${of === '' ? '' : `.${of}`} ${JSON.stringify(name)} is forbidden: ${message}`;
  const codes: Readonly<Partial<Record<StatusReason, number>>> = {
    Unauthorized: 401,
    Forbidden: 403,
    RequestEntityTooLarge: 413,
  };
  return ApiError.of(codes[reason] ?? 422, reason, what, {
    name,
    ...(of === '' ? {} : { group: of }),
    kind: plural,
    causes: [{ message }],
  });
}

function variablesFor({ caches }: MatchDeps, { request, object, old }: Write, resource: ServedResource): Seen {
  const { namespace } = request;
  const found =
    namespace === undefined ? undefined : caches.cache(storePrefix('', 'namespaces')).get({ name: namespace })?.object;
  return {
    ...admissionVariables(object, old, asJsonRequest(admissionReviewRequest(request, resource, object, old))),
    namespaceObject: celValue(found as unknown as Json | undefined),
  };
}

/** Each object that the binding's reference means; one `null` where a policy has none. @throws {CelError} none is there. */
async function paramsOf(
  { caches, catalog }: MatchDeps,
  spec: ValidatingAdmissionPolicy['spec'],
  binding: ValidatingAdmissionPolicyBinding,
  { namespace, signal }: AdmissionRequest,
): Promise<readonly unknown[]> {
  const kind = spec?.paramKind;
  const ref = binding.spec?.paramRef;
  if (kind === undefined || ref === undefined) return [null];
  const resource = catalog
    .all()
    .find(({ type, apiVersion }) => type.kind === kind.kind && apiVersion === kind.apiVersion);
  if (resource === undefined)
    throw new CelError(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`);
  const where = resource.type.namespaced ? (ref.namespace ?? namespace ?? '') : undefined;
  const requirements = ref.selector === undefined ? undefined : labelSelectorOf(ref.selector);
  const { items } = await caches.cache(resource.prefix).list({
    namespace: where,
    signal,
    filter: ({ name, labels }) =>
      requirements === undefined ? name === ref.name : matchesLabels(requirements, labels),
  });
  if (items.length === 0 && ref.parameterNotFoundAction !== 'Allow') {
    throw new CelError(
      `failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
    );
  }
  return items.map(({ object }) => celValue(object as unknown as Json));
}

/** What a policy has against a write. @throws {CelError} an expression failed. */
function findingsOf(spec: ValidatingAdmissionPolicy['spec'], given: Seen): readonly Finding[] {
  const budget = new CelBudget(policyBudget);
  const variables: Record<string, unknown> = {};
  const seen: Seen = { ...given, variables };
  // Each is worked out when somebody asks for it first, with those before it.
  for (const { name, expression } of spec?.variables ?? []) {
    let known: { readonly value: unknown } | undefined;
    Object.defineProperty(variables, name, {
      enumerable: true,
      get: () => (known ??= { value: admissionExpression(expression).evaluate(seen, budget) }).value,
    });
  }
  return (spec?.validations ?? []).flatMap(({ expression, message, messageExpression, reason }) => {
    if (admissionExpression(expression).evaluate(seen, budget) === true) return [];
    let said: unknown;
    try {
      if (messageExpression !== undefined) said = admissionExpression(messageExpression).evaluate(seen, budget);
    } catch (error) {
      if (!(error instanceof CelError)) throw error; // the plain message says it too
    }
    const text = typeof said === 'string' && said.trim() !== '' ? said.slice(0, 5120) : message;
    return [
      { message: text ?? `failed expression: ${expression.trim()}`, reason: (reason ?? 'Invalid') as StatusReason },
    ];
  });
}
