import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Event, Pod, Secret } from '@geobuk/api';
import { configMaps, events, pods, secrets } from '@geobuk/api';
import type { ConfigMap } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNodeAgent } from './node-agent.js';
import type { NodeAgent } from './node-agent.js';
import { busyboxImage } from './runtime/testing/busybox-image.js';
import { mountsBelow, openContainerdUnderTest } from './runtime/testing/containerd-under-test.js';
import type { ContainerdUnderTest } from './runtime/testing/containerd-under-test.js';

// Needs root, containerd, runc and busybox-static. Pods are on the host's network: no CNI is configured.

const { signal } = new AbortController();
const cgroupRoot = `/geobuk-test-${process.pid}`;
let under: ContainerdUnderTest;
let directory: string;
let client: FakeClient;
let agent: NodeAgent;
let stop: AbortController;
let run: Promise<void>;

async function start(): Promise<void> {
  stop = new AbortController();
  agent = await createNodeAgent(
    {
      nodeName: 'n1',
      ips: ['127.0.0.1'],
      maxPods: 110,
      podsRoot: join(directory, 'pods'),
      podLogsRoot: join(directory, 'logs'),
      pluginsRoot: join(directory, 'plugins'),
      pluginsRegistry: join(directory, 'plugins_registry'),
      seccompRoot: '/none',
      cgroupRoot,
      clusterDns: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
      labels: {},
      taints: [],
      allowedUnsafeSysctls: [],
      hostPodEnv: {},
    },
    {
      client,
      clock: systemClock,
      log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
      engine: under.runtime,
      host: undefined,
      port: () => 10250,
      onReady: () => undefined,
    },
  );
  run = agent.run(stop.signal);
}

beforeAll(async () => {
  under = await openContainerdUnderTest();
  directory = await mkdtemp(join(tmpdir(), 'geobuk-kubelet-'));
  await promisify(execFile)('mkdir', ['-p', join(directory, 'pods')]);
  client = new FakeClient();
  await start();
});

afterAll(async () => {
  for (const { metadata } of client.stored(pods)) {
    const key = { namespace: 'default', name: metadata.name as string };
    await client.delete(pods, key, { signal, gracePeriodSeconds: 1 }).catch(() => undefined);
  }
  await vi.waitFor(() => expect(client.stored(pods)).toEqual([]), { timeout: 30_000, interval: 100 });
  await vi.waitFor(async () => expect(await under.runtime.observeAll({ signal })).toEqual([]), {
    timeout: 30_000,
    interval: 100,
  });
  stop.abort();
  await run;
  expect(await mountsBelow(directory)).toEqual([]);
  await under[Symbol.asyncDispose]();
  for (const hierarchy of await readdir('/sys/fs/cgroup')) {
    for (const path of ['kubepods/besteffort', 'kubepods/burstable', 'kubepods', '']) {
      await promisify(execFile)('rmdir', [join('/sys/fs/cgroup', hierarchy, cgroupRoot, path)]).catch(() => undefined);
    }
  }
  await rm(directory, { recursive: true, force: true });
});

function podOf(name: string, command: string, changes: Partial<Pod['spec']> = {}, container: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'n1',
      hostNetwork: true,
      terminationGracePeriodSeconds: 2,
      containers: [
        { name: 'main', image: busyboxImage, imagePullPolicy: 'Never', command: ['sh', '-c', command], ...container },
      ],
      ...changes,
    },
  };
}

const stored = (name: string): Pod =>
  client.stored(pods, 'default').find(({ metadata }) => metadata.name === name) as Pod;
const waitFor = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 30_000, interval: 20 });
const logOf = (pod: Pod): Promise<string> =>
  readFile(join(directory, 'logs', `default_${pod.metadata.name}_${pod.metadata.uid}`, 'main', '0.log'), 'utf8');
const forever = 'trap "exit 0" TERM; sleep 1000 & wait';

describe('pods on containerd', () => {
  it('start within seconds and stop when they are deleted', async () => {
    const begun = Date.now();
    await client.create(pods, podOf('quick', forever), { signal });
    await waitFor(() => expect(stored('quick').status?.phase).toBe('Running'));
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(stored('quick').status?.podIP).toBe('127.0.0.1');
    expect(stored('quick').status?.containerStatuses?.[0]?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    await client.delete(pods, { namespace: 'default', name: 'quick' }, { signal });
    await waitFor(() => expect(stored('quick')).toBeUndefined());
  });

  it('7.8.2 7.8.3 find their files, variables and names', async () => {
    const map: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'conf', namespace: 'default' },
      data: { color: 'blue' },
    };
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: 'default' },
      data: { word: Buffer.from('turtle').toString('base64') },
    };
    await client.create(configMaps, map, { signal });
    await client.create(secrets, secret, { signal });
    const command =
      'cat /conf/color /secret/word; echo; echo $COLOR $NAME; echo x > /scratch/x; ls -ld /scratch; id -u; mount | grep " /secret "; tail -1 /etc/hosts; sleep 1';
    const volumes = [
      { name: 'conf', configMap: { name: 'conf' } },
      { name: 'secret', secret: { secretName: 'key' } },
      { name: 'scratch', emptyDir: {} },
    ];
    const hostAliases = [{ ip: '192.0.2.7', hostnames: ['ship'] }];
    const container = {
      env: [
        { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'conf', key: 'color' } } },
        { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
      volumeMounts: [
        { name: 'conf', mountPath: '/conf' },
        { name: 'secret', mountPath: '/secret' },
        { name: 'scratch', mountPath: '/scratch' },
      ],
      securityContext: { runAsUser: 1000 },
    };
    await client.create(pods, podOf('files', command, { volumes, hostAliases, restartPolicy: 'Never' }, container), {
      signal,
    });
    await waitFor(() => expect(stored('files').status?.phase).toBe('Succeeded'));
    const log = await logOf(stored('files'));
    expect(log).toContain('stdout F blueturtle');
    expect(log).toContain('stdout F blue files');
    expect(log).toMatch(/stdout F drwxrwxrwx/);
    expect(log).toContain('stdout F 1000');
    expect(log).toMatch(/ \/secret type tmpfs \(ro/);
    expect(log).toContain('192.0.2.7\tship');
  });

  it('7.3.6 say how they failed, in their own last words', async () => {
    const container = { terminationMessagePath: '/dev/termination-log' };
    await client.create(
      pods,
      podOf('words', 'echo sunk > /dev/termination-log; exit 4', { restartPolicy: 'Never' }, container),
      { signal },
    );
    await waitFor(() => {
      expect(stored('words').status?.phase).toBe('Failed');
      expect(stored('words').status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
        exitCode: 4,
        reason: 'Error',
        message: 'sunk\n',
      });
    });
  });

  it('7.2.8 whose command does not exist cannot start, and say so', async () => {
    await client.create(pods, podOf('nocommand', '', {}, { command: ['/no/such/file'] }), { signal });
    await waitFor(() => {
      const status = stored('nocommand').status?.containerStatuses?.[0];
      expect(status?.state?.waiting?.reason ?? status?.lastState?.terminated?.reason).toMatch(
        /RunContainerError|StartError|CrashLoopBackOff/,
      );
      expect(JSON.stringify(status)).toContain('/no/such/file');
    });
  });

  it('7.4.2 7.4.3 are restarted when their liveness probe fails, and ready when their readiness probe passes', async () => {
    const container = {
      livenessProbe: { exec: { command: ['test', '!', '-e', '/tmp/sick'] }, periodSeconds: 1, failureThreshold: 1 },
      readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 },
    };
    const command = 'touch /tmp/ready; sleep 2; touch /tmp/sick; sleep 1000';
    await client.create(pods, podOf('probed', command, { terminationGracePeriodSeconds: 1 }, container), { signal });
    await waitFor(() =>
      expect(stored('probed').status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'True' }),
      ),
    );
    await waitFor(() => expect(stored('probed').status?.containerStatuses?.[0]?.restartCount).toBeGreaterThan(0));
    const reasons = client.stored<Event>(events, 'default').map(({ reason, message }) => `${reason}: ${message}`);
    expect(reasons).toContain('Killing: Container main failed liveness probe, will be restarted');
  });

  it('live on while the kubelet is away', async () => {
    await client.create(pods, podOf('stays', forever), { signal });
    await waitFor(() => expect(stored('stays').status?.phase).toBe('Running'));
    const id = stored('stays').status?.containerStatuses?.[0]?.containerID;
    stop.abort();
    await run;
    await start();
    await agent.source.whenSynced(signal);
    await client.patch(
      pods,
      { namespace: 'default', name: 'stays' },
      { type: 'merge', body: { metadata: { labels: { seen: 'again' } } } },
      { signal },
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(stored('stays').status?.containerStatuses?.[0]).toMatchObject({ containerID: id, restartCount: 0 });
  });
});
