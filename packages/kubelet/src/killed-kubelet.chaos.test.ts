import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Pod, Secret } from '@geobuk/api';
import { pods } from '@geobuk/api';
import { FakeClient } from '@geobuk/client/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeAgentConfig } from './node-agent.js';
import { PodCgroups } from './pods/cgroups.js';
import { findCniBinDir } from './runtime/containerd/containerd-host.js';
import { busyboxImage } from './runtime/testing/busybox-image.js';
import { mountsBelow, openContainerdUnderTest } from './runtime/testing/containerd-under-test.js';
import type { ContainerdUnderTest } from './runtime/testing/containerd-under-test.js';
import { serveClient } from './testing/ipc-client.js';

// Minutes of random faults, so not part of `npm test`: `npm run chaos` after `npm run build`.
// Needs root, containerd, runc, the loopback plugin of CNI, nsenter, busybox-static, and the built package: the kubelet
// is a process of its own here, which is killed.

const kills = 50;
const program = fileURLToPath(new URL('../dist/testing/kubelet-process.js', import.meta.url));
const { signal } = new AbortController();
const cgroupRoot = `/geobuk-killed-${process.pid}`;
const cgroups = new PodCgroups({ root: cgroupRoot, cpus: 2, memoryBytes: 2 ** 32 });

/** A network of each pod's own: both ends of its wire are inside the pod's namespace. */
const networkPlugin = `#!/bin/sh
case "$CNI_COMMAND" in
ADD)
  exec 3>&1 1>&2
  enter="nsenter --net=$CNI_NETNS"
  $enter ip link add eth0 type veth peer name far0
  $enter ip address add 10.99.0.2/24 dev eth0
  $enter ip link set eth0 up
  echo "{\\"cniVersion\\":\\"0.4.0\\",\\"interfaces\\":[{\\"name\\":\\"eth0\\",\\"sandbox\\":\\"$CNI_NETNS\\"}],\\"ips\\":[{\\"version\\":\\"4\\",\\"address\\":\\"10.99.0.2/24\\",\\"interface\\":0}]}" >&3 ;;
VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.4.0"]}' ;;
esac
`;

let under: ContainerdUnderTest;
let root: string;
let client: FakeClient;
let kubelet: ChildProcess | undefined;
let networksBefore: readonly string[];

const networks = async (): Promise<readonly string[]> =>
  (await readdir('/run/netns').catch(() => [])).filter((name) => name.startsWith('cni-'));

beforeAll(async () => {
  expect(existsSync(program), `${program}: build the package first`).toBe(true);
  networksBefore = await networks();
  root = await mkdtemp(join(tmpdir(), 'geobuk-killed-'));
  const [cniBinDir, cniConfDir] = [join(root, 'cni/bin'), join(root, 'cni/conf')];
  for (const directory of [cniBinDir, cniConfDir, join(root, 'pods')]) await mkdir(directory, { recursive: true });
  await symlink(join(await findCniBinDir(), 'loopback'), join(cniBinDir, 'loopback'));
  await writeFile(join(cniBinDir, 'one-pod'), networkPlugin);
  await chmod(join(cniBinDir, 'one-pod'), 0o755);
  const conf = { cniVersion: '0.4.0', name: 'test', plugins: [{ type: 'one-pod' }] };
  await writeFile(join(cniConfDir, '10-test.conflist'), JSON.stringify(conf));
  under = await openContainerdUnderTest({ cniBinDir, cniConfDir });
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'key', namespace: 'default' },
    data: { password: 'czNjcmV0' },
  };
  client = new FakeClient({ objects: [secret] });
});

afterAll(async () => {
  kubelet?.kill('SIGKILL');
  await under[Symbol.asyncDispose]();
  await cgroups.removeTree();
  await rm(root, { recursive: true, force: true });
});

const config = (): NodeAgentConfig => ({
  nodeName: 'n1',
  ips: ['192.0.2.1'],
  maxPods: 110,
  podsRoot: join(root, 'pods'),
  podLogsRoot: join(root, 'logs'),
  pluginsRoot: join(root, 'plugins'),
  pluginsRegistry: join(root, 'plugins_registry'),
  seccompRoot: '/none',
  cgroupRoot,
  clusterDns: ['10.43.0.10'],
  clusterDomain: 'cluster.local',
  labels: {},
  taints: [],
  allowedUnsafeSysctls: [],
  hostPodEnv: {},
});

function start(): ChildProcess {
  const child = fork(program, [under.containerd.socket, JSON.stringify(config())], {
    stdio: 'inherit',
    // The test's own ways of finding sources are not for a built program.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  serveClient(child, client);
  return child;
}

const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.on('message', (message: object) => {
      if ('ready' in message) resolve();
    });
  });

const podOf = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    nodeName: 'n1',
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: busyboxImage,
        imagePullPolicy: 'Never',
        command: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'],
        resources: { requests: { cpu: '1m' } },
        volumeMounts: [
          { name: 'key', mountPath: '/key' },
          { name: 'memory', mountPath: '/memory' },
        ],
      },
    ],
    volumes: [
      { name: 'key', secret: { secretName: 'key' } },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ],
  },
});

/** The same moments in each run, as far as the machine allows. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const wanted = (): readonly Pod[] =>
  client.stored(pods, 'default').filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const patiently = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 90_000, interval: 200 });

describe('a kubelet that is killed 50 times at random moments while pods come and go', () => {
  it('loses no pod, and leaves nothing behind', { timeout: 900_000 }, async () => {
    const random = randomSource(20_261_128);
    let made = 0;
    for (let kill = 0; kill < kills; kill++) {
      kubelet = start();
      const gone = ended(kubelet);
      // Some are killed while they start, most while they work: how long a start takes is the machine's to say.
      if (random() < 0.8) await Promise.race([ready(kubelet), gone]);
      const lifeMs = random() * 1500;
      const until = Date.now() + lifeMs;
      while (Date.now() < until) {
        const live = wanted();
        const grows = live.length < 2 || (live.length < 6 && random() < 0.5);
        if (grows) await client.create(pods, podOf(`p${made++}`), { signal });
        else {
          const victim = live[Math.floor(random() * live.length)]?.metadata.name ?? '';
          // Some vanish from the API at once, as after a forced deletion.
          const force = random() < 0.3 ? { gracePeriodSeconds: 0 } : {};
          await client.delete(pods, { namespace: 'default', name: victim }, { signal, ...force });
        }
        await sleep(Math.min(until - Date.now(), 50 + random() * 400));
      }
      kubelet.kill('SIGKILL');
      await gone;
    }

    kubelet = start();
    await patiently(async () => {
      const live = wanted();
      expect(client.stored(pods, 'default')).toHaveLength(live.length);
      for (const { metadata, status } of live) {
        expect([metadata.name, status?.phase]).toEqual([metadata.name, 'Running']);
        // The engine takes back a start whose caller died in it, and the next kubelet starts that container once more.
        expect(status?.containerStatuses?.[0]?.restartCount, metadata.name).toBeLessThanOrEqual(1);
      }
      const states = await under.runtime.observeAll({ signal });
      expect(states.map(({ pod }) => pod.name).sort()).toEqual(live.map(({ metadata }) => metadata.name).sort());
      for (const { pod, sandboxes, containers } of states)
        expect([pod.name, sandboxes.length, containers.filter(({ state }) => state === 'running').length]).toEqual([
          pod.name,
          1,
          1,
        ]);
    });
    expect(made).toBeGreaterThan(20);

    for (const { metadata } of wanted())
      await client.delete(pods, { namespace: 'default', name: metadata.name ?? '' }, { signal });
    await patiently(async () => {
      expect(client.stored(pods)).toEqual([]);
      expect(await under.runtime.observeAll({ signal })).toEqual([]);
      expect(await readdir(join(root, 'pods'))).toEqual([]);
      expect(await readdir(join(root, 'logs'))).toEqual([]);
      expect(await mountsBelow(root)).toEqual([]);
      expect((await mountsBelow(under.directory)).filter((path) => path.includes('io.containerd.'))).toEqual([]);
      expect(await cgroups.uids()).toEqual([]);
      expect((await networks()).filter((name) => !networksBefore.includes(name))).toEqual([]);
    });
  });
});
