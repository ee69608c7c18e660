import type { Taint, Toleration } from '@geobuk/api';
import { nodes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { TaintEvictionController, evictionTime } from './taint-eviction-controller.js';

const now = Date.parse('2030-01-01T00:00:00Z');
const a: Taint = { key: 'a', effect: 'NoExecute', timeAdded: '2030-01-01T00:00:00Z' };
const b: Taint = { ...a, key: 'b' };
const tolerates = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

describe('evictionTime', () => {
  it.each<[string, readonly Toleration[], readonly Taint[], number | undefined]>([
    ['never without taints', [], [], undefined],
    ['never for a taint that only keeps new pods away', [], [{ key: 'a', effect: 'NoSchedule' }], undefined],
    ['at once without a toleration', [], [a], 0],
    ['never when tolerated for ever', [tolerates('a')], [a], undefined],
    ['after tolerationSeconds', [tolerates('a', 300)], [a], 300],
    ['after the smallest of those that match', [tolerates('a', 300), tolerates('b', 60)], [a, b], 60],
    ['at once when one taint of two is not tolerated', [tolerates('a', 300)], [a, b], 0],
    ['at once for a negative time', [tolerates('a', -5)], [a], 0],
  ])('5.9.3 %s', (_title, tolerations, taints, seconds) => {
    const at = evictionTime(pod('p', { spec: { tolerations } }), taints, now);
    expect(at === undefined ? undefined : (at - now) / 1000).toBe(seconds);
  });
});

describe('TaintEvictionController', () => {
  const start = () =>
    turnControllers([node('n'), pod('p', { nodeName: 'n', spec: { tolerations: [tolerates('a', 300)] } })], (world) => [
      new TaintEvictionController(world),
    ]);
  const taint = async (world: Awaited<ReturnType<typeof start>>, taints: readonly Taint[] | null): Promise<void> => {
    const signal = new AbortController().signal;
    await world.client.patch(nodes, { name: 'n' }, { type: 'merge', body: { spec: { taints } } }, { signal });
    await world.settle();
  };

  it('5.9.3 evicts when the toleration has run out, and says why', async () => {
    await using world = await start();
    await taint(world, [a]);
    await world.settle(299_000);
    expect(world.client.stored(pods)[0]?.metadata.deletionTimestamp).toBeUndefined();
    await world.settle(2_000);
    const [gone] = world.client.stored(pods);
    expect(gone?.metadata.deletionTimestamp).toBeDefined();
    expect(gone?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }),
    );
  });

  it('5.9.3 spares the pod when the taint goes in time', async () => {
    await using world = await start();
    await taint(world, [a]);
    await world.settle(200_000);
    await taint(world, null);
    await world.settle(1_000_000);
    expect(world.client.stored(pods)[0]?.metadata.deletionTimestamp).toBeUndefined();
  });
});
