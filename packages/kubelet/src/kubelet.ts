import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { allSettledOrThrow, followSignal, systemClock } from '@geobuk/client';
import type { KubeletConfig } from './config.js';
import { MemorySettling } from './memory-settling.js';
import { createNodeAgent } from './node-agent.js';
import { makeSelfSigned } from './node/certificate-request.js';
import { joinCluster } from './node/join.js';
import { keptArchive } from './node/kept-archive.js';
import { findNodeIp } from './node/machine.js';
import { SignedCertificate } from './node/signed-certificate.js';
import { openRuntimes } from './open-runtimes.js';
import { Access } from './server/access.js';
import { KubeletServer } from './server/kubelet-server.js';
import { Usage } from './server/stats/usage.js';

export interface Kubelet {
  /**
   * Joins the cluster and runs the node until the signal fires; then everything is released, and containers run on
   * unless the config says otherwise.
   * @throws {ConfigError} what it was told cannot work. @throws {ApiError} the server refuses this node.
   */
  run(signal: AbortSignal): Promise<void>;
}

const defaultPort = 10250;
const defaultMaxPods = 110;
const selfSignedDays = 365;
const stopTimeoutMs = 30_000;

/** One node, put together from its parts. */
export function createKubelet(config: KubeletConfig): Kubelet {
  const { nodeName, server: apiServer, dataDir, log } = config;
  const clock = systemClock;
  const kubeletDir = join(dataDir, 'kubelet');
  const pkiDir = join(kubeletDir, 'pki');
  const podsRoot = join(dataDir, 'pods');
  const podLogsRoot = config.podLogsRoot ?? join(dataDir, 'logs', 'pods');
  const clusterDomain = config.clusterDomain ?? 'cluster.local';
  const maxPods = config.maxPods ?? defaultMaxPods;
  const clusterDns = config.clusterDNS === undefined ? [] : [config.clusterDNS];

  const run = async (signal: AbortSignal): Promise<void> => {
    // Volumes lie below: nobody but root has to look in from outside.
    await mkdir(podsRoot, { recursive: true, mode: 0o750 });
    await mkdir(podLogsRoot, { recursive: true, mode: 0o755 });
    const joining = joinCluster(
      {
        server: apiServer,
        nodeName,
        bootstrapToken: config.bootstrapToken,
        caHash: config.caHash,
        ca: config.ca,
        pkiDir,
        clock,
        log,
      },
      signal,
    );
    const opening = openRuntimes(config, signal, async (...asked) => keptArchive((await joining).client, ...asked));
    const [joined, opened] = await Promise.allSettled([joining, opening]);
    if (joined.status === 'rejected' || opened.status === 'rejected') {
      if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]();
      if (joined.status === 'fulfilled') await joined.value.client[Symbol.asyncDispose]();
      throw joined.status === 'rejected' ? joined.reason : (opened as PromiseRejectedResult).reason;
    }
    const { client, ca, certificate } = joined.value;
    await using _client = client;
    await using runtimes = opened.value;

    const ip = config.nodeIp ?? (await findNodeIp(apiServer, signal));
    const subject = {
      commonName: `system:node:${nodeName}`,
      organization: 'system:nodes',
      dnsNames: [nodeName].filter((name) => isIP(name) === 0),
      ipAddresses: [ip],
    };
    const serving = new SignedCertificate({
      clock,
      log,
      path: join(pkiDir, 'kubelet-serving.pem'),
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
      subject: () => subject,
    });
    const firstServing = (await serving.load()) ?? (await makeSelfSigned(subject, selfSignedDays));

    const apiUrl = new URL(apiServer);
    const agent = await createNodeAgent(
      {
        nodeName,
        ips: [ip],
        maxPods,
        podsRoot,
        podLogsRoot,
        pluginsRoot: join(dataDir, 'plugins'),
        pluginsRegistry: join(dataDir, 'plugins_registry'),
        clusterDns,
        clusterDomain,
        seccompRoot: join(kubeletDir, 'seccomp'),
        cgroupRoot: config.cgroupRoot ?? `/geobuk-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`,
        labels: config.labels ?? {},
        taints: config.taints ?? [],
        eviction: config.eviction,
        shutdown: config.shutdown,
        manifestsDirectory: join(dataDir, 'manifests'),
        allowedUnsafeSysctls: config.allowedUnsafeSysctls ?? [],
        hostPodEnv: {
          KUBERNETES_SERVICE_HOST: apiUrl.hostname.replace(/^\[|\]$/g, ''),
          KUBERNETES_SERVICE_PORT: apiUrl.port === '' ? '443' : apiUrl.port,
          ...runtimes.hostPodEnv,
          ...config.hostPodEnv,
        },
      },
      {
        client,
        reconnect: () => client.reconnect(),
        clock,
        log,
        engine: runtimes.engine,
        host: runtimes.host,
        port: () => server.port,
        onReady: () => config.onReady?.(),
      },
    );
    await using server = new KubeletServer({
      access: new Access({ client, clock, nodeName }),
      source: agent.source,
      runtimes: agent.runtimes,
      status: agent.status,
      probes: agent.probes,
      usage: new Usage({ source: agent.source, runtimes: agent.runtimes, clock, dataDir }),
      details: agent.details,
      volumeStats: agent.volumeStats,
      nodeDetails: agent.nodeDetails,
      clock,
      log,
      nodeName,
      configz: { clusterDNS: clusterDns, clusterDomain, maxPods, port: config.port ?? defaultPort },
    });
    await server.listen({
      port: config.port ?? defaultPort,
      address: config.address,
      clientCa: ca,
      certificate: firstServing,
    });
    serving.onRenewed((pair) => server.renew(pair, ca));
    log.info({ node: nodeName, ip, port: server.port }, 'kubelet listens');

    // One part that fails takes the others with it: a supervisor starts the whole again.
    using own =
      config.shutdown?.onStop === true
        ? followAfter(signal, (limit) => agent.shutdown.end(limit))
        : followSignal(signal);
    setMaxListeners(0, own.signal); // Loops and waits hang on it.
    const parts = [
      agent.run(own.signal),
      certificate.run(client, own.signal),
      serving.run(client, own.signal),
      runtimes.run(own.signal),
      new MemorySettling({ clock }).run(own.signal),
    ];
    for (const part of parts) part.catch((error: unknown) => own.abort(error));
    try {
      await allSettledOrThrow(parts);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (config.stopPods === true) {
      const limit = AbortSignal.timeout(stopTimeoutMs);
      setMaxListeners(0, limit); // Every container is waited for.
      await agent.stopPods(limit);
      await runtimes.stop(limit);
    }
  };
  return { run };
}

/** A signal that fires when the parent's has, and what is to be done before is done. */
function followAfter(
  parent: AbortSignal,
  before: (signal: AbortSignal) => Promise<void>,
): Disposable & { readonly signal: AbortSignal; abort(reason: unknown): void } {
  const own = new AbortController();
  const onAbort = (): void =>
    void before(own.signal)
      .catch(() => undefined) // It has logged what went wrong; the stop goes on.
      .finally(() => own.abort(parent.reason));
  parent.addEventListener('abort', onAbort, { once: true });
  if (parent.aborted) onAbort();
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    [Symbol.dispose]: () => parent.removeEventListener('abort', onAbort),
  };
}
