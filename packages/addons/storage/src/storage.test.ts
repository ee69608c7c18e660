import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Addon, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { addons, persistentVolumeClaims, persistentVolumes, storageClasses } from '@geobuk/api';
import { createInformers, createRunner } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { ClaimController } from './claim-controller.js';
import { cleanUp, sweepEmpty } from './clean-up.js';
import { volumeFinalizer } from './local-volume.js';
import { NodeCapacity } from './node-capacity.js';
import { VolumeController } from './volume-controller.js';
import { VolumeDirectories } from './volume-directories.js';

const { signal: always } = new AbortController();
const log = pino({ level: 'silent' });
const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local' },
  provisioner: 'geobuk.dev/local',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
} satisfies StorageClass;
const claim = (name: string, storage = '1Gi'): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    namespace: 'default',
    name,
    uid: name,
    annotations: {
      'volume.kubernetes.io/storage-provisioner': 'geobuk.dev/local',
      'volume.kubernetes.io/selected-node': 'n1',
    },
  },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources: { requests: { storage } } },
});

/** The program of one node with 3 GiB, an API in memory and a real folder. */
async function startNode() {
  const root = await mkdtemp(join(tmpdir(), 'geobuk-storage-'));
  const place = { nodeName: 'n1', hostname: 'n1', directory: join(root, 'volumes', 'n1') };
  const directories = new VolumeDirectories(place.directory);
  await directories.open();
  const clock = new FakeClock();
  const client = new FakeClient({ clock, objects: [storageClass], types: [addons] });
  const informers = createInformers({ client, log, clock });
  const volumeLister = informers.of(persistentVolumes).lister;
  const claimLister = informers.of(persistentVolumeClaims).lister;
  const classLister = informers.of(storageClasses).lister;
  const space = () => Promise.resolve({ totalBytes: 10 * 2 ** 30, freeBytes: 9 * 2 ** 30 });
  const capacity = new NodeCapacity({ volumeLister, place, space, capacity: '3Gi', reservedPercent: 10 });
  const told: string[] = [];
  const events = {
    record: (object: { metadata?: { name?: string } }, _type: string, reason: string, message: string) =>
      void told.push(`${object.metadata?.name ?? ''} ${reason}: ${message}`),
  } as unknown as ConstructorParameters<typeof VolumeController>[0]['events'];
  const runner = createRunner({
    controllers: [
      new ClaimController({
        ...{ client, claimLister, volumeLister, classLister, directories, capacity, events, place },
        now: () => clock.now(),
      }),
      new VolumeController({ client, volumeLister, directories, events, place }),
    ],
    informers,
    log,
    clock,
  });
  const stop = new AbortController();
  const running = Promise.allSettled([informers.run(stop.signal), runner.run(stop.signal)]);
  const volumes = () => client.stored(persistentVolumes);
  return {
    ...{ client, clock, directories, capacity, place, told, volumes, root },
    /** Lets all that is under way come to an end. */
    settle: () => clock.advance(10),
    /** What the cluster's own controller does. */
    bind: async (name: string): Promise<void> => {
      const body = { spec: { volumeName: `pvc-${name}` } };
      const key = { namespace: 'default', name };
      await client.patch(persistentVolumeClaims, key, { type: 'merge', body }, { signal: always });
      const status = { status: { phase: 'Bound', capacity: { storage: '1Gi' } } };
      const options = { signal: always, subresource: 'status' };
      await client.patch(persistentVolumeClaims, key, { type: 'merge', body: status }, options);
    },
    setPhase: async (name: string, phase: string): Promise<void> => {
      const options = { signal: always, subresource: 'status' };
      await client.patch(persistentVolumes, { name }, { type: 'merge', body: { status: { phase } } }, options);
    },
    stop: async (): Promise<void> => {
      stop.abort();
      await running;
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      stop.abort();
      await running;
      await rm(root, { recursive: true, force: true });
    },
  };
}

describe('local volumes', () => {
  it('are made with a directory that any user may write to, in a folder that only the node sees', async () => {
    await using node = await startNode();
    node.client.seed(claim('a'));
    await expect.poll(() => node.settle().then(() => node.volumes().length)).toBe(1);
    const path = join(node.place.directory, 'pvc-a');
    expect(node.volumes()[0]).toMatchObject({ metadata: { name: 'pvc-a' }, spec: { local: { path } } });
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    expect((await stat(node.place.directory)).mode & 0o777).toBe(0o700);
    await expect.poll(() => node.told).toEqual(['a ProvisioningSucceeded: made the local volume pvc-a']);
  });

  it('never exceed the room of the node together, however fast they are asked for', async () => {
    await using node = await startNode();
    for (const name of ['a', 'b', 'c', 'd']) node.client.seed(claim(name));
    await expect.poll(() => node.settle().then(() => node.told.length)).toBe(4);
    expect(node.volumes()).toHaveLength(3);
    expect(await node.capacity.state()).toMatchObject({ volumes: 3, promisedBytes: 3 * 2 ** 30, roomBytes: 0 });
    expect(node.told.filter((text) => text.includes('ProvisioningFailed'))).toHaveLength(1);
    const back = node.client
      .stored(persistentVolumeClaims)
      .filter(({ metadata }) => metadata.annotations?.['volume.kubernetes.io/selected-node'] === undefined);
    expect(back).toHaveLength(1);
  });

  it('5.11.6 grow with their claim, and say so to it', async () => {
    await using node = await startNode();
    node.client.seed(claim('a'));
    await expect.poll(() => node.settle().then(() => node.volumes().length)).toBe(1);
    await node.bind('a');
    const ask = (storage: string) =>
      node.client.patch(
        persistentVolumeClaims,
        { namespace: 'default', name: 'a' },
        { type: 'merge', body: { spec: { resources: { requests: { storage } } } } },
        { signal: always },
      );
    await ask('2Gi');
    const known = () => node.client.stored(persistentVolumeClaims)[0]?.status?.capacity?.['storage'];
    await expect.poll(() => node.settle().then(known)).toBe('2Gi');
    expect(node.volumes()[0]?.spec.capacity).toEqual({ storage: '2Gi' });
    const status = () => node.client.stored(persistentVolumeClaims)[0]?.status;
    expect(status()).toMatchObject({ allocatedResources: { storage: '2Gi' }, conditions: [] });
    expect(status()?.allocatedResourceStatuses).toBeUndefined();
    await ask('5Gi');
    await expect
      .poll(() => node.settle().then(() => node.told.at(-1)))
      .toContain('a VolumeResizeFailed: node n1 has 1 GiB left');
    expect(node.volumes()[0]?.spec.capacity).toEqual({ storage: '2Gi' });
    expect(status()).toMatchObject({
      capacity: { storage: '2Gi' },
      allocatedResources: { storage: '5Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInfeasible' },
      conditions: [{ type: 'ControllerResizeError', status: 'True' }],
    });
    // Who asked for too much may ask for less again.
    await ask('2Gi');
    await expect.poll(() => node.settle().then(() => status()?.conditions)).toEqual([]);
  });

  it('go with their data when they are released', async () => {
    await using node = await startNode();
    node.client.seed(claim('a'));
    await expect.poll(() => node.settle().then(() => node.volumes().length)).toBe(1);
    await writeFile(join(node.place.directory, 'pvc-a', 'file'), 'data');
    await node.client.delete(persistentVolumeClaims, { namespace: 'default', name: 'a' }, { signal: always });
    await node.setPhase('pvc-a', 'Released');
    await expect.poll(() => node.settle().then(() => node.volumes().length)).toBe(0);
    expect(await readdir(node.place.directory)).toEqual([]);
    expect((await node.capacity.state()).roomBytes).toBe(3 * 2 ** 30);
  });
});

describe('the end of the addon', () => {
  const addon = (data: 'Retain' | 'Delete'): Addon => ({
    apiVersion: 'addons.geobuk.dev/v1alpha1',
    kind: 'Addon',
    metadata: { name: 'storage' },
    spec: { enabled: false, onDisable: { data } },
  });
  const withVolume = async (data: 'Retain' | 'Delete') => {
    const node = await startNode();
    node.client.seed(addon(data));
    node.client.seed(claim('a'));
    await expect.poll(() => node.settle().then(() => node.volumes().length)).toBe(1);
    await writeFile(join(node.place.directory, 'pvc-a', 'file'), 'data');
    await node.stop();
    await cleanUp({ ...node, log }, always);
    await node.directories.close(node.root);
    return node;
  };

  it('keeps volumes and lets go of their objects', async () => {
    await using node = await withVolume('Retain');
    expect(node.volumes()[0]?.metadata.finalizers ?? []).not.toContain(volumeFinalizer);
    expect(await readdir(join(node.place.directory, 'pvc-a'))).toEqual(['file']);
  });

  it('leaves nothing when its Addon object says so', async () => {
    await using node = await withVolume('Delete');
    expect(node.volumes()).toEqual([]);
    expect(await readdir(node.root)).toEqual([]);
  });
});

describe('the folder', () => {
  it('is swept of empty directories that no volume has, and of nothing else', async () => {
    await using node = await startNode();
    for (const name of ['pvc-empty', 'pvc-full', 'pvc-known']) await node.directories.create(name);
    await writeFile(join(node.place.directory, 'pvc-full', 'file'), 'data');
    expect(await sweepEmpty(node.directories, (name) => name === 'pvc-known')).toEqual(['pvc-empty']);
    expect([...(await node.directories.names())].sort()).toEqual(['pvc-full', 'pvc-known']);
  });

  it.each(['..', 'pvc-a/../../etc', '', '/etc', 'other'])('has no volume named %j', async (name) => {
    await using node = await startNode();
    await expect(node.directories.remove(name)).rejects.toThrow(TypeError);
  });
});
