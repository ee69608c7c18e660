import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type {
  CSIDriver,
  Event,
  KubernetesObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  VolumeAttachment,
} from '@geobuk/api';
import { csiNodes, events, nodes, persistentVolumeClaims, persistentVolumes, pods } from '@geobuk/api';
import { FakeClient } from '@geobuk/client/testing';
import { describe, expect, it } from 'vitest';
import { FakeRuntime } from '../runtime/testing/fake-runtime.js';
import { agentUnderTest, podOf, signal, waitFor } from '../testing/agent-under-test.js';
import type { AgentUnderTest } from '../testing/agent-under-test.js';
import { attachmentName, handleDigest } from './csi-volume.js';
import type { CsiVolume } from './csi-volume.js';
import { CsiDriverUnderTest } from './testing/csi-driver-under-test.js';
import type { CsiDriverOptions } from './testing/csi-driver-under-test.js';

const driverName = 'disk.example.com';
const driverObject = (spec: CSIDriver['spec'] = { attachRequired: false }): CSIDriver => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: driverName },
  spec,
});
const volumeObject = (changes: Partial<PersistentVolume['spec']> = {}, csi: object = {}): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv1' },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    csi: { driver: driverName, volumeHandle: 'vol-1', fsType: 'ext4', volumeAttributes: { kind: 'fast' }, ...csi },
    ...changes,
  },
});
const claimObject = (status: Partial<PersistentVolumeClaim['status']> = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'claim', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], volumeName: 'pv1' },
  status: { phase: 'Bound', capacity: { storage: '1Gi' }, ...status },
});
const claimingPod = (name = 'web', spec: Parameters<typeof podOf>[0] = {}) =>
  podOf({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'claim' } }], ...spec }, name);

interface World extends AsyncDisposable {
  readonly node: AgentUnderTest;
  readonly driver: CsiDriverUnderTest;
  readonly client: FakeClient;
  readonly directory: string;
}

async function world(
  objects: readonly KubernetesObject[],
  driverOptions: Partial<CsiDriverOptions> = {},
): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'csi-'));
  const client = new FakeClient({ objects });
  const runtime = new FakeRuntime();
  runtime.addImage('web:1');
  const driver = await CsiDriverUnderTest.start({ root: directory, ...driverOptions });
  const node = await openNode(client, runtime, directory);
  return {
    node,
    driver,
    client,
    directory,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await driver[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Pods apart from what drivers have. */
async function openNode(client: FakeClient, runtime: FakeRuntime, directory: string): Promise<AgentUnderTest> {
  const podsRoot = join(directory, 'pods');
  await mkdir(podsRoot, { recursive: true });
  return agentUnderTest({ client, runtime, directory, config: { podsRoot } });
}

const messages = (client: FakeClient, reason: string): readonly string[] =>
  client
    .stored<Event>(events, 'default')
    .filter((event) => event.reason === reason)
    .map(({ message }) => message ?? '');
const running = ({ node }: World, name = 'web'): Promise<void> =>
  waitFor(() => expect(node.pod(name).status?.phase).toBe('Running'));
const remove = async ({ client, node }: World, name = 'web'): Promise<void> => {
  await client.delete(pods, { namespace: 'default', name }, { signal });
  await waitFor(() => expect(node.pod(name)).toBeUndefined());
};

describe('7.7.8 a CSI driver', () => {
  it('registers by its socket: the node tells its id, limits and topology, and the driver is told that it was taken', async () => {
    await using it = await world([], { topology: { 'topology.disk.example.com/rack': 'r1' }, maxVolumes: 7 });
    await waitFor(() => expect(it.driver.registration).toEqual({ pluginRegistered: true, error: '' }));
    expect(it.client.stored(csiNodes)[0]).toMatchObject({
      metadata: { name: 'n1', ownerReferences: [{ kind: 'Node', name: 'n1' }] },
      spec: {
        drivers: [
          {
            name: driverName,
            nodeID: 'node-of-driver',
            topologyKeys: ['topology.disk.example.com/rack'],
            allocatable: { count: 7 },
          },
        ],
      },
    });
    expect(it.client.stored(nodes)[0]?.metadata).toMatchObject({
      labels: { 'topology.disk.example.com/rack': 'r1' },
      annotations: { 'csi.volume.kubernetes.io/nodeid': `{"${driverName}":"node-of-driver"}` },
    });
  });

  it('that goes is taken out again, and one that comes back is put in again', async () => {
    await using it = await world([]);
    await waitFor(() => expect(it.client.stored(csiNodes)[0]?.spec.drivers).toHaveLength(1));
    await it.driver[Symbol.asyncDispose]();
    await waitFor(() => expect(it.client.stored(csiNodes)[0]?.spec.drivers).toEqual([]));
    await waitFor(() =>
      expect(it.client.stored(nodes)[0]?.metadata.annotations).not.toHaveProperty('csi.volume.kubernetes.io/nodeid'),
    );
    await using back = await CsiDriverUnderTest.start({ root: it.directory, nodeId: 'renamed' });
    await waitFor(() => expect(it.client.stored(csiNodes)[0]?.spec.drivers[0]?.nodeID).toBe('renamed'));
    await waitFor(() => expect(back.registration?.pluginRegistered).toBe(true));
  });

  it.each([
    ['of another kind', { type: 'DevicePlugin' }, 'no handler registered for plugin type: DevicePlugin'],
    ['of a version to come', { versions: ['2.0.0'] }, 'none of its versions [2.0.0] is supported'],
    ['that gives the node no name', { nodeId: '' }, 'gives this node no id'],
  ])('%s is told that it was not taken, and why', async (_title, options, why) => {
    await using it = await world([], options);
    await waitFor(() => expect(it.driver.registration?.pluginRegistered).toBe(false));
    expect(it.driver.registration?.error).toContain(why);
    expect(it.client.stored(csiNodes).flatMap(({ spec }) => spec.drivers)).toEqual([]);
  });
});

describe('7.7.8 a claimed volume of a CSI driver', () => {
  it('is staged once, published for each pod, and taken away when the last is gone', async () => {
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: 'storage' },
      data: { password: Buffer.from('s3cret').toString('base64') },
    };
    const volume = volumeObject(
      { mountOptions: ['noatime'] },
      { nodeStageSecretRef: { name: 'key', namespace: 'storage' } },
    );
    await using it = await world([driverObject(), volume, claimObject(), secret], {
      capabilities: ['STAGE_UNSTAGE_VOLUME'],
    });
    await it.client.create(pods, claimingPod('one'), { signal });
    await running(it, 'one');
    await it.client.create(pods, claimingPod('two'), { signal });
    await running(it, 'two');
    const staging = join(it.directory, 'plugins/kubernetes.io/csi', driverName);
    expect(it.driver.story).toEqual(['NodeStageVolume', 'NodePublishVolume', 'NodePublishVolume']);
    expect(it.driver.last('NodeStageVolume')).toMatchObject({
      volumeId: 'vol-1',
      secrets: { password: 's3cret' },
      volumeContext: { kind: 'fast' },
      volumeCapability: {
        mount: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '' },
        accessMode: { mode: 'SINGLE_NODE_WRITER' },
      },
    });
    const uid = it.node.pod('two').metadata.uid ?? '';
    const target = join(it.directory, 'pods', uid, 'volumes/kubernetes.io~csi/pv1/mount');
    expect(it.driver.last('NodePublishVolume')).toMatchObject({
      volumeId: 'vol-1',
      targetPath: target,
      readonly: false,
    });
    expect(String(it.driver.last('NodePublishVolume')?.['stagingTargetPath']).startsWith(staging)).toBe(true);

    await remove(it, 'one');
    expect(it.driver.story.slice(3)).toEqual(['NodeUnpublishVolume']);
    await remove(it, 'two');
    await waitFor(() => expect(it.driver.story.slice(4)).toEqual(['NodeUnpublishVolume', 'NodeUnstageVolume']));
    await waitFor(async () => expect(await readdir(staging)).toEqual([]));
  });

  it('waits until it is attached, is kept attached as long as it is used, and gets what the attachment brought', async () => {
    await using it = await world([driverObject({ attachRequired: true }), volumeObject(), claimObject()]);
    await waitFor(() => expect(it.driver.registration?.pluginRegistered).toBe(true));
    await it.client.create(pods, claimingPod(), { signal });
    await waitFor(() =>
      expect(it.client.stored(nodes)[0]?.status?.volumesInUse).toEqual([`kubernetes.io/csi/${driverName}^vol-1`]),
    );
    expect(it.driver.story).toEqual([]);
    expect(it.node.pod().status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
    const attachment: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: attachmentName({ driver: driverName, handle: 'vol-1' } as CsiVolume, 'n1') },
      spec: { attacher: driverName, nodeName: 'n1', source: { persistentVolumeName: 'pv1' } },
      status: { attached: true, attachmentMetadata: { devicePath: '/dev/xvdf' } },
    };
    it.client.seed(attachment);
    await running(it);
    expect(it.driver.last('NodePublishVolume')).toMatchObject({ publishContext: { devicePath: '/dev/xvdf' } });
    expect(messages(it.client, 'FailedMount')).toEqual([]);
    await remove(it);
    await waitFor(() => expect(it.client.stored(nodes)[0]?.status?.volumesInUse).toEqual([]));
  });

  it('that cannot be attached says why', async () => {
    const attachment: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: attachmentName({ driver: driverName, handle: 'vol-1' } as CsiVolume, 'n1') },
      spec: { attacher: driverName, nodeName: 'n1', source: { persistentVolumeName: 'pv1' } },
      status: { attached: false, attachError: { message: 'the disk is in another zone' } },
    };
    await using it = await world([driverObject({ attachRequired: true }), volumeObject(), claimObject(), attachment]);
    await it.client.create(pods, claimingPod(), { signal });
    await waitFor(() =>
      expect(messages(it.client, 'FailedMount')).toContain(
        'MountVolume.WaitForAttach failed for volume "pv1" : the disk is in another zone',
      ),
    );
  });

  it('waits for its driver, and says so', async () => {
    await using it = await world([driverObject(), volumeObject(), claimObject()]);
    await waitFor(() => expect(it.driver.registration?.pluginRegistered).toBe(true));
    await it.driver[Symbol.asyncDispose]();
    await waitFor(() => expect(it.client.stored(csiNodes)[0]?.spec.drivers).toEqual([]));
    await it.client.create(pods, claimingPod(), { signal });
    await waitFor(() =>
      expect(messages(it.client, 'FailedMount')).toContain(
        `MountVolume.SetUp failed for volume "pv1" : kubernetes.io/csi: driver name ${driverName} not found in the list of registered CSI drivers`,
      ),
    );
    await using _back = await CsiDriverUnderTest.start({ root: it.directory });
    await running(it);
  });

  it('whose driver refuses says what the driver said, and comes when the driver is well again', async () => {
    await using it = await world([driverObject(), volumeObject(), claimObject()], {
      capabilities: ['STAGE_UNSTAGE_VOLUME'],
    });
    it.driver.failing.set('NodeStageVolume', { code: status.INTERNAL, message: 'mkfs: no such device' });
    await it.client.create(pods, claimingPod(), { signal });
    const said =
      'MountVolume.MountDevice failed for volume "pv1" : rpc error: code = Internal desc = mkfs: no such device';
    await waitFor(() => expect(messages(it.client, 'FailedMount')).toContain(said));
    it.driver.failing.clear();
    await running(it);
    // The pod stays until the driver has let go of the volume.
    it.driver.failing.set('NodeUnpublishVolume', { code: status.INTERNAL, message: 'busy' });
    await it.client.delete(pods, { namespace: 'default', name: 'web' }, { signal });
    await waitFor(() =>
      expect(it.driver.story.filter((method) => method === 'NodeUnpublishVolume').length).toBeGreaterThan(1),
    );
    expect(it.node.pod()).toBeDefined();
    it.driver.failing.clear();
    await waitFor(() => expect(it.node.pod()).toBeUndefined());
  });

  it.each([
    ['the kubelet, for a file system', { attachRequired: false }, [], { fsType: 'ext4' }, ''],
    ['nobody, where the driver wants none', { attachRequired: false, fsGroupPolicy: 'None' }, [], {}, ''],
    ['the driver, where it can', { attachRequired: false }, ['VOLUME_MOUNT_GROUP'] as const, {}, '2000'],
  ])('is given to the pod’s group by %s', async (who, spec, capabilities, csi, mountGroup) => {
    await using it = await world([driverObject(spec), volumeObject({}, csi), claimObject()], { capabilities });
    await it.client.create(pods, claimingPod('web', { securityContext: { fsGroup: 2000 } }), { signal });
    await running(it);
    expect(it.driver.last('NodePublishVolume')).toMatchObject({
      volumeCapability: { mount: { volumeMountGroup: mountGroup } },
    });
    const target = String(it.driver.last('NodePublishVolume')?.['targetPath']);
    if (process.getuid?.() === 0) expect((await stat(target)).gid).toBe(who.startsWith('the kubelet') ? 2000 : 0);
  });

  it('grows while it is used: the driver is asked, and the claim says so', async () => {
    await using it = await world([driverObject(), volumeObject(), claimObject()], { capabilities: ['EXPAND_VOLUME'] });
    await it.client.create(pods, claimingPod(), { signal });
    await running(it);
    it.driver.failing.set('NodeExpandVolume', { code: status.FAILED_PRECONDITION, message: 'not yet' });
    await it.client.patch(
      persistentVolumes,
      { name: 'pv1' },
      { type: 'merge', body: { spec: { capacity: { storage: '2Gi' } } } },
      { signal },
    );
    const pending = {
      conditions: [{ type: 'FileSystemResizePending', status: 'True' }],
      allocatedResourceStatuses: { storage: 'NodeResizePending' },
    };
    const key = { namespace: 'default', name: 'claim' };
    await it.client.patch(
      persistentVolumeClaims,
      key,
      { type: 'merge', body: { status: pending } },
      { signal, subresource: 'status' },
    );
    await waitFor(() =>
      expect(messages(it.client, 'VolumeResizeFailed')[0]).toContain(
        'rpc error: code = FailedPrecondition desc = not yet',
      ),
    );
    expect(it.node.pod().status?.phase).toBe('Running');
  });

  it('that has grown before the pod came is expanded when it is mounted', async () => {
    const grown = volumeObject({ capacity: { storage: '2Gi' } });
    const claim = claimObject({ conditions: [{ type: 'FileSystemResizePending', status: 'True' }] });
    await using it = await world([driverObject(), grown, claim], { capabilities: ['EXPAND_VOLUME'] });
    await it.client.create(pods, claimingPod(), { signal });
    await waitFor(() =>
      expect(it.client.stored(persistentVolumeClaims)[0]?.status).toMatchObject({
        capacity: { storage: '2Gi' },
        conditions: [],
      }),
    );
    expect(it.driver.last('NodeExpandVolume')).toMatchObject({
      volumeId: 'vol-1',
      capacityRange: { requiredBytes: 2 ** 31 },
    });
    await waitFor(() => expect(messages(it.client, 'FileSystemResizeSuccessful')).toHaveLength(1));
  });

  it('survives a kubelet that is killed: the next one neither publishes it twice nor forgets it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'csi-'));
    const client = new FakeClient({ objects: [driverObject(), volumeObject(), claimObject()] });
    const runtime = new FakeRuntime();
    runtime.addImage('web:1');
    await using driver = await CsiDriverUnderTest.start({ root: directory, capabilities: ['STAGE_UNSTAGE_VOLUME'] });
    {
      await using first = await openNode(client, runtime, directory);
      await client.create(pods, claimingPod(), { signal });
      await waitFor(() => expect(first.pod().status?.phase).toBe('Running'));
    }
    // Deleted while nobody looks; and a volume is staged for a pod of which nothing else is left.
    const gone = { namespace: 'default', name: 'web' };
    await client.delete(pods, gone, { signal, gracePeriodSeconds: 0 });
    const lost = join(directory, 'plugins/kubernetes.io/csi', driverName, handleDigest('lost'));
    await mkdir(lost, { recursive: true });
    await writeFile(join(lost, 'vol_data.json'), JSON.stringify({ driverName, volumeHandle: 'lost' }));
    {
      await using second = await openNode(client, runtime, directory);
      await waitFor(async () => expect(await second.runtime.observeAll({ signal })).toEqual([]));
      await waitFor(() => expect(driver.story).toContain('NodeUnstageVolume'));
      await waitFor(async () =>
        expect(await readdir(join(directory, 'plugins/kubernetes.io/csi', driverName))).toEqual([]),
      );
    }
    await rm(directory, { recursive: true, force: true });
  });
});

describe('7.7.8 a volume of a CSI driver in the pod itself', () => {
  const inline = (changes: object = {}) =>
    podOf({
      serviceAccountName: 'app',
      volumes: [{ name: 'scratch', csi: { driver: driverName, volumeAttributes: { size: '1' }, ...changes } }],
    });

  it('is published with facts about the pod and tokens of its account, and never staged', async () => {
    const spec: CSIDriver['spec'] = {
      podInfoOnMount: true,
      volumeLifecycleModes: ['Ephemeral'],
      tokenRequests: [{ audience: 'vault', expirationSeconds: 600 }],
      requiresRepublish: true,
    };
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app', namespace: 'default' } };
    await using it = await world([driverObject(spec), account], { capabilities: ['STAGE_UNSTAGE_VOLUME'] });
    await it.client.create(pods, inline({ readOnly: true }), { signal });
    await running(it);
    expect(it.driver.story).toEqual(['NodePublishVolume']);
    const { volumeId, volumeContext, readonly } = it.driver.last('NodePublishVolume') as {
      volumeId: string;
      readonly: boolean;
      volumeContext: Record<string, string>;
    };
    expect(volumeId).toMatch(/^csi-[0-9a-f]{64}$/);
    expect(readonly).toBe(true);
    expect(volumeContext).toMatchObject({
      size: '1',
      'csi.storage.k8s.io/pod.name': 'web',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/serviceAccount.name': 'app',
      'csi.storage.k8s.io/ephemeral': 'true',
    });
    const tokens = JSON.parse(volumeContext['csi.storage.k8s.io/serviceAccount.tokens'] as string) as object;
    expect(tokens).toMatchObject({ vault: { token: expect.any(String), expirationTimestamp: expect.any(String) } });
    await remove(it);
    expect(it.driver.story).toEqual(['NodePublishVolume', 'NodeUnpublishVolume']);
  });

  it('is refused where the driver is not made for that', async () => {
    await using it = await world([driverObject({})]);
    await it.client.create(pods, inline(), { signal });
    await waitFor(() =>
      expect(messages(it.client, 'FailedMount')).toContain(
        `MountVolume.SetUp failed for volume "scratch" : volume mode "Ephemeral" not supported by driver ${driverName} (only supports [Persistent])`,
      ),
    );
  });
});
