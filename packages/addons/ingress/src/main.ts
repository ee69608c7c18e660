#!/usr/bin/env node
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addonNamespace,
  ensureHostProgram,
  isBeingRemoved,
  runAgent,
  runHealthServer,
  runTogether,
} from '@geobuk/addon-sdk';
import { makeSelfSigned } from '@geobuk/addon-sdk/certificates';
import { createEventRecorder, deadline, runWithLeaderElection } from '@geobuk/client';
import { ClusterObjects } from './agent/cluster-objects.js';
import { IngressAgent } from './agent/ingress-agent.js';
import type { IngressConfig } from './config.js';
import { metricsSocket } from './haproxy/haproxy-config.js';
import { HaproxyEngine } from './haproxy/haproxy-engine.js';
import { ingressHealthPort } from './manifests.js';
import { createMetrics } from './metrics.js';
import { endpointsOf } from './routing/cluster-view.js';

const selfSignedDays = 3_650;
const clearMs = 10_000;

await runAgent<IngressConfig>('ingress', async (context, signal) => {
  const { config, cluster, client, informers, clock, log, nodeName } = context;
  const program = await ensureHostProgram(
    { command: 'haproxy', package: 'haproxy' },
    { install: config.install, log, signal },
  );
  // Short, for the sake of the sockets in it; several nodes may share one machine.
  const node = createHash('sha256').update(nodeName).digest('hex').slice(0, 8);
  const directory = join('/run/geobuk', `ingress-${cluster.id}-${node}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const objects = new ClusterObjects(informers, { gatewayApi: config.gatewayApi !== 'off' });
  const engine = new HaproxyEngine({
    program,
    settings: {
      ...config,
      maxConnections: await affordable(config.maxConnections),
      directory,
      ipv6: await hasIpv6(),
      user: await workerAccount(),
    },
    endpointsOf: (service) => endpointsOf(objects.view, service),
    log,
    onLine: (line) => void process.stdout.write(`${line}\n`),
  });
  const { key, certificate } = await makeSelfSigned({ commonName: 'geobuk-ingress', hosts: [] }, selfSignedDays);
  const events = createEventRecorder({ client, clock, log, component: 'ingress', host: nodeName });
  const agent = new IngressAgent({
    ...{ client, objects, engine, events, config, clock, log },
    selfSigned: `${certificate.trim()}\n${key}`,
  });
  try {
    await runTogether(signal, [
      (stop) => agent.run(stop),
      (stop) => events.run(stop),
      (stop) =>
        runWithLeaderElection(
          {
            client,
            lease: { namespace: addonNamespace, name: 'ingress' },
            identity: `${nodeName}_${randomUUID()}`,
            clock,
            log,
          },
          (leading) => agent.lead(leading),
          { signal: stop },
        ),
      (stop) =>
        runHealthServer(
          {
            host: '127.0.0.1',
            port: ingressHealthPort(cluster.id, config.healthPort),
            checks: { '/health': () => undefined, '/ready': () => (stop.aborted ? 'stopping' : agent.problem) },
            metrics: createMetrics(engine.counts, metricsSocket(directory)),
          },
          stop,
        ),
    ]);
    if (await isBeingRemoved(client, { kind: 'DaemonSet', name: 'ingress' }, log)) {
      using limit = deadline(new AbortController().signal, clearMs, clock);
      await agent.clearStatuses(limit.signal);
    }
  } finally {
    await engine.stop();
  }
});

/** The package of the proxy brings an account for it; without, or not as root, the workers are what we are. */
async function workerAccount(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8');
  return accounts.split('\n').some((line) => line.startsWith('haproxy:')) ? 'haproxy' : undefined;
}

/** Follows: the kernel shows this file where it was not told to do without IPv6. */
function hasIpv6(): Promise<boolean> {
  return access('/proc/net/if_inet6').then(
    () => true,
    () => false,
  );
}

/** Each connection takes two descriptors; the proxy does not start with more than the kernel lets it have. */
async function affordable(wanted: number): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
  return Number.isNaN(hard) ? wanted : Math.max(100, Math.min(wanted, Math.floor((hard - 1_000) / 2)));
}
