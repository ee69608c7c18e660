import { compareQuantities, parseQuantity, quantityProblem } from '../quantity/quantity.js';
import { duplicate, forbidden, immutable, invalid, required } from '../fields/field-error.js';
import { notNegative } from './rules.js';
import { qualifiedName } from '../names/name-rules.js';
import { deepEqual } from '../json/deep-equal.js';
import type { FieldError } from '../status.js';
import type { LimitRange, LimitRangeItem, ResourceQuota } from '../generated/types.js';

type Amounts = Readonly<Record<string, string>>;

/** Follows: ValidateLimitRange. */
export function validateLimitRange({ spec }: LimitRange): readonly FieldError[] {
  const types = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const at = `spec.limits[${index}]`;
    const errors: FieldError[] = qualifiedName(item.type).map((text) => invalid(`${at}.type`, item.type, text));
    if (!item.type.includes('/') && !['Container', 'Pod', 'PersistentVolumeClaim'].includes(item.type)) {
      errors.push(invalid(`${at}.type`, item.type, 'must be a standard limit type or fully qualified'));
    }
    if (types.has(item.type)) errors.push(duplicate(`${at}.type`, item.type));
    types.add(item.type);
    if (item.type === 'Pod') {
      for (const field of ['default', 'defaultRequest'] as const) {
        if (Object.keys(item[field] ?? {}).length > 0) {
          errors.push(forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'"));
        }
      }
    }
    const hasStorage = item.min?.['storage'] !== undefined || item.max?.['storage'] !== undefined;
    if (item.type === 'PersistentVolumeClaim' && !hasStorage) {
      const text = 'either minimum or maximum storage value is required, but neither was provided';
      errors.push(required(`${at}.limits`, text));
    }
    return [...errors, ...limitErrors(item, at)];
  });
}

/** What each amount is called, and which may not be above which: left, right, where it is said, and how. */
const orders = [
  ['min', 'max', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min value', 'default value'],
  ['default', 'max', 'default', 'default value', 'max value'],
] as const;

function limitErrors(item: LimitRangeItem, at: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const field of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const) {
    for (const [name, amount] of Object.entries(item[field] ?? {})) {
      names.add(name);
      const problem = quantityProblem(amount);
      if (problem !== undefined) errors.push(invalid(`${at}.${field}[${name}]`, amount, problem));
    }
  }
  if (errors.length > 0) return errors;
  for (const name of [...names].sort()) {
    for (const [low, high, field, lowText, highText] of orders) {
      const [small, great] = [amountOf(item[low], name), amountOf(item[high], name)];
      if (small === undefined || great === undefined || compareQuantities(small, great) <= 0) continue;
      const text = `${lowText} ${small} is greater than ${highText} ${great}`;
      errors.push(invalid(`${at}.${field}[${name}]`, amountOf(item[field], name) ?? '', text));
    }
    const ratio = amountOf(item.maxLimitRequestRatio, name);
    if (ratio !== undefined && compareQuantities(ratio, '1') < 0) {
      errors.push(invalid(`${at}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is less than 1`));
    }
  }
  return errors;
}

const amountOf = (amounts: Amounts | undefined, name: string): string | undefined =>
  amounts !== undefined && Object.hasOwn(amounts, name) ? amounts[name] : undefined;

/** What a quota counts by whole objects. */
const counted = new Set(
  'pods resourcequotas services replicationcontrollers secrets configmaps persistentvolumeclaims services.nodeports services.loadbalancers'.split(
    ' ',
  ),
);
const measured = new Set(
  ['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
).add('requests.storage');
const scopes = new Set([
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
]);

/** Follows: ValidateResourceQuota. */
export function validateResourceQuota({ spec }: ResourceQuota): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries((spec?.hard ?? {}) as Amounts)) {
    const at = `spec.hard[${name}]`;
    errors.push(...qualifiedName(name).map((text) => invalid(at, name, text)));
    const isKnown = counted.has(name) || measured.has(name) || /^(requests\.|limits\.)?hugepages-/.test(name);
    if (!name.includes('/') && !isKnown) errors.push(invalid(at, name, 'must be a standard resource for quotas'));
    const problem = quantityProblem(amount);
    if (problem !== undefined) errors.push(invalid(at, amount, problem));
    else if (parseQuantity(amount).nanos < 0n) errors.push(invalid(at, amount, notNegative));
    else if (counted.has(name) && parseQuantity(amount).nanos % 1_000_000_000n !== 0n) {
      errors.push(invalid(at, amount, 'must be an integer'));
    }
  }
  for (const scope of spec?.scopes ?? []) {
    if (!scopes.has(scope)) errors.push(invalid('spec.scopes', spec?.scopes, 'unsupported scope'));
  }
  (spec?.scopeSelector?.matchExpressions ?? []).forEach(({ scopeName, operator, values = [] }, index) => {
    const at = `spec.scopeSelector.matchExpressions[${index}]`;
    if (!scopes.has(scopeName)) errors.push(invalid(`${at}.scopeName`, scopeName, 'unsupported scope'));
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues && values.length === 0) {
      errors.push(
        required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
      );
    }
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
      const text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      errors.push(invalid(`${at}.values`, values, text));
    }
  });
  return errors;
}

/** Follows: ValidateResourceQuotaUpdate. */
export const validateResourceQuotaUpdate = (
  { spec }: ResourceQuota,
  { spec: old }: ResourceQuota,
): readonly FieldError[] =>
  deepEqual([...(spec?.scopes ?? [])].sort(), [...(old?.scopes ?? [])].sort())
    ? []
    : [immutable('spec.scopes', spec?.scopes ?? [])];
