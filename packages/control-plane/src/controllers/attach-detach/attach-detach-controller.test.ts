import type { KubernetesObject, Node, PersistentVolume, PersistentVolumeClaim, VolumeAttachment } from '@geobuk/api';
import { nodes, pods, volumeAttachments } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { AttachDetachController } from './attach-detach-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'p' };
const handle = 'kubernetes.io/csi/disks.example.com^h-data';

const managedNode = (name: string, extra: Partial<Node> = {}): Node => ({
  ...node(name, extra),
  metadata: {
    name,
    uid: `uid-${name}`,
    annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
  },
});
const volume = (accessMode: string): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv-data', uid: 'uid-pv' },
  spec: {
    accessModes: [accessMode],
    capacity: { storage: '1Gi' },
    claimRef: { namespace: 'default', name: 'data', uid: 'uid-claim' },
    csi: { driver: 'disks.example.com', volumeHandle: 'h-data' },
  },
});
const claim: PersistentVolumeClaim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace: 'default', name: 'data', uid: 'uid-claim' },
  spec: { accessModes: ['ReadWriteOnce'], volumeName: 'pv-data' },
  status: { phase: 'Bound' },
};
const user = (name: string, nodeName: string) =>
  pod(name, { nodeName, spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } });
const driver = (attachRequired: boolean): KubernetesObject =>
  ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name: 'disks.example.com', uid: 'uid-driver' },
    spec: { attachRequired },
  }) as KubernetesObject;

const start = (...objects: readonly KubernetesObject[]) =>
  turnControllers([claim, ...objects], (world) => [new AttachDetachController(world)]);
type Turning = Awaited<ReturnType<typeof start>>;
const attachments = (world: Turning) => world.client.stored(volumeAttachments);
const attachedTo = (world: Turning) => attachments(world).map(({ spec }) => spec.nodeName);
const reported = (world: Turning, name: string) =>
  world.client
    .stored(nodes)
    .find(({ metadata }) => metadata.name === name)
    ?.status?.volumesAttached?.map((each) => each.name);
/** What the driver's attacher does. */
const attach = async (world: Turning): Promise<void> => {
  for (const each of attachments(world))
    await world.client.updateStatus(volumeAttachments, { ...each, status: { attached: true } }, { signal });
  await world.settle();
};
/** What the kubelet does. */
const setStatus = async (world: Turning, name: string, status: NonNullable<Node['status']>): Promise<void> => {
  const current = await world.client.read(nodes, { name }, { signal });
  await world.client.updateStatus(nodes, { ...current, status: { ...current.status, ...status } }, { signal });
  await world.settle();
};
const removePod = async (world: Turning, name = 'p'): Promise<void> => {
  await world.client.delete(pods, { ...key, name }, { signal, gracePeriodSeconds: 0 });
  await world.settle();
};
const notReady = { conditions: [{ type: 'Ready', status: 'Unknown' }] };

describe('AttachDetachController', () => {
  it('5.11.5 asks for a VolumeAttachment, and tells the node when it is attached', async () => {
    await using world = await start(managedNode('n'), volume('ReadWriteOnce'), driver(true), user('p', 'n'));
    await world.settle();
    expect(attachments(world)).toMatchObject([
      {
        // sha256 of handle, driver and node: what every attacher and the kubelet look for
        metadata: { name: expect.stringMatching(/^csi-[0-9a-f]{64}$/) as string },
        spec: { attacher: 'disks.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv-data' } },
      },
    ]);
    expect(reported(world, 'n')).toBeUndefined();
    await attach(world);
    expect(reported(world, 'n')).toEqual([handle]);
    expect(world.events).toContain('Normal SuccessfulAttachVolume AttachVolume.Attach succeeded for volume "pv-data" ');
  });

  it('5.11.5 attaches nothing for a driver that needs no attaching, nor on a node that attaches itself', async () => {
    await using world = await start(managedNode('n'), volume('ReadWriteOnce'), driver(false), user('p', 'n'));
    await world.settle();
    expect(attachments(world)).toEqual([]);
    await using own = await start(node('n'), volume('ReadWriteOnce'), driver(true), user('p', 'n'));
    await own.settle();
    expect(attachments(own)).toEqual([]);
  });

  it('5.11.5 detaches when no pod needs it and the kubelet has unmounted it', async () => {
    await using world = await start(managedNode('n'), volume('ReadWriteOnce'), driver(true), user('p', 'n'));
    await world.settle();
    await attach(world);
    await setStatus(world, 'n', { volumesInUse: [handle] });
    await removePod(world);
    await world.settle(60 * 60_000);
    expect(attachedTo(world)).toEqual(['n']); // a healthy node takes its time
    expect(reported(world, 'n')).toEqual([handle]);
    await setStatus(world, 'n', { volumesInUse: [] });
    expect(attachments(world)).toEqual([]);
    expect(reported(world, 'n')).toEqual([]);
  });

  it('5.11.5 detaches by force from a node that has been unwell for six minutes', async () => {
    await using world = await start(managedNode('n'), volume('ReadWriteOnce'), driver(true), user('p', 'n'));
    await world.settle();
    await attach(world);
    await setStatus(world, 'n', { ...notReady, volumesInUse: [handle] });
    await removePod(world);
    await world.settle(359_000);
    expect(attachedTo(world)).toEqual(['n']);
    await world.settle(2_000);
    expect(attachments(world)).toEqual([]);
  });

  it('5.9.8 detaches at once from a node that is out of service', async () => {
    await using world = await start(managedNode('n'), volume('ReadWriteOnce'), driver(true), user('p', 'n'));
    await world.settle();
    await attach(world);
    await setStatus(world, 'n', { ...notReady, volumesInUse: [handle] });
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
    await world.client.patch(nodes, { name: 'n' }, { type: 'merge', body: { spec: { taints } } }, { signal });
    await removePod(world);
    expect(attachments(world)).toEqual([]);
  });

  it('5.11.5 gives an exclusive volume to one node at a time, and tells who waits', async () => {
    await using world = await start(
      ...['a', 'b'].map((name) => managedNode(name)),
      volume('ReadWriteOnce'),
      driver(true),
      user('p', 'a'),
      user('q', 'b'),
    );
    await world.settle();
    expect(attachments(world)).toHaveLength(1);
    const [holder = ''] = attachedTo(world);
    expect(world.events).toContain(
      `Warning FailedAttachVolume Multi-Attach error for volume "pv-data" Volume is already exclusively attached to one node and can't be attached to another`,
    );
    await removePod(world, holder === 'a' ? 'p' : 'q');
    expect(attachedTo(world)).toEqual([holder === 'a' ? 'b' : 'a']);
  });

  it('5.11.5 attaches a shared volume to every node that needs it', async () => {
    await using world = await start(
      ...['a', 'b'].map((name) => managedNode(name)),
      volume('ReadWriteMany'),
      driver(true),
      user('p', 'a'),
      user('q', 'b'),
    );
    await world.settle();
    expect(attachedTo(world).sort()).toEqual(['a', 'b']);
  });

  it('tells once what the attacher failed with', async () => {
    await using world = await start(managedNode('n'), volume('ReadWriteOnce'), driver(true), user('p', 'n'));
    await world.settle();
    const [made] = attachments(world) as [VolumeAttachment];
    const status = { attached: false, attachError: { message: 'no such disk' } };
    await world.client.updateStatus(volumeAttachments, { ...made, status }, { signal });
    await world.settle();
    await setStatus(world, 'n', { phase: 'x' });
    const failures = world.events.filter((event) => event.includes('no such disk'));
    expect(failures).toEqual([
      'Warning FailedAttachVolume AttachVolume.Attach failed for volume "pv-data" : no such disk',
    ]);
  });

  it('leaves attachments alone that others made', async () => {
    const other: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: 'by-hand', uid: 'uid-hand' },
      spec: { attacher: 'disks.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv-data' } },
    };
    await using world = await start(managedNode('n'), volume('ReadWriteMany'), driver(true), other);
    await world.settle(10 * 60_000);
    expect(attachments(world).map(({ metadata }) => metadata.name)).toEqual(['by-hand']);
  });
});
