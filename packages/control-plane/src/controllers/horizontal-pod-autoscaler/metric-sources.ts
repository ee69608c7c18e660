import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
  Pod,
  ResourceType,
} from '@geobuk/api';
import { apiVersionOf, formatQuantity, milliUnits, parseQuantity } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { CustomMetrics } from './custom-metrics.js';
import type { PodMetrics } from './pod-metrics.js';
import { podMetrics, requestOf, usageOf } from './pod-metrics.js';
import type { Sample, Tolerance } from './replica-calculator.js';
import { calculateReplicas, replicasForAverage, replicasForValue } from './replica-calculator.js';

/** What one metric asks for, and what it stands at. */
export interface Measured {
  readonly replicas: number;
  readonly status: MetricStatus;
  /** How messages call it. */
  readonly text: string;
}

/** The workload whose replicas are measured, as it stands. */
export interface MeasuredWorkload {
  readonly hpa: HorizontalPodAutoscaler;
  readonly namespace: string;
  /** `status.selector` of its scale. */
  readonly labelSelector: string;
  readonly current: number;
  readonly statusReplicas: number;
  readonly pods: readonly Pod[];
  readonly now: number;
}

export interface MetricSourcesDeps {
  readonly client: Pick<Client, 'list'>;
  readonly discover: () => readonly ResourceType[];
}

const standardTolerance = 0.1;

/** Why no number of replicas came of a metric: the reason of the condition. */
export const failureReason = ({ type }: MetricSpec): string => {
  const known = ['Resource', 'ContainerResource', 'Pods', 'Object', 'External'];
  return known.includes(type) ? `FailedGet${type}Metric` : 'InvalidMetricSourceType';
};

/** Reads metrics of all types and works out how many replicas each asks for. Follows: computeReplicasForMetric. */
export class MetricSources {
  readonly #deps: MetricSourcesDeps;
  readonly #custom: CustomMetrics;

  constructor(deps: MetricSourcesDeps) {
    this.#deps = deps;
    this.#custom = new CustomMetrics(deps.client);
  }

  /** @throws {ApiError} nobody serves the metric; {Error} it says nothing of these pods. */
  async measure(spec: MetricSpec, workload: MeasuredWorkload, signal: AbortSignal): Promise<Measured> {
    const source = { ...spec };
    if (source.resource !== undefined)
      return this.#resource(source.resource.name, source.resource.target, undefined, workload, signal);
    if (source.containerResource !== undefined) {
      const { name, target, container } = source.containerResource;
      return this.#resource(name, target, container, workload, signal);
    }
    if (source.pods !== undefined) return this.#pods(source.pods, workload, signal);
    if (source.object !== undefined) return this.#object(source.object, workload, signal);
    if (source.external !== undefined) return this.#external(source.external, workload, signal);
    throw new Error(`unknown metric source type "${spec.type}"`);
  }

  async #resource(
    name: string,
    target: MetricTarget,
    container: string | undefined,
    workload: MeasuredWorkload,
    signal: AbortSignal,
  ): Promise<Measured> {
    const { namespace, labelSelector, current, pods, now } = workload;
    const { averageUtilization, averageValue } = target;
    const average = averageValue === undefined ? undefined : milliOf(averageValue);
    const failing = `failed to get ${name} ${average === undefined ? 'utilization' : 'usage'}`;
    const items = await saying(`${failing}: unable to get metrics for resource ${name}`, async () =>
      this.#podMetrics(namespace, labelSelector, signal),
    );
    const calculated = await saying(failing, () =>
      calculateReplicas(
        current,
        pods,
        {
          usage: usageByPod(items, name, container, now),
          baseOf: (pod) => average ?? requestOf(pod, name, container),
          target: average === undefined ? (averageUtilization ?? 80) / 100 : 1,
          isCpu: name === 'cpu',
          tolerance: toleranceOf(workload.hpa),
        },
        now,
      ),
    );
    const shown = {
      name,
      current: {
        averageValue: quantityOf(calculated.averageMilli),
        ...(average === undefined ? { averageUtilization: Math.floor(calculated.utilization * 100) } : {}),
      },
    };
    const how = average === undefined ? ' utilization (percentage of request)' : '';
    const { replicas } = calculated;
    return container === undefined
      ? { replicas, text: `${name} resource${how}`, status: { type: 'Resource', resource: shown } }
      : {
          replicas,
          text: `${name} container resource${how}`,
          status: { type: 'ContainerResource', containerResource: { ...shown, container } },
        };
  }

  async #podMetrics(namespace: string, labelSelector: string, signal: AbortSignal): Promise<readonly PodMetrics[]> {
    const { items } = await saying('unable to fetch metrics from resource metrics API', () =>
      this.#deps.client.list(podMetrics, { namespace, labelSelector, signal }),
    );
    if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
    return items;
  }

  async #pods(
    { metric, target }: NonNullable<MetricSpec['pods']>,
    { hpa, namespace, labelSelector, current, pods, now }: MeasuredWorkload,
    signal: AbortSignal,
  ): Promise<Measured> {
    const values = await this.#custom.ofPods(namespace, labelSelector, metric, signal);
    const usage = new Map(
      values.map(({ name = '', milli, at = now, windowMs }) => [name, { milli, at, windowMs }] as const),
    );
    const average = milliOf(target.averageValue);
    const sample = { usage, baseOf: () => average, target: 1, isCpu: false, tolerance: toleranceOf(hpa) };
    const { replicas, averageMilli } = calculateReplicas(current, pods, sample, now);
    const shown = { metric, current: { averageValue: quantityOf(averageMilli) } };
    return { replicas, text: `pods metric ${metric.name}`, status: { type: 'Pods', pods: shown } };
  }

  async #object(
    { describedObject, metric, target }: NonNullable<MetricSpec['object']>,
    workload: MeasuredWorkload,
    signal: AbortSignal,
  ): Promise<Measured> {
    const { apiVersion = 'v1', kind, name } = describedObject;
    const type = this.#deps.discover().find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
    if (type === undefined) throw new Error(`no matches for kind "${kind}" in ${apiVersion}`);
    const { milli } = await this.#custom.ofObject(workload.namespace, { type, name }, metric, signal);
    const { replicas, current } = wholeMetric(milli, target, workload);
    return {
      replicas,
      text: `${kind} metric ${metric.name}`,
      status: { type: 'Object', object: { describedObject, metric, current } },
    };
  }

  async #external(
    { metric, target }: NonNullable<MetricSpec['external']>,
    workload: MeasuredWorkload,
    signal: AbortSignal,
  ): Promise<Measured> {
    const values = await this.#custom.external(workload.namespace, metric, signal);
    if (values.length === 0) throw new Error(`no value of the metric ${metric.name}`);
    const sum = values.reduce((total, { milli }) => total + milli, 0);
    const { replicas, current } = wholeMetric(sum, target, workload);
    return {
      replicas,
      text: `external metric ${metric.name}`,
      status: { type: 'External', external: { metric, current } },
    };
  }
}

/** A metric that is not counted pod by pod: it has a target itself, or each pod has to have its share. */
function wholeMetric(
  milli: number,
  target: MetricTarget,
  { hpa, current, statusReplicas, pods }: MeasuredWorkload,
): { readonly replicas: number; readonly current: MetricValueStatus } {
  const tolerance = toleranceOf(hpa);
  if (target.value !== undefined) {
    const replicas = replicasForValue(current, pods, milli, milliOf(target.value), tolerance);
    return { replicas, current: { value: quantityOf(milli) } };
  }
  const replicas = replicasForAverage(statusReplicas, milli, milliOf(target.averageValue), tolerance);
  const average = statusReplicas === 0 ? 0 : Math.ceil(milli / statusReplicas);
  return { replicas, current: { averageValue: quantityOf(average) } };
}

function usageByPod(
  metrics: readonly PodMetrics[],
  resource: string,
  container: string | undefined,
  now: number,
): Sample['usage'] {
  const usage = new Map<string, { milli: number; at: number; windowMs: number }>();
  for (const each of metrics) {
    const milli = usageOf(each, resource, container);
    if (milli === undefined) continue;
    const windowMs = (Number.parseFloat(each.window ?? '') || 60) * 1000;
    usage.set(each.metadata.name ?? '', { milli, at: Date.parse(each.timestamp ?? '') || now, windowMs });
  }
  return usage;
}

const milliOf = (quantity: string | undefined): number => Number(milliUnits(quantity ?? '0'));
const quantityOf = (milli: number): string => formatQuantity(parseQuantity(`${milli}m`));

function toleranceOf({ spec: { behavior } }: HorizontalPodAutoscaler): Tolerance {
  const of = (text: string | undefined): number => (text === undefined ? standardTolerance : milliOf(text) / 1000);
  return { up: of(behavior?.scaleUp?.tolerance), down: of(behavior?.scaleDown?.tolerance) };
}

/** Says before the message of a failure what could not be done. */
async function saying<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
