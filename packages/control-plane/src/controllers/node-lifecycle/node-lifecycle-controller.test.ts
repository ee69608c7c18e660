import type { Lease, Node } from '@geobuk/api';
import { leases, nodes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { NodeLifecycleController } from './node-lifecycle-controller.js';
import { wantedTaints } from './node-health.js';

const signal = new AbortController().signal;
const lease = (name: string): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease', uid: `uid-lease-${name}` },
  spec: { renewTime: '2030-01-01T00:00:00.000000Z' },
});
/** Two nodes, so that the silence of one is not taken for that of all. */
const start = () =>
  turnControllers([node('n'), node('well'), lease('n'), lease('well'), pod('p', { nodeName: 'n' })], (world) => [
    new NodeLifecycleController(world),
  ]);
type Turning = Awaited<ReturnType<typeof start>>;
const beat = async (world: Turning, name = 'n'): Promise<void> => {
  const renewTime = new Date(world.clock.now()).toISOString().replace('Z', '000Z');
  const key = { namespace: 'kube-node-lease', name };
  await world.client.patch(leases, key, { type: 'merge', body: { spec: { renewTime } } }, { signal });
};
/** Time in which only these nodes beat. */
const pass = async (world: Turning, seconds: number, ...beating: readonly string[]): Promise<void> => {
  for (let left = seconds; left > 0; left -= 10) {
    await world.settle(Math.min(left, 10) * 1_000);
    for (const name of beating) await beat(world, name);
  }
};
const ready = (world: Turning) =>
  world.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
const taints = (world: Turning) =>
  (world.client.stored(nodes)[0]?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

describe('NodeLifecycleController', () => {
  it('5.9.1 believes in a node as long as its lease is renewed', async () => {
    await using world = await start();
    await pass(world, 120, 'n', 'well');
    await pass(world, 49, 'well');
    expect(ready(world)?.status).toBe('True');
    expect(taints(world)).toEqual([]);
  });

  it('5.9.1 calls a node unknown after 50 s of silence, taints it, and 5.9.5 marks its pods not ready', async () => {
    await using world = await start();
    await pass(world, 49, 'well');
    expect(ready(world)?.status).toBe('True');
    await pass(world, 2, 'well');
    expect(ready(world)).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' });
    expect(taints(world)).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(world.client.stored(pods)[0]?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }]);
  });

  it('5.9.4 drives no pods off when all nodes fall silent at once, and takes back what it began', async () => {
    await using world = await start();
    await pass(world, 60, 'well');
    expect(taints(world)).toContain('node.kubernetes.io/unreachable:NoExecute');
    await pass(world, 70);
    const all = world.client.stored(nodes).map(({ spec }) => spec.taints?.map(({ key, effect }) => `${key}:${effect}`));
    expect(all).toEqual([['node.kubernetes.io/unreachable:NoSchedule'], ['node.kubernetes.io/unreachable:NoSchedule']]);
  });

  it('5.9.4 empties one silent node of a zone every ten seconds', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `n${i}`);
    await using world = await turnControllers(
      names.flatMap((name) => [node(name), lease(name)]),
      (deps) => [new NodeLifecycleController(deps)],
    );
    const emptied = () =>
      world.client.stored(nodes).filter(({ spec }) => spec.taints?.some(({ effect }) => effect === 'NoExecute')).length;
    await pass(world, 50, 'n3', 'n4', 'n5');
    await world.settle(1_000);
    expect(emptied()).toBe(1);
    await pass(world, 10, 'n3', 'n4', 'n5');
    expect(emptied()).toBe(2);
    await pass(world, 15, 'n3', 'n4', 'n5');
    expect(emptied()).toBe(3);
  });

  it('takes the taints off when the kubelet is back', async () => {
    await using world = await start();
    await pass(world, 60, 'well');
    const [silent] = world.client.stored(nodes);
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
    await world.client.updateStatus(nodes, { ...(silent as Node), status: { conditions } }, { signal });
    await beat(world);
    await world.settle();
    expect(taints(world)).toEqual([]);
  });
});

describe('wantedTaints', () => {
  const withConditions = (...conditions: readonly (readonly [string, string])[]): Node =>
    node('n', { status: { conditions: conditions.map(([type, status]) => ({ type, status })) } });
  it.each<[string, Node, boolean, readonly string[]]>([
    ['none for a node that is well', withConditions(['Ready', 'True'], ['DiskPressure', 'False']), false, []],
    [
      'both for a node not ready',
      withConditions(['Ready', 'False']),
      false,
      ['not-ready:NoSchedule', 'not-ready:NoExecute'],
    ],
    [
      'both for a silent node',
      withConditions(['Ready', 'True']),
      true,
      ['unreachable:NoSchedule', 'unreachable:NoExecute'],
    ],
    [
      'one for each pressure',
      withConditions(['Ready', 'True'], ['MemoryPressure', 'True'], ['DiskPressure', 'True'], ['PIDPressure', 'True']),
      false,
      ['memory-pressure:NoSchedule', 'disk-pressure:NoSchedule', 'pid-pressure:NoSchedule'],
    ],
    [
      'one for a node without network',
      withConditions(['Ready', 'True'], ['NetworkUnavailable', 'True']),
      false,
      ['network-unavailable:NoSchedule'],
    ],
    [
      'one for a cordoned node',
      { ...withConditions(['Ready', 'True']), spec: { unschedulable: true } },
      false,
      ['unschedulable:NoSchedule'],
    ],
  ])('5.9.2 %s', (_title, subject, silent, expected) => {
    const found = wantedTaints(subject, silent, '2030-01-01T00:00:00Z');
    expect(found.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`)).toEqual(expected);
  });

  it('keeps the taints of others, and the time of its own', () => {
    const own = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', timeAdded: '2029-01-01T00:00:00Z' };
    const subject = {
      ...withConditions(['Ready', 'False']),
      spec: { taints: [{ key: 'mine', effect: 'NoSchedule' }, own] },
    };
    expect(wantedTaints(subject, false, '2030-01-01T00:00:00Z')).toEqual([
      { key: 'mine', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
      own,
    ]);
  });
});
