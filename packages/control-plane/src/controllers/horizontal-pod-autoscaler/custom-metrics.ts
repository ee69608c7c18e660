import type { KubernetesObject, MetricIdentifier, ResourceType } from '@geobuk/api';
import { formatLabelSelector, labelSelectorOf, milliUnits } from '@geobuk/api';
import type { Client } from '@geobuk/client';

/** One value of a metric. Follows: custom.metrics.k8s.io/v1beta2 MetricValue, external.metrics.k8s.io/v1beta1 ExternalMetricValue. */
interface MetricValue extends KubernetesObject {
  readonly describedObject?: { readonly kind?: string; readonly name?: string } | undefined;
  readonly timestamp?: string | undefined;
  readonly windowSeconds?: number | undefined;
  readonly value: string;
}

export interface MeasuredValue {
  /** Of what; absent for external metrics. */
  readonly name: string | undefined;
  readonly milli: number;
  readonly at: number | undefined;
  readonly windowMs: number;
}

/** Their paths hang on objects and names of metrics, so each is a resource of its own. They are served by aggregated API servers. */
const metricType = (group: string, version: string, plural: string, namespaced = true): ResourceType<MetricValue> => ({
  group,
  version,
  plural,
  singular: '',
  kind: 'MetricValueList',
  namespaced,
  shortNames: [],
  categories: [],
  verbs: ['list'],
  subresources: {},
});
const custom = (path: string, namespaced = true): ResourceType<MetricValue> =>
  metricType('custom.metrics.k8s.io', 'v1beta2', path, namespaced);

/** A default window, where the server names none. Follows: metricServerDefaultMetricWindow. */
const standardWindowMs = 60_000;
const part = encodeURIComponent;

/** Reads metrics that are no resource usage. Every method @throws {ApiError} nobody serves it. */
export class CustomMetrics {
  readonly #client: Pick<Client, 'list'>;

  constructor(client: Pick<Client, 'list'>) {
    this.#client = client;
  }

  /** A metric of each pod that a selector picks. */
  async ofPods(namespace: string, labelSelector: string, metric: MetricIdentifier, signal: AbortSignal) {
    const type = custom(`pods/${part('*')}/${part(metric.name)}`);
    return this.#read(type, { namespace, labelSelector, metricLabelSelector: selectorOf(metric), signal });
  }

  /** A metric of one object. @throws {Error} there is none. */
  async ofObject(
    namespace: string,
    target: { readonly type: ResourceType; readonly name: string },
    metric: MetricIdentifier,
    signal: AbortSignal,
  ): Promise<MeasuredValue> {
    const { group, plural, namespaced } = target.type;
    const resource = group === '' ? plural : `${plural}.${group}`;
    const path = `${resource}/${part(target.name)}/${part(metric.name)}`;
    const [value] = await this.#read(custom(path, namespaced), {
      namespace,
      metricLabelSelector: selectorOf(metric),
      signal,
    });
    if (value === undefined) throw new Error(`no value of the metric ${metric.name}`);
    return value;
  }

  /** All series of a metric that belongs to no object of the cluster. */
  async external(namespace: string, metric: MetricIdentifier, signal: AbortSignal) {
    const type = metricType('external.metrics.k8s.io', 'v1beta1', part(metric.name));
    return this.#read(type, { namespace, labelSelector: selectorOf(metric), signal });
  }

  async #read(
    type: ResourceType<MetricValue>,
    options: Parameters<Client['list']>[1],
  ): Promise<readonly MeasuredValue[]> {
    const { items } = await this.#client.list(type, options);
    return items.map(({ describedObject, value, timestamp, windowSeconds }) => {
      const at = Date.parse(timestamp ?? '');
      return {
        name: describedObject?.name,
        milli: Number(milliUnits(value)),
        at: Number.isNaN(at) ? undefined : at,
        windowMs: windowSeconds === undefined ? standardWindowMs : windowSeconds * 1_000,
      };
    });
  }
}

const selectorOf = ({ selector }: MetricIdentifier): string | undefined =>
  selector === undefined ? undefined : formatLabelSelector(labelSelectorOf(selector));
