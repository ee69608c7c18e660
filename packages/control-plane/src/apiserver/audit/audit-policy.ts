import { readFileSync } from 'node:fs';
import { isJsonArray, isJsonObject } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import { ConfigError } from '../../config.js';
import { onDemand } from '../../on-demand.js';
import type { User } from '../authentication/user.js';
import type { RequestInfo } from '../filters/request-info.js';

/** How much an event tells, from nothing to everything. */
export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];

export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

/** What is kept of one request. */
export interface AuditDecision {
  readonly level: Level;
  readonly omitStages: readonly Stage[];
  readonly omitManagedFields: boolean;
}

interface GroupResources {
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

interface Rule {
  readonly decision: AuditDecision;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly namespaces: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly nonResourceURLs: readonly string[];
}

/** Which requests are written down, and how much of them. The first rule that fits decides; without one, nothing is. */
export class AuditPolicy {
  readonly #rules: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** @param user undefined: nobody knows who asks, so no rule about users fits. */
  decide(user: User | undefined, info: RequestInfo): AuditDecision {
    return this.#rules.find((rule) => fits(rule, user, info))?.decision ?? nothing;
  }
}

const nothing: AuditDecision = { level: 'None', omitStages: [], omitManagedFields: false };

function fits(rule: Rule, user: User | undefined, info: RequestInfo): boolean {
  if (rule.users.length > 0 && (user === undefined || !rule.users.includes(user.name))) return false;
  if (rule.userGroups.length > 0 && user?.groups.some((group) => rule.userGroups.includes(group)) !== true)
    return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(info.verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return info.isResource && fitsResource(rule, info);
  if (rule.nonResourceURLs.length === 0) return true;
  return !info.isResource && rule.nonResourceURLs.some((pattern) => fitsPath(pattern, info.path));
}

function fitsResource({ namespaces, resources }: Rule, info: RequestInfo): boolean {
  if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false;
  if (resources.length === 0) return true;
  const { resource, subresource } = info;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  const means = (pattern: string) =>
    pattern === '*' ||
    pattern === whole ||
    pattern === `${resource}/*` ||
    (subresource !== '' && pattern === `*/${subresource}`);
  return resources.some(
    (one) =>
      (one.group === info.group || one.group === '*') &&
      (one.resources.length === 0 ||
        ((one.resourceNames.length === 0 || one.resourceNames.includes(info.name)) && one.resources.some(means))),
  );
}

const fitsPath = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));

/** Follows: audit.k8s.io/v1 Policy. @throws {ConfigError} it cannot be read, or says what nobody understands. */
export function readAuditPolicy(file: string): AuditPolicy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`--audit-policy-file ${file}: ${(cause as Error).message}`, { cause });
  }
  return parseAuditPolicy(text, file);
}

/** @param file for messages. @throws {ConfigError} */
export function parseAuditPolicy(text: string, file: string): AuditPolicy {
  const fail = (why: string, cause?: unknown): never => {
    throw new ConfigError(`audit policy ${file}: ${why}`, { cause });
  };
  let policy: unknown;
  try {
    policy = onDemand.yaml.parse(text, { version: '1.1' });
  } catch (cause) {
    return fail((cause as Error).message.split('\n', 1)[0] ?? 'not YAML', cause);
  }
  if (!isJsonObject(policy as Json)) return fail('is no object');
  const {
    apiVersion,
    kind,
    metadata: _metadata,
    rules,
    omitStages,
    omitManagedFields,
    ...unknown
  } = policy as JsonObject;
  if (apiVersion !== 'audit.k8s.io/v1' || kind !== 'Policy')
    return fail(`must be apiVersion audit.k8s.io/v1, kind Policy, not ${String(apiVersion)}, ${String(kind)}`);
  const strange = Object.keys(unknown)[0];
  if (strange !== undefined) return fail(`unknown field ${JSON.stringify(strange)}`);
  if (!isJsonArray(rules) || rules.length === 0) return fail('has no rules: nothing would be written');
  const ofAll = stagesOf(omitStages, 'omitStages', fail);
  return new AuditPolicy(rules.map((rule, i) => ruleOf(rule, `rules[${i}]`, ofAll, omitManagedFields === true, fail)));
}

type Fail = (why: string) => never;

const ruleFields = new Set([
  'level',
  'users',
  'userGroups',
  'verbs',
  'namespaces',
  'resources',
  'nonResourceURLs',
  'omitStages',
  'omitManagedFields',
]);

function ruleOf(rule: Json, path: string, omitStages: readonly Stage[], omitManagedFields: boolean, fail: Fail): Rule {
  if (!isJsonObject(rule)) return fail(`${path} must be an object`);
  const strange = Object.keys(rule).find((field) => !ruleFields.has(field));
  if (strange !== undefined) return fail(`${path}: unknown field ${JSON.stringify(strange)}`);
  const level = rule['level'];
  if (!isLevel(level)) return fail(`${path}.level must be one of ${levels.join(', ')}, not ${JSON.stringify(level)}`);
  const resources = rule['resources'] ?? [];
  if (!isJsonArray(resources)) return fail(`${path}.resources must be a list`);
  const parsed: Rule = {
    decision: {
      level,
      omitStages: [...new Set([...omitStages, ...stagesOf(rule['omitStages'], `${path}.omitStages`, fail)])],
      omitManagedFields: typeof rule['omitManagedFields'] === 'boolean' ? rule['omitManagedFields'] : omitManagedFields,
    },
    users: textsOf(rule['users'], `${path}.users`, fail),
    userGroups: textsOf(rule['userGroups'], `${path}.userGroups`, fail),
    verbs: textsOf(rule['verbs'], `${path}.verbs`, fail),
    namespaces: textsOf(rule['namespaces'], `${path}.namespaces`, fail),
    nonResourceURLs: textsOf(rule['nonResourceURLs'], `${path}.nonResourceURLs`, fail),
    resources: resources.map((one, i) => resourcesOf(one, `${path}.resources[${i}]`, fail)),
  };
  if (parsed.nonResourceURLs.length > 0 && (parsed.resources.length > 0 || parsed.namespaces.length > 0))
    return fail(`${path} cannot mean both resources and nonResourceURLs`);
  const badPath = parsed.nonResourceURLs.find((one) => one !== '*' && !/^\/[^*]*\*?$/.test(one));
  if (badPath !== undefined)
    return fail(`${path}.nonResourceURLs: ${badPath} must begin with / and may have a * at its end only`);
  return parsed;
}

function resourcesOf(value: Json, path: string, fail: Fail): GroupResources {
  if (!isJsonObject(value)) return fail(`${path} must be an object`);
  const group = value['group'] ?? '';
  if (typeof group !== 'string') return fail(`${path}.group must be a text`);
  const resources = textsOf(value['resources'], `${path}.resources`, fail);
  const resourceNames = textsOf(value['resourceNames'], `${path}.resourceNames`, fail);
  if (resourceNames.length > 0 && resources.length === 0) return fail(`${path}.resourceNames needs resources`);
  return { group, resources, resourceNames };
}

const isLevel = (value: unknown): value is Level => (levels as readonly unknown[]).includes(value);

function stagesOf(value: Json | undefined, path: string, fail: Fail): readonly Stage[] {
  const given = textsOf(value, path, fail);
  const strange = given.find((stage) => !(stages as readonly string[]).includes(stage));
  if (strange !== undefined) return fail(`${path}: ${JSON.stringify(strange)} is none of ${stages.join(', ')}`);
  return given as readonly Stage[];
}

function textsOf(value: Json | undefined, path: string, fail: Fail): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!isJsonArray(value) || value.some((one) => typeof one !== 'string'))
    return fail(`${path} must be a list of texts`);
  return value as readonly string[];
}
