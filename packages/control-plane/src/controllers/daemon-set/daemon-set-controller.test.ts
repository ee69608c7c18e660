import type { DaemonSet, Pod } from '@geobuk/api';
import { controllerRevisions, daemonSets, nodes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node } from '../testing/objects.js';
import type { TurningControllers } from '../testing/turn-controllers.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { DaemonSetController } from './daemon-set-controller.js';
import { nodeOfDaemon } from './daemon-set-diff.js';

const signal = new AbortController().signal;
const agent = (spec: Partial<DaemonSet['spec']> = {}): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'default', uid: 'uid-agent', generation: 1 },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    ...spec,
  },
});
const start = (...objects: Parameters<typeof turnControllers>[0]) =>
  turnControllers(objects, (world) => [new DaemonSetController(world)]);
const daemons = (world: TurningControllers): readonly Pod[] =>
  world.client.stored(pods).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const places = (world: TurningControllers): readonly (string | undefined)[] => daemons(world).map(nodeOfDaemon).sort();

async function runAll(world: TurningControllers): Promise<number> {
  let most = 0;
  for (let round = 0; round < 40; round += 1) {
    const all = world.client.stored(pods);
    most = Math.max(
      most,
      3 -
        all.filter(
          (item) => item.status?.conditions?.[0]?.status === 'True' && item.metadata.deletionTimestamp === undefined,
        ).length,
    );
    const change = all.find(
      ({ metadata, status }) => metadata.deletionTimestamp !== undefined || status?.conditions === undefined,
    );
    if (change === undefined) return most;
    const key = { namespace: 'default', name: change.metadata.name ?? '' };
    if (change.metadata.deletionTimestamp !== undefined)
      await world.client.delete(pods, key, { signal, gracePeriodSeconds: 0 });
    else {
      await world.client.patch(
        pods,
        key,
        { type: 'merge', body: { spec: { nodeName: nodeOfDaemon(change) } } },
        { signal },
      );
      await world.client.patch(
        pods,
        key,
        {
          type: 'merge',
          body: {
            status: {
              phase: 'Running',
              conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2030-01-01T00:00:00Z' }],
            },
          },
        },
        { signal, subresource: 'status' },
      );
    }
    await world.settle(10);
  }
  throw new Error('daemons did not come to rest');
}

describe('DaemonSetController', () => {
  it('5.4.1 runs one on each node, also on those that come later', async () => {
    await using world = await start(agent(), node('a'), node('b'));
    world.client.seed(node('c'));
    await world.settle();
    expect(places(world)).toEqual(['a', 'b', 'c']);
    expect(world.client.stored(daemonSets)[0]?.status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 0,
    });
  });

  it('5.4.2 puts up with nodes that are not ready or cordoned, but not with other taints', async () => {
    const tainted = { ...node('c'), spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } };
    const notReady = {
      ...node('b'),
      spec: { unschedulable: true, taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] },
    };
    await using world = await start(agent(), node('a'), notReady, tainted);
    expect(places(world)).toEqual(['a', 'b']);
  });

  it('5.4.2 leaves a node that no longer matches', async () => {
    const labelled = { ...node('a'), metadata: { ...node('a').metadata, labels: { role: 'edge' } } };
    const template = {
      metadata: { labels: { app: 'agent' } },
      spec: { nodeSelector: { role: 'edge' }, containers: [{ name: 'c', image: 'i' }] },
    };
    await using world = await start(agent({ template }), labelled, node('b'));
    expect(places(world)).toEqual(['a']);
    await world.client.patch(
      nodes,
      { name: 'a' },
      { type: 'merge', body: { metadata: { labels: { role: null } } } },
      { signal },
    );
    await world.settle();
    expect(places(world)).toEqual([]);
  });

  it('5.4.4 rolls out node by node and keeps a revision of each template', async () => {
    await using world = await start(agent(), node('a'), node('b'), node('c'));
    await runAll(world);
    await world.client.patch(
      daemonSets,
      { namespace: 'default', name: 'agent' },
      { type: 'merge', body: { spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }] } } } } },
      { signal },
    );
    await world.settle(10);
    expect(await runAll(world)).toBe(1);
    expect(daemons(world).map(({ spec }) => spec.containers[0]?.image)).toEqual(['i:2', 'i:2', 'i:2']);
    expect(
      world.client
        .stored(controllerRevisions)
        .map(({ revision }) => revision)
        .sort(),
    ).toEqual([1, 2]);
    expect(world.client.stored(daemonSets)[0]?.status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
  });

  it('5.4.4 OnDelete leaves old daemons until they are deleted', async () => {
    await using world = await start(agent({ updateStrategy: { type: 'OnDelete' } }), node('a'));
    await runAll(world);
    await world.client.patch(
      daemonSets,
      { namespace: 'default', name: 'agent' },
      { type: 'merge', body: { spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }] } } } } },
      { signal },
    );
    await world.settle(10);
    expect(daemons(world)[0]?.spec.containers[0]?.image).toBe('i:1');
  });

  it('5.4.3 replaces a failed daemon', async () => {
    await using world = await start(agent(), node('a'));
    const [first] = daemons(world);
    await world.client.patch(
      pods,
      { namespace: 'default', name: first?.metadata.name ?? '' },
      { type: 'merge', body: { status: { phase: 'Failed' } } },
      { signal, subresource: 'status' },
    );
    await world.settle(5_000);
    expect(daemons(world)).toHaveLength(1);
    expect(daemons(world)[0]?.metadata.name).not.toBe(first?.metadata.name);
  });

  it('5.4.5 counts its pods by what they are', async () => {
    await using world = await start(agent({ updateStrategy: { type: 'OnDelete' } }), node('a'), node('b'), node('c'));
    await runAll(world);
    await world.client.patch(
      daemonSets,
      { namespace: 'default', name: 'agent' },
      { type: 'merge', body: { spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }] } } } } },
      { signal },
    );
    const ill = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };
    const onC = daemons(world).find((each) => nodeOfDaemon(each) === 'c');
    const key = { namespace: 'default', name: onC?.metadata.name ?? '' };
    await world.client.patch(pods, key, { type: 'merge', body: ill }, { signal, subresource: 'status' });
    await world.settle(10);
    expect(world.client.stored(daemonSets)[0]?.status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      numberReady: 2,
      numberAvailable: 2,
      numberUnavailable: 1,
    });
    expect(world.client.stored(daemonSets)[0]?.status?.updatedNumberScheduled).toBeUndefined(); // none: zero is left out
  });
});
