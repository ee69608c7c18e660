import { labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { KubernetesObject, LabelSelector } from '@geobuk/api';
import type { WatchCaches } from '../../../watch-cache/watch-cache.js';
import type { ResourceCatalog } from '../../resources/resource-catalog.js';
import { storePrefix } from '../../resources/served-resource.js';
import type { ServedResource } from '../../resources/served-resource.js';
import type { AdmissionRequest } from '../admission.js';

/** Follows: RuleWithOperations. */
export interface Rule {
  readonly operations?: readonly string[] | undefined;
  readonly apiGroups?: readonly string[] | undefined;
  readonly apiVersions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly resourceNames?: readonly string[] | undefined;
  readonly scope?: string | undefined;
}

export interface Matching {
  readonly rules: readonly Rule[];
  readonly excluded?: readonly Rule[] | undefined;
  readonly matchPolicy?: string | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}

export interface MatchDeps {
  readonly caches: WatchCaches;
  readonly catalog: ResourceCatalog;
}

export type Asked = Pick<AdmissionRequest, 'operation' | 'resource' | 'subresource' | 'namespace' | 'name'>;

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list?.some((one) => one === '*' || one === value) === true;

function namesResource(list: readonly string[] | undefined, plural: string, subresource: string): boolean {
  return (list ?? []).some((pattern) => {
    if (pattern === '*/*') return true;
    const [resource = '', sub = ''] = pattern.split('/');
    return (resource === '*' || resource === plural) && (sub === subresource || (sub === '*' && subresource !== ''));
  });
}

function ruleMatches(rule: Rule, { operation, subresource, name, resource }: Asked, { type }: ServedResource): boolean {
  const { scope = '*', resourceNames = [] } = rule;
  const isNamespaced = resource.type.namespaced;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, type.group) &&
    has(rule.apiVersions, type.version) &&
    namesResource(rule.resources, type.plural, subresource) &&
    (scope === '*' || (scope === 'Namespaced') === isNamespaced) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

/**
 * The resource, at the version that a rule asks for, or undefined when no rule means this request.
 * Follows: checklist 2.8.2: with `Equivalent` other versions of the same kind count too.
 */
export function matchedResource(
  { catalog }: MatchDeps,
  { rules, excluded = [], matchPolicy = 'Equivalent' }: Matching,
  asked: Asked,
): ServedResource | undefined {
  const { resource } = asked;
  const means = (list: readonly Rule[], at: ServedResource) => list.some((rule) => ruleMatches(rule, asked, at));
  if (means(excluded, resource)) return undefined;
  if (means(rules, resource)) return resource;
  if (matchPolicy !== 'Equivalent') return undefined;
  const others = catalog.all().filter((other) => other !== resource && other.prefix === resource.prefix);
  if (others.some((other) => means(excluded, other))) return undefined;
  return others.find((other) => means(rules, other));
}

/** Whether the labels of the object, old or new, and of its namespace are those that are asked for. */
export function selectorsMatch(
  { caches }: MatchDeps,
  { namespaceSelector, objectSelector }: Matching,
  { namespace, name, resource, operation }: Asked,
  object: KubernetesObject | undefined,
  old: KubernetesObject | undefined,
): boolean {
  if (isSet(objectSelector)) {
    const requirements = labelSelectorOf(objectSelector);
    const fits = [object, old].some((one) => one !== undefined && matchesLabels(requirements, one.metadata.labels));
    if (!fits) return false;
  }
  if (!isSet(namespaceSelector)) return true;
  const isNamespace = resource.type.group === '' && resource.type.plural === 'namespaces';
  if (namespace === undefined && !isNamespace) return true;
  const stored = caches.cache(storePrefix('', 'namespaces')).get({ name: namespace ?? name })?.object;
  const found = isNamespace && operation !== 'DELETE' ? (object ?? stored) : stored;
  return matchesLabels(labelSelectorOf(namespaceSelector), found?.metadata.labels);
}

const isSet = (selector: LabelSelector | undefined): selector is LabelSelector =>
  selector !== undefined &&
  (Object.keys(selector.matchLabels ?? {}).length > 0 || (selector.matchExpressions ?? []).length > 0);
