import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { configMaps, isAlreadyExists, pods } from '@geobuk/api';
import { createHttpClient, createInformers, isConnectionError, loadKubeconfig, systemClock } from '@geobuk/client';
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
      90_000,
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

  it('of the control plane is survived by watchers: none misses what happened before, meanwhile or after', async () => {
    const stop = new AbortController();
    const informers = createInformers({ client, clock: systemClock, log: pino({ level: 'silent' }) });
    const informer = informers.of(configMaps, { namespace: 'default', labelSelector: 'watched' });
    const running = informers.run(stop.signal);
    await informers.whenSynced(signal);
    const { metadata } = await client.list(configMaps, { namespace: 'default', signal });
    const make = (name: string): Promise<unknown> =>
      client.create(
        configMaps,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels: { watched: '' } } },
        { signal },
      );
    await make('before-1');
    await make('goes');
    await client.delete(configMaps, { namespace: 'default', name: 'goes' }, { signal });
    process.kill(cluster.pidOf('control-plane'), 'SIGKILL');
    await answered();
    await make('after-1');
    // From where it was before the crash: nothing is left out, or the client is told to list again.
    const seen: string[] = [];
    try {
      const { resourceVersion } = metadata;
      for await (const event of client.watch(configMaps, { namespace: 'default', resourceVersion, signal })) {
        if (event.type === 'BOOKMARK') continue;
        seen.push(`${event.type} ${event.object.metadata.name}`);
        if (event.object.metadata.name === 'after-1') break;
      }
      expect(seen).toEqual(['ADDED before-1', 'ADDED goes', 'DELETED goes', 'ADDED after-1']);
    } catch (error) {
      expect(error).toMatchObject({ status: { code: 410, reason: 'Expired' } });
    }
    await eventually(
      () => informer.lister.list('default').map(({ metadata: { name } }) => name),
      (names) => [...names].sort().join() === 'after-1,before-1',
      30_000,
    );
    stop.abort();
    await running;
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
