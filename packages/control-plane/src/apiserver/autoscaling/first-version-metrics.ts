import type { MetricSpec, MetricStatus } from '@geobuk/api';

/** JSON of either form, read with care: it may come from an annotation that anyone can write. */
export type Json = Readonly<Record<string, unknown>>;

/** The sources a metric can have; autoscaling/v1 flattens each in a way of its own. */
const sources = ['object', 'pods', 'resource', 'containerResource', 'external'] as const;
type Source = (typeof sources)[number];

/** Metrics that are wanted carry a `target`, those that were measured a `current`. */
type Side = 'target' | 'current';

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const part = (value: unknown): Json => (isJson(value) ? value : {});

/** The same object without its absent fields. */
const present = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));

/** One metric as the annotations of autoscaling/v1 write it. Follows: MetricSpec and MetricStatus of autoscaling/v1. */
export function toFirstVersion(metric: MetricSpec | MetricStatus, side: Side): Json {
  const given: Json = { ...metric };
  const flat: Record<string, unknown> = { type: metric.type };
  for (const source of sources) if (isJson(given[source])) flat[source] = flatten(source, given[source], side);
  return flat;
}

/** The way back; `undefined` for what names no type or no source that is known. */
export function fromFirstVersion(flat: unknown, side: Side): Json | undefined {
  const given = part(flat);
  if (typeof given['type'] !== 'string') return undefined;
  const metric: Record<string, unknown> = { type: given['type'] };
  for (const source of sources) if (isJson(given[source])) metric[source] = unflatten(source, given[source], side);
  return Object.keys(metric).length > 1 ? metric : undefined;
}

function flatten(source: Source, given: Json, side: Side): Json {
  const { value, averageValue, averageUtilization } = part(given[side]);
  const { name, selector } = part(given['metric']);
  const averages = { [`${side}AverageValue`]: averageValue };
  switch (source) {
    case 'object':
      return present({
        target: given['describedObject'],
        metricName: name,
        [`${side}Value`]: value ?? '0',
        selector,
        averageValue,
      });
    case 'pods':
      return present({ metricName: name, ...averages, selector });
    case 'external':
      return present({ metricName: name, metricSelector: selector, [`${side}Value`]: value, ...averages });
    case 'resource':
    case 'containerResource':
      return present({
        name: given['name'],
        [`${side}AverageUtilization`]: averageUtilization,
        ...averages,
        container: given['container'],
      });
    default:
      return source satisfies never;
  }
}

function unflatten(source: Source, flat: Json, side: Side): Json {
  const averageValue = flat[source === 'object' ? 'averageValue' : `${side}AverageValue`] ?? undefined;
  const averageUtilization = flat[`${side}AverageUtilization`] ?? undefined;
  // An average of an object's metric has its value beside it as 0, which says nothing.
  const value = source === 'object' && averageValue !== undefined ? undefined : (flat[`${side}Value`] ?? undefined);
  const type = averageUtilization !== undefined ? 'Utilization' : value !== undefined ? 'Value' : 'AverageValue';
  const measure = present({ ...(side === 'target' ? { type } : {}), value, averageValue, averageUtilization });
  const selector = flat[source === 'external' ? 'metricSelector' : 'selector'] ?? undefined;
  const metric = present({ name: flat['metricName'], selector });
  switch (source) {
    case 'object':
      return present({ describedObject: flat['target'], metric, [side]: measure });
    case 'pods':
    case 'external':
      return { metric, [side]: measure };
    case 'resource':
    case 'containerResource':
      return present({ name: flat['name'], container: flat['container'], [side]: measure });
    default:
      return source satisfies never;
  }
}
