import type { HorizontalPodAutoscaler, Pod, ResourceType } from '@geobuk/api';
import { deployments, horizontalPodAutoscalers } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { deployment, pod } from '../testing/objects.js';
import type { PodWish } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { HorizontalPodAutoscalerController } from './horizontal-pod-autoscaler-controller.js';
import { calculateReplicas } from './replica-calculator.js';
import type { ScalingMemory } from './scaling-behavior.js';
import { normalize } from './scaling-behavior.js';

const now = Date.parse('2030-01-01T00:00:00Z');
const settledPod = (name: string, wish: PodWish = {}): Pod => {
  const made = pod(name, { labels: { app: 'web' }, ...wish });
  return { ...made, status: { ...made.status, startTime: '2029-12-01T00:00:00Z' } };
};
const hpa = (spec: Partial<HorizontalPodAutoscaler['spec']> = {}): HorizontalPodAutoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-hpa', generation: 1 },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 1,
    maxReplicas: 10,
    ...spec,
  },
});

describe('calculateReplicas', () => {
  const starting = (name: string) => settledPod(name, { phase: 'Pending', ready: false });
  // Each pod requests 1000m; the target is 50 %.
  it.each<[string, number, readonly Pod[], readonly (number | undefined)[], number]>([
    ['doubles at twice the target', 2, [settledPod('a'), settledPod('b')], [1000, 1000], 4],
    ['rounds up', 3, [settledPod('a'), settledPod('b'), settledPod('c')], [600, 600, 600], 4],
    ['stays within 10 %', 2, [settledPod('a'), settledPod('b')], [540, 540], 2],
    ['halves at half the target', 4, ['a', 'b', 'c', 'd'].map((name) => settledPod(name)), [250, 250, 250, 250], 2],
    [
      'counts starting pods as idle when growing',
      3,
      [settledPod('a'), settledPod('b'), starting('c')],
      [1000, 1000, undefined],
      4,
    ],
    [
      'does not shrink because of idle starters',
      3,
      [settledPod('a'), settledPod('b'), starting('c')],
      [510, 520, undefined],
      3,
    ],
    [
      'counts missing pods as full when shrinking',
      4,
      ['a', 'b', 'c', 'd'].map((name) => settledPod(name)),
      [250, 250, 250, undefined],
      4,
    ],
    ['leaves failed pods out', 2, [settledPod('a'), settledPod('x', { phase: 'Failed' })], [1000, 0], 2],
  ])('5.12.1 %s', (_title, current, pods, usage, expected) => {
    const samples = pods.flatMap((each, i) => {
      const milli = usage[i];
      return milli === undefined ? [] : [[each.metadata.name ?? '', { milli, at: now, windowMs: 30_000 }] as const];
    });
    const sample = {
      usage: new Map(samples),
      baseOf: () => 1000,
      target: 0.5,
      isCpu: true,
      tolerance: { up: 0.1, down: 0.1 },
    };
    expect(calculateReplicas(current, pods, sample, now).replicas).toBe(expected);
  });
});

describe('normalize', () => {
  const nothing: ScalingMemory = { recommendations: [], changes: [] };
  const wantedBefore = (replicas: number, secondsAgo: number): ScalingMemory => ({
    recommendations: [{ replicas, at: now - secondsAgo * 1000 }],
    changes: [],
  });
  const slow = {
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
  };
  it.each<[string, HorizontalPodAutoscaler, number, number, ScalingMemory, number, string]>([
    ['takes what is wanted', hpa(), 3, 5, nothing, 5, 'DesiredWithinRange'],
    ['stops at the maximum', hpa(), 9, 50, nothing, 10, 'TooManyReplicas'],
    ['stops at the minimum', hpa({ minReplicas: 2 }), 5, 0, nothing, 2, 'TooFewReplicas'],
    ['grows by four or by 100 %', hpa({ maxReplicas: 100 }), 2, 50, nothing, 6, 'ScaleUpLimit'],
    ['grows by 100 % or by four', hpa({ maxReplicas: 100 }), 20, 90, nothing, 40, 'ScaleUpLimit'],
    ['does not shrink below what was wanted within 5 min', hpa(), 8, 2, wantedBefore(7, 200), 7, 'DesiredWithinRange'],
    ['shrinks when that is longer ago', hpa(), 8, 2, wantedBefore(7, 400), 2, 'DesiredWithinRange'],
    ['shrinks as slowly as the policy says', hpa({ behavior: slow }), 8, 2, nothing, 7, 'ScaleDownLimit'],
    [
      'counts what it shrank within the period',
      hpa({ behavior: slow }),
      7,
      2,
      { recommendations: [], changes: [{ delta: -1, at: now - 30_000 }] },
      7,
      'ScaleDownLimit',
    ],
    [
      'does not grow when that is disabled',
      hpa({ behavior: { scaleUp: { selectPolicy: 'Disabled' } } }),
      3,
      9,
      nothing,
      3,
      'ScaleUpLimit',
    ],
  ])('5.12.1 %s', (_title, subject, current, wanted, memory, replicas, reason) => {
    const result = normalize(subject, current, wanted, memory, now);
    expect([result.replicas, result.limit.reason]).toEqual([replicas, reason]);
  });
});

describe('HorizontalPodAutoscalerController', () => {
  const metricsOf = (name: string, cpu: string) => ({
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind: 'PodMetrics',
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    timestamp: '2030-01-01T00:00:00Z',
    window: '30s',
    containers: [{ name: 'c', usage: { cpu } }],
  });
  const asking = (name: string): Pod => {
    const made = settledPod(name);
    return { ...made, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '500m' } } }] } };
  };
  const start = (usage: readonly string[]) =>
    turnControllers([deployment('web', 2), asking('a'), asking('b'), hpa()], (world) => {
      // The metrics API is no part of the store.
      const list: typeof world.client.list = async (type, options) =>
        type.group === 'metrics.k8s.io'
          ? ({
              apiVersion: 'v1',
              kind: 'List',
              metadata: {},
              items: usage.map((cpu, i) => metricsOf(i === 0 ? 'a' : 'b', cpu)),
            } as never)
          : world.client.list(type, options);
      const client = new Proxy(world.client, {
        get: (target, property) => {
          if (property === 'list') return list;
          const value = Reflect.get(target, property) as unknown;
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      return [
        new HorizontalPodAutoscalerController({ ...world, client, discover: () => [deployments as ResourceType] }),
      ];
    });

  it('5.12.1 scales by the use of cpu and says what it saw', async () => {
    await using world = await start(['800m', '800m']);
    expect(world.client.stored(deployments)[0]?.spec.replicas).toBe(4);
    expect(world.client.stored(horizontalPodAutoscalers)[0]?.status).toMatchObject({
      desiredReplicas: 4,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 160, averageValue: '800m' } } },
      ],
      conditions: [
        { type: 'AbleToScale', status: 'True' },
        { type: 'ScalingActive', status: 'True' },
        { type: 'ScalingLimited', status: 'False' },
      ],
    });
  });

  it('5.12.1 does nothing and says so without metrics', async () => {
    await using world = await start([]);
    await world.settle(60_000);
    expect(world.client.stored(deployments)[0]?.spec.replicas).toBe(2);
    expect(world.client.stored(horizontalPodAutoscalers)[0]?.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'ScalingActive',
        status: 'False',
        reason: 'FailedGetResourceMetric',
        message:
          'the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for ' +
          'resource cpu: no metrics returned from resource metrics API',
      }),
    );
  });
});
