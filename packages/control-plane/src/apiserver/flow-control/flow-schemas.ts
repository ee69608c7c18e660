import type { FlowSchema } from '@geobuk/api';
import { serviceAccountOf } from '../authentication/user.js';
import type { User } from '../authentication/user.js';
import type { RequestInfo } from '../filters/request-info.js';

export type Rules = NonNullable<FlowSchema['spec']['rules']>[number];
export type FlowSubject = Rules['subjects'][number];
export type ResourceRule = NonNullable<Rules['resourceRules']>[number];
type NonResourceRule = NonNullable<Rules['nonResourceRules']>[number];

/** In the order in which requests are held against them. */
export const byPrecedence = (a: FlowSchema, b: FlowSchema): number =>
  (a.spec.matchingPrecedence ?? 1000) - (b.spec.matchingPrecedence ?? 1000) ||
  ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);

/** Whether a schema means this request. Follows: matchesFlowSchema. */
export function meansRequest({ spec: { rules = [] } }: FlowSchema, user: User, info: RequestInfo): boolean {
  return rules.some(
    ({ subjects, resourceRules = [], nonResourceRules = [] }) =>
      subjects.some((subject) => meansUser(subject, user)) &&
      (info.isResource
        ? resourceRules.some((rule) => meansResource(rule, info))
        : nonResourceRules.some((rule) => meansPath(rule, info))),
  );
}

/** What tells the flows of one schema apart; flows share a level fairly. */
export function distinguisherOf({ spec }: FlowSchema, user: User, info: RequestInfo): string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return user.name;
    case 'ByNamespace':
      return info.namespace;
    default:
      return '';
  }
}

function meansUser({ kind, user: ofUser, group, serviceAccount }: FlowSubject, user: User): boolean {
  switch (kind) {
    case 'User':
      return ofUser !== undefined && (ofUser.name === '*' || ofUser.name === user.name);
    case 'Group':
      return group !== undefined && (group.name === '*' || user.groups.includes(group.name));
    case 'ServiceAccount': {
      const account = serviceAccountOf(user.name);
      return (
        account !== undefined &&
        serviceAccount !== undefined &&
        account.namespace === serviceAccount.namespace &&
        (serviceAccount.name === '*' || serviceAccount.name === account.name)
      );
    }
    default:
      return false;
  }
}

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

function meansResource(rule: ResourceRule, info: RequestInfo): boolean {
  const { verb, group, resource, subresource, namespace } = info;
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, group) &&
    has(rule.resources, subresource === '' ? resource : `${resource}/${subresource}`) &&
    (namespace === '' ? rule.clusterScope === true : has(rule.namespaces, namespace))
  );
}

const meansPath = ({ verbs, nonResourceURLs }: NonResourceRule, { verb, path }: RequestInfo): boolean =>
  has(verbs, verb) &&
  nonResourceURLs.some(
    (pattern) =>
      pattern === '*' || pattern === path || (pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1))),
  );
