import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event, Pod } from '@geobuk/api';
import { events, pods } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import { pino } from 'pino';
import { vi } from 'vitest';
import type { Readings } from '../eviction/pressure.js';
import { createNodeAgent } from '../node-agent.js';
import type { NodeAgent, NodeAgentConfig } from '../node-agent.js';
import type { ContainerRuntime } from '../runtime/runtime.js';
import { FakeRuntime } from '../runtime/testing/fake-runtime.js';
import type { Mounter } from '../volumes/mounts.js';

/** Where tests are not root, or mounts are not what they are about. */
export const noMounts: Mounter = {
  able: false,
  mountTmpfs: () => Promise.reject(new Error('no mounts in tests')),
  unmount: () => Promise.resolve(),
  below: () => Promise.resolve([]),
};

/** A whole node but for its runtime, its server and its disks. */
export interface AgentUnderTest extends AsyncDisposable {
  readonly client: FakeClient;
  readonly runtime: FakeRuntime;
  readonly agent: NodeAgent;
  readonly directory: string;
  pod(name?: string): Pod;
  reasons(): readonly string[];
}

export async function agentUnderTest(
  options: {
    runtime?: FakeRuntime;
    client?: FakeClient;
    directory?: string;
    readings?: () => Readings;
    manifests?: string;
    /** Instead of the fake one. */
    engine?: ContainerRuntime;
    mounter?: Mounter;
    config?: Partial<NodeAgentConfig>;
  } = {},
): Promise<AgentUnderTest> {
  const client = options.client ?? new FakeClient();
  const runtime = options.runtime ?? new FakeRuntime();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'kubelet-')));
  const stop = new AbortController();
  const agent = await createNodeAgent(
    {
      nodeName: 'n1',
      ips: ['192.0.2.1'],
      maxPods: 110,
      podsRoot: directory,
      podLogsRoot: join(directory, 'logs-of-pods'),
      pluginsRoot: join(directory, 'plugins'),
      pluginsRegistry: join(directory, 'plugins_registry'),
      seccompRoot: '/none',
      cgroupRoot: undefined,
      clusterDns: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
      labels: {},
      taints: [],
      allowedUnsafeSysctls: [],
      hostPodEnv: {},
      manifestsDirectory: options.manifests,
      ...options.config,
    },
    {
      client,
      clock: systemClock,
      log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
      engine: options.engine ?? runtime,
      host: undefined,
      port: () => 10250,
      onReady: () => undefined,
      mounter: options.mounter ?? noMounts,
      ...(options.readings === undefined ? {} : { readings: () => Promise.resolve(options.readings?.() ?? new Map()) }),
    },
  );
  const run = agent.run(stop.signal);
  return {
    client,
    runtime,
    agent,
    directory,
    pod: (name = 'web') => client.stored(pods, 'default').find(({ metadata }) => metadata.name === name) as Pod,
    reasons: () =>
      client
        .stored<Event>(events, 'default')
        .filter(({ involvedObject }) => involvedObject.kind === 'Pod')
        .map(({ reason }) => reason ?? ''),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A pod with one container of image `web:1`. */
export function podOf(spec: Partial<Pod['spec']> = {}, name = 'web'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'n1',
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'web:1', imagePullPolicy: 'IfNotPresent' }],
      ...spec,
    },
  };
}

export const waitFor = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 8000, interval: 10 });
export const { signal }: { readonly signal: AbortSignal } = new AbortController();
