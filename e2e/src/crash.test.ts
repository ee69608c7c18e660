import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { configMaps, isAlreadyExists, pods } from '@geobuk/api';
import { createHttpClient, isConnectionError, loadKubeconfig } from '@geobuk/client';
import type { HttpClient } from '@geobuk/client';
import { Cluster, busyboxImage, eventually } from './cluster.js';

let cluster: Cluster;
let client: HttpClient;
const signal = new AbortController().signal;

beforeAll(async () => {
  cluster = await Cluster.up();
  client = createHttpClient(await loadKubeconfig({ paths: [cluster.kubeconfig] }));
  expect(cluster.geobuk('image', 'build', busyboxImage, '--busybox')).toMatchObject({ status: 0 });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** Waits for the API without believing one lucky answer. */
const answered = (): Promise<boolean> =>
  eventually(
    () =>
      client.request({ path: '/readyz', signal }).then(
        () => true,
        () => false,
      ),
    Boolean,
    30_000,
  );

describe('kill -9', () => {
  it('of the control plane in 1 000 concurrent writes loses nothing that was acknowledged', async () => {
    const acknowledged = new Map<string, number>();
    const write = async (i: number): Promise<void> => {
      const name = `w-${i}`;
      try {
        const made = await client.create(
          configMaps,
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { i: String(i) } },
          { signal },
        );
        acknowledged.set(name, Number(made.metadata.resourceVersion));
      } catch (error) {
        if (!isConnectionError(error) && !isAlreadyExists(error)) throw error;
      }
    };
    const writes = Array.from({ length: 1000 }, (_, i) => write(i));
    await eventually(
      () => acknowledged.size,
      (count) => count > 200,
      30_000,
      1,
    );
    process.kill(cluster.pidOf('control-plane'), 'SIGKILL');
    await Promise.all(writes);
    expect(acknowledged.size).toBeGreaterThan(200);
    await answered();
    const { items, metadata } = await client.list(configMaps, { namespace: 'default', signal });
    const found = new Map(items.map((item) => [item.metadata.name ?? '', Number(item.metadata.resourceVersion)]));
    for (const [name, revision] of acknowledged) expect(found.get(name)).toBe(revision);
    const newest = Math.max(...acknowledged.values());
    const next = await client.create(
      configMaps,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'after', namespace: 'default' } },
      { signal },
    );
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(newest);
    expect(Number(metadata.resourceVersion)).toBeGreaterThanOrEqual(newest);
  });

  it('of the kubelet leaves containers as they are', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stays', namespace: 'default' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'c', image: busyboxImage, command: ['sleep', '3600'] }],
      },
    };
    expect(cluster.apply(pod)).toMatchObject({ status: 0 });
    expect(cluster.kubectl('wait', '--for=condition=Ready', 'pod/stays', '--timeout=60s')).toMatchObject({ status: 0 });
    const idOf = async (): Promise<string | undefined> =>
      (await client.read(pods, { namespace: 'default', name: 'stays' }, { signal })).status?.containerStatuses?.[0]
        ?.containerID;
    const before = await idOf();
    const pid = cluster.pidOf('kubelet');
    process.kill(pid, 'SIGKILL');
    await eventually(
      () => cluster.pidOf('kubelet'),
      (now) => now !== pid,
      20_000,
    ).catch(() => undefined);
    await eventually(
      () => cluster.kubectl('exec', 'stays', '--', 'echo', 'here').stdout,
      (text) => text === 'here\n',
      30_000,
    );
    expect(await idOf()).toBe(before);
    expect(readFileSync('/proc/mounts', 'utf8')).toContain(cluster.dataDir);
  });
});

describe('bad starts', () => {
  it('a busy port is one line', () => {
    const other = cluster.geobuk('control-plane', '--port', String(cluster.port));
    expect(other.status).not.toBe(0);
    expect(other.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('unauthenticated and unknown paths get a Status', async () => {
    const reply = async (path: string, token: string): Promise<{ code: number; reason: string }> => {
      const result = cluster.kubectl('--token', token, 'get', '--raw', path);
      return { code: result.status, reason: result.stderr };
    };
    expect((await reply('/nope', 'x')).code).not.toBe(0);
    expect(cluster.kubectl('get', '--raw', '/nope').stderr).toContain(
      'the server could not find the requested resource',
    );
  });
});
