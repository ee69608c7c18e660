import { formatLabelSelector } from '../selectors/label-selector.js';
import type { Container, LabelSelector, LoadBalancerStatus, IngressLoadBalancerStatus } from '../generated/types.js';

/** The text for what is not there. */
export const none = '<none>';

export const orNone = (text: string | undefined): string => (text === undefined || text === '' ? none : text);

/** `a=1,b=2`, sorted by key. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? none : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

/** A LabelSelector in the grammar of `-l`; what cannot be written so is shown as an error. */
export function selectorText(selector: LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]) => ({ key, operator: '=', values: [value] }) as const,
  );
  const operators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
  const others = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = operators[operator as keyof typeof operators];
    return known === undefined ? undefined : { key, operator: known, values: [...(values ?? [])].sort() };
  });
  if (others.includes(undefined)) return '<error>';
  const all = [...equal, ...others.filter((item) => item !== undefined)];
  all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return all.length === 0 ? none : formatLabelSelector(all);
}

export const containerNames = (containers: readonly Container[] | undefined): string =>
  (containers ?? []).map(({ name }) => name).join(',');

export const containerImages = (containers: readonly Container[] | undefined): string =>
  (containers ?? []).map(({ image }) => image ?? '').join(',');

/** The first `max` items and how many more there are. */
export function firstOf(items: readonly string[], max: number, separator = ','): string {
  const shown = items.slice(0, max).join(separator);
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}

/** Addresses of a load balancer. */
export const loadBalancerText = (status: LoadBalancerStatus | IngressLoadBalancerStatus | undefined): string =>
  [...new Set((status?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || ''))]
    .filter((text) => text !== '')
    .join(',');

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,ROX,RWX,RWOP`, in this order. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(shortModes)
    .filter(([mode]) => modes?.includes(mode) === true)
    .map(([, short]) => short)
    .join(',');
}

export const boolText = (value: boolean | undefined): string =>
  value === undefined ? '<unset>' : value ? 'True' : 'False';

/** The status of one condition. */
export const conditionStatus = (
  conditions: readonly { readonly type: string; readonly status: string }[] | undefined,
  type: string,
): string | undefined => conditions?.find((condition) => condition.type === type)?.status;
