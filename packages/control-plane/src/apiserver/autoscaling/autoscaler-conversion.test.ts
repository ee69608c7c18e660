import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '@geobuk/api';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';
import { autoscalerConversion } from './autoscaler-conversion.js';

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };
const others = [
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } },
  {
    type: 'ContainerResource',
    containerResource: { name: 'cpu', container: 'app', target: { type: 'Utilization', averageUtilization: 40 } },
  },
  {
    type: 'Pods',
    pods: {
      metric: { name: 'packets', selector: { matchLabels: { a: 'b' } } },
      target: { type: 'AverageValue', averageValue: '1k' },
    },
  },
  {
    type: 'Object',
    object: {
      metric: { name: 'requests' },
      describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' },
      target: { type: 'Value', value: '10k' },
    },
  },
  {
    type: 'Object',
    object: {
      metric: { name: 'rate' },
      describedObject: { kind: 'Service', name: 'main' },
      target: { type: 'AverageValue', averageValue: '5' },
    },
  },
  {
    type: 'External',
    external: {
      metric: { name: 'queue', selector: { matchLabels: { q: 'x' } } },
      target: { type: 'Value', value: '30' },
    },
  },
];
const behavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 2, periodSeconds: 30 }],
  },
  scaleDown: {
    stabilizationWindowSeconds: 60,
    selectPolicy: 'Min',
    policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
  },
};
const prefix = 'autoscaling.alpha.kubernetes.io/';

const stored = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', namespace: 'default', annotations: { mine: 'yes' } },
  spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 5, metrics: [...others, cpu], behavior },
  status: {
    observedGeneration: 3,
    currentReplicas: 2,
    desiredReplicas: 3,
    conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'it is' }],
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 71, averageValue: '71m' } } },
      { type: 'Pods', pods: { metric: { name: 'packets' }, current: { averageValue: '900' } } },
    ],
  },
} as unknown as KubernetesObject;

const annotationsOf = ({ metadata }: KubernetesObject): Readonly<Record<string, string>> => metadata.annotations ?? {};
const read = (object: KubernetesObject, name: string): unknown =>
  JSON.parse(annotationsOf(object)[prefix + name] ?? 'null');

describe('autoscalerConversion', () => {
  it('shows in autoscaling/v1 the CPU target and use as fields and all else in annotations', () => {
    const v1 = autoscalerConversion.fromStored(stored);
    expect(v1).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
      status: { observedGeneration: 3, currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 71 },
    });
    expect(Object.keys((v1 as unknown as { spec: object }).spec)).not.toContain('metrics');
    expect(annotationsOf(v1)['mine']).toBe('yes');
    expect(read(v1, 'metrics')).toEqual([
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '100Mi' } },
      { type: 'ContainerResource', containerResource: { name: 'cpu', targetAverageUtilization: 40, container: 'app' } },
      {
        type: 'Pods',
        pods: { metricName: 'packets', targetAverageValue: '1k', selector: { matchLabels: { a: 'b' } } },
      },
      {
        type: 'Object',
        object: {
          target: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' },
          metricName: 'requests',
          targetValue: '10k',
        },
      },
      {
        type: 'Object',
        object: {
          target: { kind: 'Service', name: 'main' },
          metricName: 'rate',
          targetValue: '0',
          averageValue: '5',
        },
      },
      {
        type: 'External',
        external: { metricName: 'queue', metricSelector: { matchLabels: { q: 'x' } }, targetValue: '30' },
      },
    ]);
    expect(read(v1, 'current-metrics')).toEqual([
      { type: 'Resource', resource: { name: 'cpu', currentAverageUtilization: 71, currentAverageValue: '71m' } },
      { type: 'Pods', pods: { metricName: 'packets', currentAverageValue: '900' } },
    ]);
    expect(read(v1, 'conditions')).toEqual([expect.objectContaining({ type: 'AbleToScale', status: 'True' })]);
    expect(read(v1, 'behavior')).toMatchObject({
      ScaleUp: { Policies: [{ Type: 'Pods', Value: 2, PeriodSeconds: 30 }] },
      ScaleDown: { StabilizationWindowSeconds: 60, SelectPolicy: 'Min' },
    });
  });

  it('loses nothing on the way through autoscaling/v1 and back', () => {
    expect(autoscalerConversion.toStored(autoscalerConversion.fromStored(stored))).toEqual(stored);
  });

  it.each(['not json', '{}', '7', '[null, 3, {"type": 5}, {"type": "Resource"}]'])(
    'takes annotations that say nothing (%s) for absent',
    (text) => {
      const names = ['metrics', 'behavior', 'current-metrics', 'conditions'];
      const v1 = {
        apiVersion: 'autoscaling/v1',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'web', annotations: Object.fromEntries(names.map((name) => [prefix + name, text])) },
        spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
        status: { currentReplicas: 1, desiredReplicas: 1 },
      };
      expect(autoscalerConversion.toStored(v1 as unknown as KubernetesObject)).toMatchObject({
        metadata: { name: 'web' },
        spec: { maxReplicas: 5, metrics: [cpu] },
      });
    },
  );
});

describe('an autoscaler on both versions', () => {
  let server: TestServer;
  beforeAll(async () => void (server = await startTestServer()));
  afterAll(() => server[Symbol.asyncDispose]());
  const path = (version: string, name = '') =>
    `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers${name}`;

  it('made in v1 has its target among the metrics of v2; without one it gets the usual 80 %', async () => {
    const body = (name: string, spec: object) => ({
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: { scaleTargetRef, maxReplicas: 4, ...spec },
    });
    await server.call(path('v1'), { body: body('given', { targetCPUUtilizationPercentage: 60 }) });
    const created = await server.call(path('v1'), { body: body('usual', {}) });
    expect(created).toMatchObject({ status: 201, json: { spec: { targetCPUUtilizationPercentage: 80 } } });
    const given = await server.call(path('v2', '/given'));
    expect((given.json as { spec: object }).spec).toEqual({
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [cpu],
    });
  });

  it('made in v2 keeps its metrics and behaviour when v1 changes the replicas', async () => {
    const { metadata: _, status: __, ...rest } = stored as KubernetesObject & { readonly status: object };
    const created = await server.call(path('v2'), { body: { ...rest, metadata: { name: 'kept' } } });
    expect(created.status).toBe(201);
    const v1 = (await server.call(path('v1', '/kept'))).json as { spec: object };
    const changed = await server.call(path('v1', '/kept'), {
      method: 'PUT',
      body: { ...v1, spec: { ...v1.spec, maxReplicas: 9, targetCPUUtilizationPercentage: 30 } },
    });
    expect(changed.status).toBe(200);
    const after = (await server.call(path('v2', '/kept'))).json;
    expect(after).toMatchObject({
      spec: {
        maxReplicas: 9,
        behavior,
        metrics: [
          ...others,
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 30 } } },
        ],
      },
    });
    expect(JSON.stringify(after)).not.toContain(prefix);
  });
});
