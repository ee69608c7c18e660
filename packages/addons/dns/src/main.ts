#!/usr/bin/env node
import { networkInterfaces } from 'node:os';
import { runAgent, runHealthServer, runTogether } from '@geobuk/addon-sdk';
import { followCluster } from './cluster-source.js';
import type { DnsConfig } from './config.js';
import { DnsServer } from './dns-server.js';
import { AnswerCache } from './forward/answer-cache.js';
import { Forwarder } from './forward/forwarder.js';
import { createMetrics } from './metrics.js';
import { dnsPorts } from './ports.js';
import { Resolver } from './resolver.js';
import { upstreamList } from './upstream-list.js';
import { ClusterZone } from './zone/cluster-zone.js';

/** After SIGTERM queries are answered for this long: nodes take a moment to stop sending them here. */
const lameDuckMs = 2_000;

await runAgent<DnsConfig>('dns', async ({ config, cluster, informers, clock, log }, signal) => {
  const ports = dnsPorts(cluster.id, config.port);
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const zone = new ClusterZone({
    domain: cluster.domain,
    ttlSeconds: config.ttlSeconds,
    dnsAddress: cluster.dnsAddress,
    pods: config.pods,
    ignoreEmptyService: config.ignoreEmptyService,
    networks: [cluster.podCIDR, cluster.serviceCIDR],
  });
  const forwarderTo = (entries: readonly string[]): Forwarder =>
    new Forwarder({ upstreams: upstreamList(entries, [...own, cluster.dnsAddress]), ...config.forward });
  const cache = new AnswerCache({ ...config.cache, now: () => clock.now() });
  const { text, metrics } = createMetrics(() => cache.size);
  const forwarder = forwarderTo(config.upstreams);
  if (forwarder.upstreams.length === 0)
    log.warn({ upstreams: config.upstreams }, 'no upstream servers: only cluster names are known');
  const resolver = new Resolver({
    zone,
    forwarder,
    cache,
    metrics,
    now: () => clock.now(),
    stubs: new Map(
      Object.entries(config.stubDomains).map(([suffix, entries]) => [suffix.toLowerCase(), forwarderTo(entries)]),
    ),
    hosts: new Map(Object.entries(config.hosts).map(([name, addresses]) => [name.toLowerCase(), addresses])),
  });
  const server = new DnsServer({ resolver, log });
  const address = process.env['GEOBUK_HOST_IP'] ?? '0.0.0.0';
  await server.listen(address, ports.dns);
  log.info({ address, port: ports.dns, upstreams: forwarder.upstreams }, 'serving');
  const checks = {
    '/health': () => undefined,
    '/ready': () => (zone.synced && !signal.aborted ? undefined : 'the cluster is not known yet'),
  };
  const stopServing = new AbortController();
  try {
    await runTogether(signal, [
      () =>
        runHealthServer(
          { host: '127.0.0.1', port: ports.status, checks, metrics: text },
          stopServing.signal, // serves on while others learn that this one goes
        ),
      (all) =>
        followCluster(informers, zone, config.pods === 'verified', all)
          .then(() => whenAborted(all))
          .then(() => clock.after(lameDuckMs, { signal: stopServing.signal }))
          .finally(() => stopServing.abort()),
    ]);
  } finally {
    await server.close();
  }
});

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
