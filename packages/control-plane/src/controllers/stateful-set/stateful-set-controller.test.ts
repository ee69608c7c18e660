import type { StatefulSet } from '@geobuk/api';
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { turnKubelet } from '../testing/fake-kubelet.js';
import { statefulSet } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { StatefulSetController } from './stateful-set-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'web' };
const start = (set: StatefulSet) => turnControllers([set], (world) => [new StatefulSetController(world)]);
type Turning = Awaited<ReturnType<typeof start>>;
const rounds = async (world: Turning, count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) {
    await turnKubelet(world);
    await world.settle(1_000);
  }
};
const patch = async (world: Turning, spec: object): Promise<void> => {
  await world.client.patch(statefulSets, key, { type: 'merge', body: { spec } }, { signal });
  await world.settle();
};
const image = (name: string) => ({ template: { spec: { containers: [{ name: 'c', image: name }] } } });
const images = (world: Turning) =>
  world.client.stored(pods).map(({ metadata, spec }) => `${metadata.name ?? ''} ${spec.containers[0]?.image ?? ''}`);
const claimTemplates = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];

describe('StatefulSetController', () => {
  it('5.3.2 makes pod after pod, each with its claim', async () => {
    await using world = await start(statefulSet('web', 3, { volumeClaimTemplates: claimTemplates }));
    expect(images(world)).toEqual(['web-0 i:1']);
    await rounds(world, 3);
    expect(images(world)).toEqual(['web-0 i:1', 'web-1 i:1', 'web-2 i:1']);
    expect(world.client.stored(persistentVolumeClaims).map(({ metadata }) => metadata.name)).toEqual([
      'data-web-0',
      'data-web-1',
      'data-web-2',
    ]);
    expect(world.client.stored(statefulSets)[0]?.status).toMatchObject({ replicas: 3, availableReplicas: 3 });
    expect(world.events).toContain('Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful');
  });

  it('5.3.4 rolls a new template out from the top, and 5.3.5 back by the old revision', async () => {
    await using world = await start(statefulSet('web', 2));
    await rounds(world, 3);
    const before = world.client.stored(statefulSets)[0]?.status?.currentRevision;
    await patch(world, image('i:2'));
    expect(images(world)).toEqual(['web-0 i:1', 'web-1 i:2']);
    await rounds(world, 4);
    expect(images(world)).toEqual(['web-0 i:2', 'web-1 i:2']);
    expect(world.client.stored(statefulSets)[0]?.status?.currentRevision).not.toBe(before);
    await patch(world, image('i:1'));
    await rounds(world, 6);
    expect(images(world)).toEqual(['web-0 i:1', 'web-1 i:1']);
    expect(world.client.stored(statefulSets)[0]?.status?.currentRevision).toBe(before);
    expect(world.client.stored(controllerRevisions)).toHaveLength(2);
  });

  it('5.3.4 brings a pod below the partition back as it was', async () => {
    await using world = await start(statefulSet('web', 2));
    await rounds(world, 3);
    await patch(world, { ...image('i:2'), updateStrategy: { rollingUpdate: { partition: 1 } } });
    await rounds(world, 4);
    await world.client.delete(pods, { namespace: 'default', name: 'web-0' }, { signal, gracePeriodSeconds: 0 });
    await world.settle();
    expect(images(world)).toEqual(['web-0 i:1', 'web-1 i:2']);
  });

  it('5.3.6 hands the claim of a pod that is scaled away over to the pod', async () => {
    const policy = { whenDeleted: 'Retain', whenScaled: 'Delete' };
    const spec = { volumeClaimTemplates: claimTemplates, persistentVolumeClaimRetentionPolicy: policy };
    await using world = await start(statefulSet('web', 2, spec));
    await rounds(world, 3);
    await patch(world, { replicas: 1 });
    const owners = world.client.stored(persistentVolumeClaims).map(({ metadata }) => metadata.ownerReferences ?? []);
    expect(owners).toMatchObject([[], [{ kind: 'Pod', name: 'web-1' }]]);
  });

  it('puts the labels back that somebody took off', async () => {
    await using world = await start(statefulSet('web', 1));
    const labels = { 'statefulset.kubernetes.io/pod-name': null };
    const first = { namespace: 'default', name: 'web-0' };
    await world.client.patch(pods, first, { type: 'merge', body: { metadata: { labels } } }, { signal });
    await world.settle();
    expect(world.client.stored(pods)[0]?.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-0',
    });
  });
});
