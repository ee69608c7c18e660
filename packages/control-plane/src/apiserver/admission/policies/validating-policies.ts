import { ApiError } from '@geobuk/api';
import type { StatusReason, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@geobuk/api';
import { CelBudget, CelError } from '../../cel/expression.js';
import { storePrefix, subjectOf } from '../../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.js';
import { admissionExpression, conditionsHold } from '../webhooks/match-conditions.js';
import { admissionGroup, meantResource, paramsOf, policyBudget, seenOf, withVariables } from './policy-evaluation.js';
import type { PolicyDeps, Seen, Write } from './policy-evaluation.js';

type Spec = ValidatingAdmissionPolicy['spec'];

interface Finding {
  readonly message: string;
  readonly reason: StatusReason;
  readonly expressionIndex: number;
}

interface Denial extends Finding {
  readonly policy: string;
  readonly binding: string;
}

const longestMessage = 5 * 1024;
const longestAnnotation = 10 * 1024;

/** Policies in CEL, where a binding says that they hold. Follows: ValidatingAdmissionPolicy, checklist 2.9. */
export function validatingPolicies(deps: PolicyDeps): AdmissionPlugin {
  const { caches } = deps;
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(object, request, old) {
      const bindings = caches.cache(storePrefix(admissionGroup, 'validatingadmissionpolicybindings'));
      if (bindings.size === 0 || request.resource.type.group === admissionGroup) return;
      const { items } = await bindings.list({ signal: request.signal });
      const denials: Denial[] = [];
      const failures: object[] = [];
      const notes = new Map<string, string[]>();
      for (const item of items) {
        const binding = item.object as ValidatingAdmissionPolicyBinding;
        const name = binding.spec?.policyName ?? '';
        const policy = caches.cache(storePrefix(admissionGroup, 'validatingadmissionpolicies')).get({ name })?.object;
        if (policy === undefined) continue;
        const findings = await findingsOf(
          deps,
          policy as ValidatingAdmissionPolicy,
          binding,
          { request, object, old },
          notes,
        );
        const validationActions = binding.spec?.validationActions ?? [];
        const where = { policy: name, binding: item.name };
        for (const finding of findings) {
          const { message, expressionIndex } = finding;
          if (validationActions.includes('Deny')) denials.push({ ...finding, ...where });
          if (validationActions.includes('Audit'))
            failures.push({ message, ...where, expressionIndex, validationActions });
          if (validationActions.includes('Warn'))
            request.warn(
              `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${item.name}': ${message}`,
            );
        }
      }
      for (const [key, values] of notes) request.annotate(key, values.join(', '));
      if (failures.length > 0)
        request.annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify(failures));
      if (denials[0] !== undefined) throw refusal(request, denials[0]);
    },
  };
}

/** What a policy has against a write, and (in `notes`) what it wants the audit log to tell. */
async function findingsOf(
  deps: PolicyDeps,
  { metadata, spec }: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  write: Write,
  notes: Map<string, string[]>,
): Promise<readonly Finding[]> {
  const resource = meantResource(deps, spec, binding.spec, write);
  if (resource === undefined) return [];
  try {
    const seen = seenOf(deps, write, resource);
    const findings: Finding[] = [];
    const isIgnored = spec?.failurePolicy === 'Ignore';
    for (const params of await paramsOf(deps, spec, binding.spec, write.request)) {
      const budget = new CelBudget(policyBudget);
      const whole = withVariables({ ...seen, params }, spec, budget);
      if (!conditionsHold(spec?.matchConditions ?? [], whole)) continue;
      findings.push(...validate(spec, whole, budget, isIgnored));
      annotate(metadata.name ?? '', spec, whole, budget, isIgnored, findings, notes);
    }
    return findings;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return spec?.failurePolicy === 'Ignore' ? [] : [{ message: error.message, reason: 'Invalid', expressionIndex: 0 }];
  }
}

function validate(spec: Spec, seen: Seen, budget: CelBudget, isIgnored: boolean): readonly Finding[] {
  return (spec?.validations ?? []).flatMap(({ expression, message, messageExpression, reason }, expressionIndex) => {
    try {
      if (admissionExpression(expression).evaluate(seen, budget) === true) return [];
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      if (isIgnored) return [];
      const text = `expression '${expression}' resulted in error: ${error.message}`;
      return [{ message: text, reason: 'Invalid' as StatusReason, expressionIndex }];
    }
    const text = wordsOf(messageExpression, seen, budget) ?? message ?? `failed expression: ${expression.trim()}`;
    return [{ message: text, reason: (reason ?? 'Invalid') as StatusReason, expressionIndex }];
  });
}

/** The text of a messageExpression; undefined where it gives none that can be shown: the plain message says it then. */
function wordsOf(expression: string | undefined, seen: Seen, budget: CelBudget): string | undefined {
  if (expression === undefined) return undefined;
  try {
    const said = admissionExpression(expression).evaluate(seen, budget);
    if (typeof said !== 'string') return undefined;
    const text = said.trim();
    return text === '' || text.includes('\n') || text.length > longestMessage ? undefined : text;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return undefined;
  }
}

function annotate(
  policy: string,
  spec: Spec,
  seen: Seen,
  budget: CelBudget,
  isIgnored: boolean,
  findings: Finding[],
  notes: Map<string, string[]>,
): void {
  for (const { key, valueExpression } of spec?.auditAnnotations ?? []) {
    try {
      const value = admissionExpression(valueExpression).evaluate(seen, budget);
      if (typeof value !== 'string') continue; // null: nothing to tell
      const id = `${policy}/${key}`;
      const known = notes.get(id) ?? [];
      const text = value.slice(0, longestAnnotation);
      if (!known.includes(text)) notes.set(id, [...known, text]);
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      if (isIgnored) continue;
      const message = `expression '${valueExpression}' resulted in error: ${error.message}`;
      findings.push({ message, reason: 'Invalid', expressionIndex: 0 });
    }
  }
}

const codes: Readonly<Partial<Record<StatusReason, number>>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
};

function refusal({ resource, name }: AdmissionRequest, { policy, binding, message: why, reason }: Denial): ApiError {
  const { plural, group: of } = subjectOf(resource);
  const message = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${why}`;
  const what = `${plural}${of === '' ? '' : `.${of}`} ${JSON.stringify(name)} is forbidden: ${message}`;
  return ApiError.of(codes[reason] ?? 422, reason, what, {
    name,
    ...(of === '' ? {} : { group: of }),
    kind: plural,
    causes: [{ message }],
  });
}
