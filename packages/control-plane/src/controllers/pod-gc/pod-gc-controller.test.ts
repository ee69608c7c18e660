import type { KubernetesObject } from '@geobuk/api';
import { nodes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { PodGcController } from './pod-gc-controller.js';

const signal = new AbortController().signal;
const start = (...objects: readonly KubernetesObject[]) =>
  turnControllers(objects, (world) => [new PodGcController({ ...world, terminatedThreshold: 2 })]);
const names = (world: Awaited<ReturnType<typeof start>>) =>
  world.client.stored(pods).map(({ metadata }) => metadata.name);

describe('PodGcController', () => {
  it('5.7.7 removes pods of a node that is gone for 40 s', async () => {
    await using world = await start(pod('p', { nodeName: 'n' }), node('n'));
    await world.client.delete(nodes, { name: 'n' }, { signal });
    await world.settle(39_000);
    expect(names(world)).toEqual(['p']);
    await world.settle(2_000);
    expect(names(world)).toEqual([]);
  });

  it('5.7.7 keeps them when the node comes back in time', async () => {
    await using world = await start(pod('p', { nodeName: 'n' }), node('n'));
    await world.client.delete(nodes, { name: 'n' }, { signal });
    await world.settle(30_000);
    world.client.seed(node('n'));
    await world.settle(60_000);
    expect(names(world)).toEqual(['p']);
  });

  it('5.7.7 removes the oldest finished pods beyond the threshold', async () => {
    const done = (name: string, created: string) => pod(name, { phase: 'Succeeded', nodeName: 'n', created });
    await using world = await start(
      node('n'),
      done('old', '2029-01-01T00:00:00Z'),
      done('newer', '2029-02-01T00:00:00Z'),
      done('newest', '2029-03-01T00:00:00Z'),
      pod('runs', { nodeName: 'n', created: '2028-01-01T00:00:00Z' }),
    );
    expect(names(world)).toEqual(['newer', 'newest', 'runs']);
  });

  it('5.9.8 removes leaving pods of a node that is out of service', async () => {
    const off = node('n', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } });
    await using world = await start(off, pod('leaves', { nodeName: 'n' }), pod('stays', { nodeName: 'n' }));
    await world.client.delete(pods, { namespace: 'default', name: 'leaves' }, { signal });
    await world.settle();
    expect(names(world)).toEqual(['leaves', 'stays']);
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
    await world.client.patch(nodes, { name: 'n' }, { type: 'merge', body: { spec: { taints } } }, { signal });
    await world.settle();
    expect(names(world)).toEqual(['stays']);
  });
});
