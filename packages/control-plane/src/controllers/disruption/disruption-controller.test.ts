import type { Pod, PodDisruptionBudget } from '@geobuk/api';
import { podDisruptionBudgets, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { pod, replicaSet } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { DisruptionController } from './disruption-controller.js';
import { diffBudget } from './disruption-diff.js';

const now = Date.parse('2030-01-01T00:00:00Z');
const labels = { app: 'web' };
const owner = { kind: 'ReplicaSet', name: 'web', uid: 'uid-web' };
const budget = (
  spec: PodDisruptionBudget['spec'],
  status: PodDisruptionBudget['status'] = {},
): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'b', namespace: 'default', uid: 'uid-b', generation: 1 },
  spec: { selector: { matchLabels: labels }, ...spec },
  status,
});
const guarded = (ready: number, unready = 0): readonly Pod[] => [
  ...Array.from({ length: ready }, (_, i) => pod(`r${i}`, { labels, owner })),
  ...Array.from({ length: unready }, (_, i) => pod(`u${i}`, { labels, owner, ready: false })),
];

describe('diffBudget', () => {
  it.each<[string, PodDisruptionBudget['spec'], readonly Pod[], number, readonly [number, number, number, number]]>([
    // healthy, desired, expected, allowed
    ['minAvailable as a number', { minAvailable: 2 }, guarded(3), 0, [3, 2, 3, 1]],
    ['minAvailable in percent rounds up', { minAvailable: '50%' }, guarded(5), 5, [5, 3, 5, 2]],
    ['maxUnavailable as a number', { maxUnavailable: 1 }, guarded(3), 3, [3, 2, 3, 1]],
    ['maxUnavailable in percent rounds up', { maxUnavailable: '30%' }, guarded(5), 5, [5, 3, 5, 2]],
    ['what the owner wants, not what is there', { maxUnavailable: 1 }, guarded(3), 5, [3, 4, 5, 0]],
    ['unready pods do not count', { minAvailable: 2 }, guarded(2, 2), 0, [2, 2, 4, 0]],
    ['never below nothing', { minAvailable: 5 }, guarded(2), 0, [2, 5, 2, 0]],
    ['no pods, no disruption', { minAvailable: 0 }, [], 0, [0, 0, 0, 0]],
    ['maxUnavailable beyond all', { maxUnavailable: 10 }, guarded(3), 3, [3, 0, 3, 3]],
  ])('5.13.1 5.13.2 %s', (_title, spec, subject, scale, [healthy, desired, expected, allowed]) => {
    const { status } = diffBudget(budget(spec), subject, scale, now);
    expect(status).toMatchObject({
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      disruptionsAllowed: allowed,
      conditions: [
        {
          type: 'DisruptionAllowed',
          ...(allowed > 0
            ? { status: 'True', reason: 'SufficientPods' }
            : { status: 'False', reason: 'InsufficientPods' }),
        },
      ],
    });
  });

  it('5.13.4 counts a pod whose eviction was allowed as gone, for two minutes', () => {
    const evicted = budget(
      { minAvailable: 1 },
      { disruptedPods: { r0: '2029-12-31T23:59:30Z', old: '2029-12-31T23:59:30Z' } },
    );
    const plan = diffBudget(evicted, guarded(2), 0, now);
    expect(plan.status).toMatchObject({
      currentHealthy: 1,
      disruptionsAllowed: 0,
      disruptedPods: { r0: '2029-12-31T23:59:30Z' },
    });
    expect(plan.status.disruptedPods).not.toHaveProperty('old');
    expect(plan.wakeAfterMs).toBe(90_000);
    expect(diffBudget(evicted, guarded(2), 0, now + 90_000).status).toMatchObject({
      currentHealthy: 2,
      disruptionsAllowed: 1,
    });
  });
});

describe('DisruptionController', () => {
  const start = (...objects: Parameters<typeof turnControllers>[0]) =>
    turnControllers(objects, (world) => [new DisruptionController({ ...world, discover: () => [] })]);
  const status = (world: Awaited<ReturnType<typeof start>>) => world.client.stored(podDisruptionBudgets)[0]?.status;

  it('5.13.1 follows the pods and the scale of their owner', async () => {
    await using world = await start(budget({ maxUnavailable: 1 }), replicaSet('web', 3), ...guarded(3));
    expect(status(world)).toMatchObject({ expectedPods: 3, disruptionsAllowed: 1, observedGeneration: 1 });
    await world.client.delete(pods, { namespace: 'default', name: 'r0' }, { signal: new AbortController().signal });
    await world.settle();
    expect(status(world)).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0 });
  });

  it('5.13.3 takes an empty selector for all pods of the namespace', async () => {
    await using world = await start(budget({ minAvailable: 1, selector: {} }), pod('any'));
    expect(status(world)).toMatchObject({ expectedPods: 1 });
  });

  it('allows nothing when an owner has no scale', async () => {
    const odd = { ...owner, kind: 'Odd', name: 'odd', uid: 'uid-odd' };
    await using world = await start(budget({ maxUnavailable: 1 }), pod('p', { labels, owner: odd }));
    expect(status(world)).toMatchObject({ disruptionsAllowed: 0, conditions: [{ reason: 'SyncFailed' }] });
  });
});
