import { ApiError, applyJsonPatch, isJsonArray, isJsonObject, serverSideApply } from '@geobuk/api';
import type {
  Json,
  JsonObject,
  JsonPatchOperation,
  KubernetesObject,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '@geobuk/api';
import { jsonOfCel } from '../../cel/cel-value.js';
import { CelBudget, CelError } from '../../cel/expression.js';
import { complete, decodeServed } from '../../registry/object-checks.js';
import { atVersion, storePrefix, subjectOf } from '../../resources/served-resource.js';
import type { ServedResource } from '../../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.js';
import { admissionExpression, conditionsHold } from '../webhooks/match-conditions.js';
import { admissionGroup, meantResource, paramsOf, policyBudget, seenOf, withVariables } from './policy-evaluation.js';
import type { PolicyDeps, Seen, Write } from './policy-evaluation.js';

type Mutation = NonNullable<MutatingAdmissionPolicy['spec']['mutations']>[number];

interface Bound {
  readonly policy: MutatingAdmissionPolicy;
  readonly binding: MutatingAdmissionPolicyBinding;
}

/** Whom its own mutations are kept apart by, while they are merged; it does not stay in managedFields. */
const merger = 'mutating-admission-policy';

/**
 * Policies that change what is written: the policies themselves, and what looks again once webhooks have changed the
 * object after them. Follows: MutatingAdmissionPolicy, checklist 2.9.6.
 * Differs: webhooks do not look again at what a second round of policies changed.
 */
export function mutatingPolicies(deps: PolicyDeps): {
  readonly first: AdmissionPlugin;
  readonly again: AdmissionPlugin;
} {
  /** What each policy saw last, for those that want to look again. */
  const rounds = new WeakMap<AdmissionRequest, Map<Bound, KubernetesObject>>();
  const bound = async (request: AdmissionRequest): Promise<readonly Bound[]> => {
    const bindings = deps.caches.cache(storePrefix(admissionGroup, 'mutatingadmissionpolicybindings'));
    if (bindings.size === 0 || request.resource.type.group === admissionGroup) return [];
    const policies = deps.caches.cache(storePrefix(admissionGroup, 'mutatingadmissionpolicies'));
    const { items } = await bindings.list({ signal: request.signal });
    return items.flatMap(({ object }) => {
      const binding = object as unknown as MutatingAdmissionPolicyBinding;
      const policy = policies.get({ name: binding.spec.policyName ?? '' })?.object;
      return policy === undefined ? [] : [{ policy: policy as unknown as MutatingAdmissionPolicy, binding }];
    });
  };
  const lookAgain = async (
    current: KubernetesObject,
    seen: Map<Bound, KubernetesObject>,
    request: AdmissionRequest,
    old: KubernetesObject | undefined,
  ): Promise<KubernetesObject> => {
    let object = current;
    for (const [one, last] of seen) {
      if (one.policy.spec.reinvocationPolicy !== 'IfNeeded' || last === object) continue;
      object = await mutate(deps, one, { request, object, old });
    }
    return object;
  };
  return {
    first: {
      name: 'MutatingAdmissionPolicy',
      async admit(object, request, old) {
        let current = object;
        const seen = new Map<Bound, KubernetesObject>();
        for (const one of await bound(request)) {
          current = await mutate(deps, one, { request, object: current, old });
          seen.set(one, current);
        }
        if (seen.size === 0) return object;
        current = await lookAgain(current, seen, request, old);
        rounds.set(request, new Map([...seen.keys()].map((one) => [one, current])));
        return current;
      },
    },
    again: {
      name: 'MutatingAdmissionPolicy',
      async admit(object, request, old) {
        const seen = rounds.get(request);
        return seen === undefined ? object : lookAgain(object, seen, request, old);
      },
    },
  };
}

/** @throws {ApiError} Invalid: the policy failed, and that is not to be ignored. */
async function mutate(
  deps: PolicyDeps,
  { policy, binding }: Bound,
  write: Write & { readonly object: KubernetesObject },
): Promise<KubernetesObject> {
  const { spec } = policy;
  const { request } = write;
  const resource = meantResource(deps, spec, binding.spec, write);
  if (resource === undefined) return write.object;
  let current = write.object;
  try {
    for (const params of await paramsOf(deps, spec, binding.spec, request)) {
      const budget = new CelBudget(policyBudget);
      const seenBy = (object: KubernetesObject): Seen =>
        withVariables({ ...seenOf(deps, { ...write, object }, resource), params }, spec, budget);
      if (!conditionsHold(spec.matchConditions ?? [], seenBy(current))) continue;
      for (const mutation of spec.mutations ?? [])
        current = mutated(request, resource, current, mutation, seenBy(current), budget);
    }
    return current;
  } catch (error) {
    if (!(error instanceof CelError) && !(error instanceof ApiError)) throw error;
    if (spec.failurePolicy === 'Ignore') return current;
    const { plural, group } = subjectOf(request.resource);
    const why = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${error.message}`;
    throw ApiError.of(
      422,
      'Invalid',
      `${plural}${group === '' ? '' : `.${group}`} ${JSON.stringify(request.name)} is forbidden: ${why}`,
      { name: request.name, ...(group === '' ? {} : { group }), kind: plural, causes: [{ message: why }] },
    );
  }
}

function mutated(
  request: AdmissionRequest,
  resource: ServedResource,
  object: KubernetesObject,
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  seen: Seen,
  budget: CelBudget,
): KubernetesObject {
  const before = atVersion(resource, object);
  const expression = (patchType === 'JSONPatch' ? jsonPatch : applyConfiguration)?.expression ?? '';
  const value = jsonOfCel(admissionExpression(expression).evaluate(seen, budget));
  const after = patchType === 'JSONPatch' ? patched(before, value) : merged(resource, before, value);
  if (after === before) return object;
  const own = atVersion(request.resource, after);
  return complete(request.resource, decodeServed(request.resource, own).object);
}

function patched(before: KubernetesObject, value: Json): KubernetesObject {
  if (!isJsonArray(value) || value.some((one) => !isJsonObject(one)))
    throw new CelError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
  const operations = value as unknown as readonly (JsonPatchOperation & { readonly op: string })[];
  try {
    return applyJsonPatch(before as unknown as JsonObject, operations) as unknown as KubernetesObject;
  } catch (error) {
    // An operation "test" that does not hold means: not this object.
    if (operations.some(({ op }) => op === 'test') && /test/i.test((error as Error).message)) return before;
    throw new CelError(`JSON Patch: ${(error as Error).message}`, { cause: error });
  }
}

/** As server-side apply merges, with the fields that the policy names; who owns what stays as it was. */
function merged(resource: ServedResource, before: KubernetesObject, value: Json): KubernetesObject {
  if (!isJsonObject(value))
    throw new CelError('type mismatch: ApplyConfiguration.expression should evaluate to Object');
  const { metadata } = value;
  const named = isJsonObject(metadata) ? metadata : {};
  for (const field of ['name', 'namespace', 'uid', 'managedFields', 'creationTimestamp', 'deletionTimestamp'])
    if (field in named) throw new CelError(`invalid ApplyConfiguration: may not mutate metadata.${field}`);
  const { name, namespace, managedFields } = before.metadata;
  const applied = {
    ...value,
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata: { ...named, name, ...(namespace === undefined ? {} : { namespace }) },
  } as unknown as KubernetesObject;
  const after = serverSideApply({
    schema: resource.schema,
    manager: merger,
    apiVersion: resource.apiVersion,
    now: '1970-01-01T00:00:00Z',
    live: before,
    applied,
    force: true,
  });
  const { managedFields: _merger, ...rest } = after.metadata;
  return { ...after, metadata: { ...rest, ...(managedFields === undefined ? {} : { managedFields }) } };
}
