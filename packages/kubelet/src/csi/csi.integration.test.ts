import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '@geobuk/api';
import { pods } from '@geobuk/api';
import { FakeClient } from '@geobuk/client/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { busyboxImage } from '../runtime/testing/busybox-image.js';
import { mountsBelow, openContainerdUnderTest } from '../runtime/testing/containerd-under-test.js';
import type { ContainerdUnderTest } from '../runtime/testing/containerd-under-test.js';
import { agentUnderTest, podOf, signal } from '../testing/agent-under-test.js';
import type { AgentUnderTest } from '../testing/agent-under-test.js';
import { systemMounter } from '../volumes/mounts.js';
import { CsiDriverUnderTest } from './testing/csi-driver-under-test.js';

// Needs root, containerd, runc and busybox-static. The driver bind-mounts directories, for real.

let under: ContainerdUnderTest;
let root: string;
let client: FakeClient;
let driver: CsiDriverUnderTest;

const driverObject: CSIDriver = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: 'disk.example.com' },
  spec: { attachRequired: false, fsGroupPolicy: 'File' },
};
const volume: PersistentVolume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv1' },
  spec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'disk.example.com', volumeHandle: 'vol-1' } },
};
const claim: PersistentVolumeClaim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'claim', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], volumeName: 'pv1' },
  status: { phase: 'Bound' },
};

beforeAll(async () => {
  under = await openContainerdUnderTest();
  root = await mkdtemp(join(tmpdir(), 'geobuk-csi-'));
  await mkdir(join(root, 'pods'), { recursive: true });
  client = new FakeClient({ objects: [driverObject, volume, claim] });
  driver = await CsiDriverUnderTest.start({
    root,
    volumes: join(root, 'backing'),
    capabilities: ['STAGE_UNSTAGE_VOLUME'],
  });
});

afterAll(async () => {
  await driver[Symbol.asyncDispose]();
  await under[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const open = (): Promise<AgentUnderTest> =>
  agentUnderTest({
    client,
    engine: under.runtime,
    directory: root,
    mounter: systemMounter,
    config: { podsRoot: join(root, 'pods') },
  });
const patiently = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 40_000, interval: 50 });

const podWith = (name: string, command: string, spec: Partial<Pod['spec']> = {}): Pod =>
  podOf(
    {
      hostNetwork: true,
      restartPolicy: 'Never',
      containers: [
        {
          name: 'main',
          image: busyboxImage,
          imagePullPolicy: 'Never',
          command: ['sh', '-c', command],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'claim' } }],
      ...spec,
    },
    name,
  );

describe('7.7.8 pods with a volume of a CSI driver', () => {
  it('share its files one after the other, across a restart of the kubelet, and leave no mount', async () => {
    {
      await using first = await open();
      const writes = 'echo hello > /data/file; stat -c %g /data; trap "exit 0" TERM; sleep 1000 & wait';
      await client.create(pods, podWith('writer', writes, { securityContext: { fsGroup: 3000 } }), { signal });
      await patiently(async () => expect(await readFile(join(root, 'backing/vol-1/file'), 'utf8')).toBe('hello\n'));
      await patiently(() => expect(first.pod('writer').status?.phase).toBe('Running'));
    }
    expect((await mountsBelow(root)).filter((path) => path.includes('kubernetes.io'))).toHaveLength(2);

    await using second = await open();
    await patiently(() => expect(second.agent.source.all()).toHaveLength(1));
    const before = driver.story.length;
    await client.create(pods, podWith('reader', 'cat /data/file > /dev/termination-log'), { signal });
    await patiently(() => {
      const state = second.pod('reader').status?.containerStatuses?.[0]?.state;
      expect(state?.terminated).toMatchObject({ exitCode: 0, message: 'hello\n' });
    });
    // What the first kubelet had published was not published again.
    const published = driver.calls.filter(({ method }) => method === 'NodePublishVolume');
    expect(new Set(published.map(({ request }) => request['targetPath'])).size).toBe(published.length);
    expect(driver.story.slice(before)).toContain('NodePublishVolume');

    for (const name of ['writer', 'reader']) await client.delete(pods, { namespace: 'default', name }, { signal });
    await patiently(() => expect(client.stored(pods)).toEqual([]));
    await patiently(async () => expect(await mountsBelow(root)).toEqual([]));
    expect(await readFile(join(root, 'backing/vol-1/file'), 'utf8')).toBe('hello\n');
  });
});
