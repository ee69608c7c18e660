import type { Deployment, ReplicaSet } from '@geobuk/api';
import { deployments, pods, replicaSets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { GarbageCollector } from '../garbage-collector/garbage-collector.js';
import { ReplicaSetController } from '../replica-set/replica-set-controller.js';
import { turnKubelet } from '../testing/fake-kubelet.js';
import { deployment } from '../testing/objects.js';
import type { TurningControllers } from '../testing/turn-controllers.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { DeploymentController } from './deployment-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'web' };
const start = (subject: Deployment) =>
  turnControllers(
    [subject],
    (world) => [new DeploymentController(world), new ReplicaSetController(world)],
    (world) => [new GarbageCollector({ ...world, discover: () => [deployments, replicaSets, pods] as never })],
  );
const web = (world: TurningControllers): Deployment => world.client.stored(deployments)[0] as Deployment;
const condition = (world: TurningControllers, type: string) =>
  web(world).status?.conditions?.find((each) => each.type === type);
const edit = async (world: TurningControllers, spec: object): Promise<void> => {
  await world.client.patch(deployments, key, { type: 'merge', body: { spec } }, { signal });
  await world.settle(10);
};
const image = (name: string): object => ({ template: { spec: { containers: [{ name: 'c', image: name }] } } });
const run = async (world: TurningControllers): Promise<void> => {
  for (let round = 0; round < 20; round += 1) {
    await turnKubelet(world);
    await world.settle(10);
  }
};
const sizes = (world: TurningControllers): readonly (number | undefined)[] =>
  [...world.client.stored(replicaSets)].sort((a, b) => revision(a) - revision(b)).map(({ spec }) => spec.replicas);
const revision = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '0');

describe('a Deployment', () => {
  it('5.2.9 tells how far it is', async () => {
    await using world = await start(deployment('web', 2));
    await world.settle(10);
    expect(condition(world, 'Available')).toMatchObject({
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      message: 'Deployment does not have minimum availability.',
    });
    await run(world);
    const [rs] = world.client.stored(replicaSets);
    expect(condition(world, 'Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    });
    expect(condition(world, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${rs?.metadata.name ?? ''}" has successfully progressed.`,
    });
  });

  it('5.0.4 keeps the time of a condition that stays as it is, and says which generation it saw', async () => {
    await using world = await start(deployment('web', 4));
    await run(world);
    const since = condition(world, 'Available')?.lastTransitionTime;
    await world.settle(60_000);
    await edit(world, { replicas: 5 });
    await run(world);
    expect(condition(world, 'Available')?.lastTransitionTime).toBe(since);
    expect(web(world).status?.observedGeneration).toBe(web(world).metadata.generation);
  });

  it('5.2.8 says that it is paused, and that it goes on', async () => {
    await using world = await start(deployment('web', 1));
    await run(world);
    await edit(world, { paused: true });
    expect(condition(world, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
    await edit(world, { paused: false });
    await run(world);
    expect(['DeploymentResumed', 'NewReplicaSetAvailable']).toContain(condition(world, 'Progressing')?.reason);
  });

  it('5.2.5 starts a third set at once when the template changes in mid-rollout', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
    await using world = await start(deployment('web', 4, { strategy }));
    await run(world);
    await edit(world, image('i:2'));
    expect(sizes(world)).toEqual([3, 2]);
    await edit(world, image('i:3'));
    const [first = 0, second = 0, third = 0] = sizes(world);
    expect(third).toBeGreaterThan(0);
    expect(first + second + third).toBeLessThanOrEqual(5);
    await run(world);
    expect(sizes(world)).toEqual([0, 0, 4]);
  });

  it('5.2.4 shares what it grows by between the sets of a rollout', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    await using world = await start(deployment('web', 10, { strategy }));
    await run(world);
    await edit(world, image('i:2')); // never gets ready
    expect(sizes(world)).toEqual([8, 5]);
    await edit(world, { replicas: 15 });
    expect(sizes(world)).toEqual([11, 7]);
  });

  it('5.2.10 counts its pods by what they are', async () => {
    await using world = await start(deployment('web', 4));
    await run(world);
    await edit(world, image('i:2'));
    expect(web(world).status).toMatchObject({
      replicas: 5,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 2,
    });
  });

  it('5.2.12 tells what it scales', async () => {
    await using world = await start(deployment('web', 3));
    await run(world);
    const [rs] = world.client.stored(replicaSets);
    const name = rs?.metadata.name ?? '';
    expect(world.events).toContain(`Normal ScalingReplicaSet Scaled up replica set ${name} from 0 to 3`);
    await edit(world, { replicas: 1 });
    expect(world.events).toContain(`Normal ScalingReplicaSet Scaled down replica set ${name} from 3 to 1`);
  });

  it('5.2.11 leaves its sets to the collector, or alone when they are orphaned', async () => {
    await using world = await start(deployment('web', 1));
    await run(world);
    await world.client.delete(deployments, key, { signal, propagationPolicy: 'Background' });
    await run(world);
    expect([...world.client.stored(replicaSets), ...world.client.stored(pods)]).toEqual([]);
    await using other = await start(deployment('web', 1));
    await run(other);
    await other.client.delete(deployments, key, { signal, propagationPolicy: 'Orphan' });
    await run(other);
    expect(other.client.stored(replicaSets)[0]?.metadata.ownerReferences ?? []).toEqual([]);
    expect(other.client.stored(pods)).toHaveLength(1);
    expect(other.client.stored(deployments)).toEqual([]);
  });

  it('5.2.1 takes another name when its own is taken by a set of another template', async () => {
    await using world = await start(deployment('web', 1));
    await world.settle(10);
    const [own] = world.client.stored(replicaSets);
    const { ownerReferences: _none, ...metadata } = own?.metadata ?? {};
    const foreign = { ...own, metadata: { ...metadata, uid: 'uid-foreign' }, spec: { ...own?.spec, template: {} } };
    await using third = await turnControllers([foreign as ReplicaSet, deployment('web', 1)], (deps) => [
      new DeploymentController(deps),
    ]);
    await third.settle(60_000);
    expect(web(third).status?.collisionCount).toBe(1);
    expect(third.client.stored(replicaSets).map((rs) => rs.metadata.name)).toHaveLength(2);
  });
});

describe('pods of a ReplicaSet', () => {
  it('5.0.3 bear its name and reference, and it tells that it made them', async () => {
    await using world = await start(deployment('web', 1));
    await world.settle(10);
    const [rs] = world.client.stored(replicaSets);
    const [made] = world.client.stored(pods);
    expect(made?.metadata).toMatchObject({
      generateName: `${rs?.metadata.name ?? ''}-`,
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          uid: rs?.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    expect(world.events).toContain(`Normal SuccessfulCreate Created pod: ${made?.metadata.name ?? ''}`);
  });
});
