import { ApiError, pods, replicaSets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { pod, replicaSet } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { ReplicaSetController } from './replica-set-controller.js';

const start = (...objects: Parameters<typeof turnControllers>[0]) =>
  turnControllers(objects, (world) => [new ReplicaSetController(world)]);
const signal = new AbortController().signal;
const owner = { kind: 'ReplicaSet', name: 'web', uid: 'uid-web' };
const labels = { app: 'web' };

describe('ReplicaSetController', () => {
  it('5.1.1 creates the pods that are wanted, and no more', async () => {
    await using world = await start(replicaSet('web', 7));
    const created = world.client.stored(pods);
    expect(created).toHaveLength(7);
    expect(created[0]?.metadata).toMatchObject({
      labels,
      ownerReferences: [{ kind: 'ReplicaSet', uid: 'uid-web', controller: true }],
    });
    expect(world.client.stored(replicaSets)[0]?.status?.replicas).toBe(7);
  });

  it('5.1.1 replaces a pod that is deleted', async () => {
    await using world = await start(replicaSet('web', 2));
    const [first] = world.client.stored(pods);
    await world.client.delete(
      pods,
      { namespace: 'default', name: first?.metadata.name ?? '' },
      { signal: new AbortController().signal, gracePeriodSeconds: 0 },
    );
    await world.settle();
    expect(world.client.stored(pods)).toHaveLength(2);
  });

  it('5.1.2 scales down, worst pods first', async () => {
    await using world = await start(
      replicaSet('web', 1),
      pod('good', { labels, owner, nodeName: 'n1' }),
      pod('bad', { labels, owner, nodeName: 'n1', ready: false }),
    );
    const names = world.client
      .stored(pods)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name);
    expect(names).toEqual(['good']);
  });

  it('5.0.2 adopts matching orphans instead of creating', async () => {
    await using world = await start(replicaSet('web', 1), pod('orphan', { labels }));
    const [only, ...rest] = world.client.stored(pods);
    expect(rest).toEqual([]);
    expect(only?.metadata.ownerReferences).toMatchObject([owner]);
  });

  it('lets a pod go whose labels no longer match, and replaces it', async () => {
    await using world = await start(replicaSet('web', 1), pod('renamed', { labels: { app: 'other' }, owner }));
    const all = world.client.stored(pods);
    expect(all).toHaveLength(2);
    expect(all.find(({ metadata }) => metadata.name === 'renamed')?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('5.0.5 stops after one refused creation and tells of it, then goes on', async () => {
    await using world = await turnControllers([], (made) => [new ReplicaSetController(made)]);
    let refusals = 0;
    world.client.intercept = ({ verb, type }) => {
      if (verb !== 'create' || type.plural !== 'pods') return;
      refusals += 1;
      throw ApiError.forbidden({ group: '', plural: 'pods', kind: 'Pod' }, '', 'exceeded quota: q');
    };
    world.client.seed(replicaSet('web', 10));
    await world.settle(1);
    expect(refusals).toBeLessThan(4); // not ten: one a pass, and the status that tells of it brings one more pass
    expect(world.client.stored(replicaSets)[0]?.status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', reason: 'FailedCreate' },
    ]);
    world.client.intercept = undefined;
    await world.settle(2_000);
    expect(world.client.stored(pods)).toHaveLength(10);
  });

  it('lets a large set rest between passes, and still counts to the end', async () => {
    await using world = await turnControllers([replicaSet('web', 150)], (made) => [new ReplicaSetController(made)]);
    await world.settle(1_000);
    let writes = 0;
    world.client.intercept = ({ verb, type }) =>
      void (writes += Number(verb === 'update' && type.plural === 'replicasets'));
    for (const each of world.client.stored(pods)) {
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2030-01-01T00:00:00Z' }];
      await world.client.updateStatus(pods, { ...each, status: { phase: 'Running', conditions } }, { signal });
      await world.settle(1);
    }
    await world.settle(100);
    expect(world.client.stored(replicaSets)[0]?.status?.readyReplicas).toBe(150);
    expect(writes).toBeLessThan(10); // 150 ms at one pass in 50 ms, not one for each pod
  });
});
