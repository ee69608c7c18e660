import type { Node } from '@geobuk/api';
import { leases, nodes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { NodeLifecycleController } from './node-lifecycle-controller.js';
import { wantedTaints } from './node-health.js';

const signal = new AbortController().signal;
const lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'n', namespace: 'kube-node-lease' },
};
const start = () =>
  turnControllers(
    [node('n'), { ...lease, spec: { renewTime: '2030-01-01T00:00:00.000000Z' } } as never, pod('p', { nodeName: 'n' })],
    (world) => [new NodeLifecycleController(world)],
  );
type Turning = Awaited<ReturnType<typeof start>>;
const beat = async (world: Turning): Promise<void> => {
  const renewTime = new Date(world.clock.now()).toISOString().replace('Z', '000Z');
  const key = { namespace: 'kube-node-lease', name: 'n' };
  await world.client.patch(leases, key, { type: 'merge', body: { spec: { renewTime } } }, { signal });
};
const ready = (world: Turning) =>
  world.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
const taints = (world: Turning) =>
  (world.client.stored(nodes)[0]?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

describe('NodeLifecycleController', () => {
  it('5.9.1 believes in a node as long as its lease is renewed', async () => {
    await using world = await start();
    for (let i = 0; i < 12; i += 1) {
      await world.settle(10_000);
      await beat(world);
    }
    await world.settle(49_000);
    expect(ready(world)?.status).toBe('True');
    expect(taints(world)).toEqual([]);
  });

  it('5.9.1 calls a node unknown after 50 s of silence, taints it, and 5.9.5 marks its pods not ready', async () => {
    await using world = await start();
    await world.settle(49_000);
    expect(ready(world)?.status).toBe('True');
    await world.settle(2_000);
    expect(ready(world)).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' });
    expect(taints(world)).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(world.client.stored(pods)[0]?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }]);
  });

  it('takes the taints off when the kubelet is back', async () => {
    await using world = await start();
    await world.settle(60_000);
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
