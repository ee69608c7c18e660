import type { PolicyRule } from '@geobuk/api';
import type { Attributes } from './authorizer.js';

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

/** Whether one rule allows a request. Follows: rbac.RuleAllows, checklist 2.4.2 and 2.4.3. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource)
    return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, attributes.path));
  const { group, resource, subresource, name } = attributes;
  return (
    has(rule.apiGroups, group) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, resource, subresource)) &&
    ((rule.resourceNames ?? []).length === 0 || (rule.resourceNames ?? []).includes(name))
  );
}

function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  if (pattern === '*') return true;
  if (subresource === '') return pattern === resource;
  return pattern === `${resource}/${subresource}` || pattern === `*/${subresource}`;
}

const pathMatches = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));

/** The rules of `wanted` that `held` does not cover. Follows: validation.Covers. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(singleRules).filter((rule) => !held.some((owner) => covers(owner, rule)));
}

/** A rule for each single thing that a rule allows. */
function singleRules(rule: PolicyRule): readonly PolicyRule[] {
  const names = (rule.resourceNames ?? []).length === 0 ? [undefined] : (rule.resourceNames ?? []);
  const ofResources = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((name) => ({
          apiGroups: [group],
          resources: [resource],
          verbs: [verb],
          ...(name === undefined ? {} : { resourceNames: [name] }),
        })),
      ),
    ),
  );
  const ofPaths = (rule.nonResourceURLs ?? []).flatMap((path) =>
    rule.verbs.map((verb) => ({ nonResourceURLs: [path], verbs: [verb] })),
  );
  return [...ofResources, ...ofPaths];
}

function covers(owner: PolicyRule, rule: PolicyRule): boolean {
  if (!has(owner.verbs, rule.verbs[0]!)) return false;
  const path = rule.nonResourceURLs?.[0];
  if (path !== undefined) {
    return (owner.nonResourceURLs ?? []).some((pattern) => pattern === path || pathMatches(pattern, path));
  }
  const [resource = '', subresource] = (rule.resources?.[0] ?? '').split('/', 2);
  const name = rule.resourceNames?.[0];
  const ownerNames = owner.resourceNames ?? [];
  return (
    has(owner.apiGroups, rule.apiGroups?.[0] ?? '') &&
    (owner.resources ?? []).some(
      (pattern) =>
        pattern === '*' ||
        pattern === rule.resources?.[0] ||
        (subresource !== undefined && pattern === `*/${subresource}` && resource !== ''),
    ) &&
    (ownerNames.length === 0 || (name !== undefined && ownerNames.includes(name)))
  );
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`, as refusals name a missing rule. */
export function describeRule(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (title: string, list: readonly string[] | undefined) => {
    if (list !== undefined && list.length > 0) parts.push(`${title}:${JSON.stringify(list)}`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('ResourceNames', rule.resourceNames);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('Verbs', rule.verbs);
  return `{${parts.join(', ')}}`;
}
