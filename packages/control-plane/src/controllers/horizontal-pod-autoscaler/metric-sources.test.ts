import type { HorizontalPodAutoscaler, KubernetesObject, MetricSpec, Pod, ResourceType } from '@geobuk/api';
import { deployments, ingresses, namespaces } from '@geobuk/api';
import type { Client, ListOptions } from '@geobuk/client';
import { describe, expect, it } from 'vitest';
import { pod } from '../testing/objects.js';
import { MetricSources, failureReason } from './metric-sources.js';

const signal = new AbortController().signal;
const now = Date.parse('2030-01-01T00:00:00Z');
const hpa: HorizontalPodAutoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', namespace: 'default' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 10 },
};
const settledPod = (name: string, ready = true): Pod => {
  const made = pod(name, { ready });
  return { ...made, status: { ...made.status, startTime: '2029-12-01T00:00:00Z' } };
};

/** An aggregated API server that knows these metrics, by path; it remembers what it was asked. */
function metricServer(answers: Readonly<Record<string, readonly object[]>>) {
  const asked: string[] = [];
  const list = async <T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions) => {
    const { namespace = '', labelSelector = '', metricLabelSelector = '' } = options;
    const where = type.namespaced ? `namespaces/${namespace}/` : '';
    const path = `${type.group}/${type.version}/${where}${type.plural}`;
    asked.push(`${path}?${labelSelector}&${metricLabelSelector}`);
    const items = answers[path];
    if (items === undefined) throw new Error('the server could not find the metric');
    return Promise.resolve({ apiVersion: type.version, kind: 'List', metadata: {}, items: items as readonly T[] });
  };
  return { client: { list } as Pick<Client, 'list'>, asked };
}
const types: readonly ResourceType[] = [deployments, ingresses, namespaces] as readonly ResourceType[];
const measure = (
  spec: MetricSpec,
  answers: Parameters<typeof metricServer>[0],
  pods: readonly Pod[],
  current = pods.length,
) => {
  const server = metricServer(answers);
  const sources = new MetricSources({ client: server.client, discover: () => types });
  const workload = { hpa, namespace: 'default', labelSelector: 'app=web', current, statusReplicas: current, pods, now };
  return { server, measured: sources.measure(spec, workload, signal) };
};
const threePods = ['a', 'b', 'c'].map((name) => settledPod(name));

describe('MetricSources', () => {
  it('5.12.1 averages a metric of pods', async () => {
    const spec: MetricSpec = {
      type: 'Pods',
      pods: {
        metric: { name: 'requests', selector: { matchLabels: { verb: 'GET' } } },
        target: { type: 'AverageValue', averageValue: '100' },
      },
    };
    const value = (name: string, amount: string) => ({
      describedObject: { kind: 'Pod', name },
      timestamp: '2030-01-01T00:00:00Z',
      value: amount,
    });
    const path = 'custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/requests';
    const { server, measured } = measure(
      spec,
      { [path]: [value('a', '150'), value('b', '200'), value('c', '150500m')] },
      threePods,
    );
    expect(await measured).toMatchObject({
      replicas: 6, // 500.5 / 100
      status: { type: 'Pods', pods: { current: { averageValue: '166833m' } } },
      text: 'pods metric requests',
    });
    expect(server.asked).toEqual([`${path}?app=web&verb=GET`]);
  });

  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'front' };
  const ofIngress = 'custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/front/rps';
  const ofQueue = 'external.metrics.k8s.io/v1beta1/namespaces/default/queue';
  it.each<[string, MetricSpec['object'], string, readonly Pod[], number, number]>([
    ['by its value', object({ type: 'Value', value: '2k' }), '4k', threePods, 3, 6],
    ['within tolerance', object({ type: 'Value', value: '2k' }), '2100', threePods, 3, 3],
    [
      'over the ready pods only',
      object({ type: 'Value', value: '2k' }),
      '4k',
      [...threePods.slice(0, 2), settledPod('c', false)],
      3,
      4,
    ],
    ['from nothing', object({ type: 'Value', value: '2k' }), '5k', [], 0, 3],
    ['by the share of each pod', object({ type: 'AverageValue', averageValue: '500' }), '4k', threePods, 3, 8],
    ['by a share within tolerance', object({ type: 'AverageValue', averageValue: '500' }), '1600', threePods, 3, 3],
  ])('5.12.1 goes by a metric of one object %s', async (_title, spec, value, pods, current, expected) => {
    const { measured } = measure({ type: 'Object', object: spec }, { [ofIngress]: [{ value }] }, pods, current);
    expect((await measured).replicas).toBe(expected);
  });

  it('5.12.1 goes by the sum of an external metric', async () => {
    const external = {
      metric: { name: 'queue', selector: { matchLabels: { name: 'mail' } } },
      target: { type: 'AverageValue', averageValue: '30' },
    };
    const answers = { [ofQueue]: [{ value: '100' }, { value: '50' }] };
    const { server, measured } = measure({ type: 'External', external }, answers, threePods);
    expect(await measured).toMatchObject({
      replicas: 5,
      status: { type: 'External', external: { current: { averageValue: '50' } } },
    });
    expect(server.asked).toEqual([`${ofQueue}?name=mail&`]);
  });

  it.each([
    ['Resource', 'FailedGetResourceMetric'],
    ['ContainerResource', 'FailedGetContainerResourceMetric'],
    ['Pods', 'FailedGetPodsMetric'],
    ['Object', 'FailedGetObjectMetric'],
    ['External', 'FailedGetExternalMetric'],
    ['Other', 'InvalidMetricSourceType'],
  ])('calls a failure of type %s %s', (type, reason) => {
    expect(failureReason({ type })).toBe(reason);
  });

  it('says what it does not find', async () => {
    const external = { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } };
    await expect(measure({ type: 'External', external }, {}, threePods).measured).rejects.toThrow('could not find');
    await expect(measure({ type: 'External', external }, { [ofQueue]: [] }, threePods).measured).rejects.toThrow(
      'no value of the metric queue',
    );
  });

  function object(target: NonNullable<MetricSpec['object']>['target']): MetricSpec['object'] {
    return { describedObject: ingress, metric: { name: 'rps' }, target };
  }
});
