import type { Deployment, Pod } from '@geobuk/api';
import { deployments, pods, replicaSets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { ReplicaSetController } from '../replica-set/replica-set-controller.js';
import { deployment } from '../testing/objects.js';
import type { TurningControllers } from '../testing/turn-controllers.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { DeploymentController } from './deployment-controller.js';

const signal = new AbortController().signal;
const start = (...objects: readonly Deployment[]) =>
  turnControllers(objects, (world) => [new DeploymentController(world), new ReplicaSetController(world)]);

/** Plays the kubelet: every pod becomes ready, deleted ones go. Returns the lowest and highest number of pods on the way. */
async function runPods(
  world: TurningControllers,
  rounds = 30,
): Promise<{ readonly fewestReady: number; readonly most: number }> {
  let fewestReady = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let round = 0; round < rounds; round += 1) {
    const all = world.client.stored(pods);
    most = Math.max(most, all.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length);
    const change =
      all.find((candidate) => candidate.metadata.deletionTimestamp !== undefined) ??
      all.find((candidate) => !isReady(candidate));
    if (change === undefined) return { fewestReady, most };
    const key = { namespace: 'default', name: change.metadata.name ?? '' };
    if (change.metadata.deletionTimestamp !== undefined)
      await world.client.delete(pods, key, { signal, gracePeriodSeconds: 0 });
    else {
      await world.client.patch(pods, key, { type: 'merge', body: { spec: { nodeName: 'n1' } } }, { signal });
      const status = {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(world.clock.now()).toISOString() }],
      };
      await world.client.patch(pods, key, { type: 'merge', body: { status } }, { signal, subresource: 'status' });
    }
    await world.settle(10);
    fewestReady = Math.min(
      fewestReady,
      world.client
        .stored(pods)
        .filter((candidate) => isReady(candidate) && candidate.metadata.deletionTimestamp === undefined).length,
    );
  }
  throw new Error('pods did not come to rest');
}

const isReady = (candidate: Pod): boolean =>
  candidate.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const web = (world: TurningControllers): Deployment => world.client.stored(deployments)[0] as Deployment;
const edit = async (world: TurningControllers, spec: object): Promise<void> => {
  await world.client.patch(
    deployments,
    { namespace: 'default', name: 'web' },
    { type: 'merge', body: { spec } },
    { signal },
  );
  await world.settle(10);
};
const image = (name: string): object => ({ template: { spec: { containers: [{ name: 'c', image: name }] } } });

describe('DeploymentController', () => {
  it('5.2.1 creates a ReplicaSet with the hash of its template and reports completion', async () => {
    await using world = await start(deployment('web', 3));
    await runPods(world);
    const [rs] = world.client.stored(replicaSets);
    expect(rs?.metadata.name).toBe(`web-${rs?.metadata.labels?.['pod-template-hash'] ?? ''}`);
    expect(rs?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
    expect(web(world).status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(web(world).status?.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
    });
  });

  it('5.2.2 rolls over to a new template within surge and unavailability', async () => {
    await using world = await start(
      deployment('web', 4, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    );
    await runPods(world);
    await edit(world, image('i:2'));
    const { fewestReady, most } = await runPods(world);
    expect(fewestReady).toBeGreaterThanOrEqual(3);
    expect(most).toBeLessThanOrEqual(5);
    expect(world.client.stored(pods).map(({ spec }) => spec.containers[0]?.image)).toEqual([
      'i:2',
      'i:2',
      'i:2',
      'i:2',
    ]);
    expect(web(world).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  });

  it('5.2.6 goes back to an old ReplicaSet under a new revision', async () => {
    await using world = await start(deployment('web', 2));
    await runPods(world);
    await edit(world, image('i:2'));
    await runPods(world);
    await edit(world, image('i:1'));
    await runPods(world);
    const all = world.client.stored(replicaSets);
    expect(all).toHaveLength(2);
    expect(
      all.map((rs) => [rs.spec.replicas, rs.metadata.annotations?.['deployment.kubernetes.io/revision']]).sort(),
    ).toEqual([
      [0, '2'],
      [2, '3'],
    ]);
  });

  it('5.2.3 Recreate has no old pod beside a new one', async () => {
    await using world = await start(deployment('web', 3, { strategy: { type: 'Recreate' } }));
    await runPods(world);
    await edit(world, image('i:2'));
    expect(new Set(world.client.stored(pods).map(({ spec }) => spec.containers[0]?.image))).toEqual(new Set(['i:1']));
    await runPods(world);
    expect(world.client.stored(pods).map(({ spec }) => spec.containers[0]?.image)).toEqual(['i:2', 'i:2', 'i:2']);
  });

  it('5.2.8 does not roll out while paused, but scales', async () => {
    await using world = await start(deployment('web', 2));
    await runPods(world);
    await edit(world, { paused: true, ...image('i:2') });
    await edit(world, { replicas: 4 });
    await runPods(world);
    expect(new Set(world.client.stored(pods).map(({ spec }) => spec.containers[0]?.image))).toEqual(new Set(['i:1']));
    expect(world.client.stored(pods)).toHaveLength(4);
  });

  it('5.2.9 says when a rollout got stuck', async () => {
    await using world = await start(deployment('web', 1, { progressDeadlineSeconds: 60 }));
    await world.settle(70_000);
    expect(web(world).status?.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    });
  });

  it('5.2.7 keeps as many old ReplicaSets as the history limit says', async () => {
    await using world = await start(deployment('web', 1, { revisionHistoryLimit: 1 }));
    for (const tag of ['i:2', 'i:3', 'i:4']) {
      await runPods(world);
      await edit(world, image(tag));
    }
    await runPods(world);
    await world.settle(10);
    expect(world.client.stored(replicaSets)).toHaveLength(2);
  });
});
