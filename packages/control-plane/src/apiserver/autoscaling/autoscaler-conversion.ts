import { defaultObject, horizontalPodAutoscalers } from '@geobuk/api';
import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  KubernetesObject,
  MetricSpec,
  MetricStatus,
} from '@geobuk/api';
import type { StoredConversion } from '../resources/served-resource.js';
import { fromFirstVersion, isJson, toFirstVersion } from './first-version-metrics.js';

/** What autoscaling/v1 has no field for, as JSON in annotations that exist in that version only. */
const annotation = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const;
const ownAnnotations: ReadonlySet<string> = new Set(Object.values(annotation));

const targetCPU = ({ type, resource }: MetricSpec): number | undefined =>
  type === 'Resource' && resource?.name === 'cpu' ? resource.target.averageUtilization : undefined;

/**
 * One autoscaler, seen from both versions: it is stored as autoscaling/v2. The first version has a field for one target
 * of CPU use only; everything else passes through it in annotations, so that nothing is lost by a write in that version.
 * Follows: conversion of autoscaling/v1, DropRoundTripHorizontalPodAutoscalerAnnotations.
 */
export const autoscalerConversion: StoredConversion = {
  fromStored: (object) => fromStored(object as unknown as HorizontalPodAutoscaler),
  toStored: (object) => toStored(object as unknown as AutoscalingV1HorizontalPodAutoscaler),
};

function fromStored({ metadata, spec, status, ...rest }: HorizontalPodAutoscaler): KubernetesObject {
  const { metrics = [], behavior, ...scale } = spec;
  const target = metrics.map(targetCPU).find((percent) => percent !== undefined);
  const others = metrics.filter((metric) => targetCPU(metric) === undefined);
  const { conditions = [], currentMetrics = [], currentReplicas = 0, ...replicas } = status ?? { desiredReplicas: 0 };
  const current = currentMetrics
    .filter(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')
    .map(({ resource }) => resource?.current.averageUtilization)
    .findLast((percent) => percent !== undefined);
  const annotations: Record<string, string> = withoutOwn(metadata.annotations);
  if (others.length > 0) annotations[annotation.metrics] = json(others.map((each) => toFirstVersion(each, 'target')));
  if (currentMetrics.length > 0)
    annotations[annotation.currentMetrics] = json(currentMetrics.map((each) => toFirstVersion(each, 'current')));
  if (conditions.length > 0) annotations[annotation.conditions] = json(conditions);
  if (behavior !== undefined) annotations[annotation.behavior] = json(capitalised(behavior));
  const converted: AutoscalingV1HorizontalPodAutoscaler = {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: annotated(metadata, annotations),
    spec: { ...scale, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    ...(status === undefined
      ? {}
      : {
          status: {
            ...replicas,
            currentReplicas,
            ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
          },
        }),
  };
  return converted as unknown as KubernetesObject;
}

function toStored({ metadata, spec, status, ...rest }: AutoscalingV1HorizontalPodAutoscaler): KubernetesObject {
  const read = (name: string): unknown => parsed(metadata.annotations?.[name]);
  const { targetCPUUtilizationPercentage: percent, ...scale } = spec;
  const metrics = metricsOf<MetricSpec>(read(annotation.metrics), 'target') ?? [];
  const behavior = read(annotation.behavior);
  const converted: KubernetesObject = {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: annotated(metadata, withoutOwn(metadata.annotations)),
    spec: {
      ...scale,
      metrics: [...metrics, ...(percent === undefined ? [] : [cpu({ target: { type: 'Utilization' } }, percent)])],
      ...(isJson(behavior) ? { behavior: uncapitalised(behavior) } : {}),
    },
    ...(status === undefined ? {} : { status: storedStatus(status, read) }),
  } as KubernetesObject;
  return defaultObject(horizontalPodAutoscalers, converted);
}

function storedStatus(
  {
    currentCPUUtilizationPercentage: percent,
    ...replicas
  }: NonNullable<AutoscalingV1HorizontalPodAutoscaler['status']>,
  read: (name: string) => unknown,
) {
  // The annotation has the raw values as well, so it counts more than the field.
  const current =
    metricsOf<MetricStatus>(read(annotation.currentMetrics), 'current') ??
    (percent === undefined ? undefined : [cpu({ current: {} }, percent)]);
  const conditions = read(annotation.conditions);
  return {
    ...replicas,
    ...(current === undefined ? {} : { currentMetrics: current }),
    ...(Array.isArray(conditions) ? { conditions: conditions.filter(isCondition) } : {}),
  };
}

const cpu = (measure: Readonly<Record<string, object>>, averageUtilization: number) => ({
  type: 'Resource',
  resource: {
    name: 'cpu',
    ...Object.fromEntries(Object.entries(measure).map(([side, given]) => [side, { ...given, averageUtilization }])),
  },
});

function metricsOf<M>(value: unknown, side: 'target' | 'current'): readonly M[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((each) => fromFirstVersion(each, side)).filter((metric) => metric !== undefined) as readonly M[];
}

const isCondition = (value: unknown): value is HorizontalPodAutoscalerCondition =>
  isJson(value) && typeof value['type'] === 'string' && typeof value['status'] === 'string';

const withoutOwn = (annotations: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([name]) => !ownAnnotations.has(name)));

/** Metadata with these annotations in place of its own; without any when there are none. */
function annotated<M extends { readonly annotations?: Readonly<Record<string, string>> | undefined }>(
  { annotations: _, ...metadata }: M,
  annotations: Readonly<Record<string, string>>,
) {
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
}

const json = (value: unknown): string => JSON.stringify(value);

/** Annotations are anyone's to write: what is no JSON says nothing. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The behaviour stands in its annotation under the names of Go's fields: `ScaleUp`, `Policies`, `PeriodSeconds`. */
const capitalised = (value: unknown): unknown => renamed(value, (name) => name.charAt(0).toUpperCase() + name.slice(1));
const uncapitalised = (value: unknown): unknown =>
  renamed(value, (name) => name.charAt(0).toLowerCase() + name.slice(1));

function renamed(value: unknown, by: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, by));
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[by(name), renamed(inner, by)]])),
  );
}
