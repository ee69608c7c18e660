import type { LabelRequirements, Pod, PodAffinityTerm } from '@geobuk/api';
import { formatLabelSelector, labelSelectorOf, matchesLabels } from '@geobuk/api';

/** A pod affinity term with its selectors read once. */
export interface AffinityTerm {
  /** Equal for terms that select the same pods in the same domains. */
  readonly key: string;
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelRequirements | undefined;
  readonly selector: LabelRequirements;
  /** 0 for a required term. */
  readonly weight: number;
}

export interface PodAffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly AffinityTerm[];
  readonly preferredAnti: readonly AffinityTerm[];
}

/** The pod's own values of some label keys, as requirements; keys it does not have do not count. */
export function ownLabels(pod: Pod, keys: readonly string[] | undefined, operator: 'in' | 'notin'): LabelRequirements {
  const labels = pod.metadata.labels ?? {};
  return (keys ?? []).flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}

/** Follows: NewAffinityTerm; matchLabelKeys and mismatchLabelKeys join the selector, unless that is absent and selects nothing. */
export function affinityTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const { topologyKey, labelSelector, matchLabelKeys, mismatchLabelKeys } = term;
  const selector = [
    ...labelSelectorOf(labelSelector),
    ...ownLabels(pod, matchLabelKeys, 'in'),
    ...ownLabels(pod, mismatchLabelKeys, 'notin'),
  ];
  const namespaceSelector = term.namespaceSelector === undefined ? undefined : labelSelectorOf(term.namespaceSelector);
  const own = (term.namespaces ?? []).length === 0 && namespaceSelector === undefined;
  const namespaces = own ? [pod.metadata.namespace ?? ''] : [...(term.namespaces ?? [])].sort();
  const scope = namespaceSelector === undefined ? '' : `{${formatLabelSelector(namespaceSelector)}}`;
  return {
    key: `${topologyKey}|${namespaces.join(',')}|${scope}|${formatLabelSelector(selector)}|${weight}`,
    topologyKey,
    namespaces: new Set(namespaces),
    namespaceSelector,
    selector,
    weight,
  };
}

/** Nothing for most pods. */
export function podAffinityTerms(pod: Pod): PodAffinityTerms | undefined {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  if (podAffinity === undefined && podAntiAffinity === undefined) return undefined;
  const required = (terms: readonly PodAffinityTerm[] = []): readonly AffinityTerm[] =>
    terms.map((term) => affinityTerm(pod, term, 0));
  const preferred = (
    terms: readonly { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }[] = [],
  ): readonly AffinityTerm[] => terms.map((term) => affinityTerm(pod, term.podAffinityTerm, term.weight));
  return {
    required: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAnti: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAnti: preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

/** Whether a term speaks of this pod. */
export function termSelects(
  term: AffinityTerm,
  pod: Pod,
  labelsOfNamespace: (name: string) => Readonly<Record<string, string>>,
): boolean {
  const namespace = pod.metadata.namespace ?? '';
  const inScope =
    term.namespaces.has(namespace) ||
    (term.namespaceSelector !== undefined && matchesLabels(term.namespaceSelector, labelsOfNamespace(namespace)));
  return inScope && matchesLabels(term.selector, pod.metadata.labels);
}

/** The one namespace a term can speak of, if there is only one. */
export function onlyNamespace(term: AffinityTerm): string | undefined {
  if (term.namespaceSelector !== undefined || term.namespaces.size !== 1) return undefined;
  const [namespace] = term.namespaces;
  return namespace;
}
