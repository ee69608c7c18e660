import { runHealthServer } from '@geobuk/addon-sdk';
import type { AgentContext } from '@geobuk/addon-sdk';
import { allSettledOrThrow } from '@geobuk/client';
import type { DnsConfig } from '../config.js';
import { dnsPortOf, metricsPortOf } from '../manifests.js';
import { informerView } from './cluster-view.js';
import { ClusterZone } from './cluster-zone.js';
import { createDnsMetrics } from './dns-metrics.js';
import { runDnsServer } from './dns-server.js';
import { ForwardCache } from './forward-cache.js';
import { Forwarder } from './forwarder.js';
import { HostResolvers } from './host-resolvers.js';
import { Resolver } from './resolver.js';
import { Upstream, parseServerAddress } from './upstream.js';

const upstreamTimeoutMs = 1_500;
const cacheEntries = 10_000;

export type DnsAgentContext = Pick<AgentContext<DnsConfig>, 'informers' | 'clock' | 'log' | 'cluster' | 'config'>;

export interface DnsAgentOptions {
  /** All addresses unless said: pods come by the node's, whichever that is. */
  readonly host?: string | undefined;
  readonly resolvConf?: string | undefined;
  readonly listening?: ((port: number) => void) | undefined;
}

/** The parts of one DNS server. Cluster names never wait for anybody: they are answered from memory. */
export async function runDnsAgent(
  context: DnsAgentContext,
  signal: AbortSignal,
  options: DnsAgentOptions = {},
): Promise<void> {
  const { informers, clock, log, cluster, config } = context;
  const { ttlSeconds } = config;
  const port = dnsPortOf(config, cluster);
  const open = (text: string): Upstream => new Upstream(parseServerAddress(text), upstreamTimeoutMs);
  const fixed = config.upstreams.map(open);
  const stubDomains = new Map(
    Object.entries(config.stubDomains).map(([domain, servers]) => [nameOf(domain), servers.map(open)]),
  );
  // A node whose own resolver is cluster DNS would have us ask ourselves for ever.
  const host = new HostResolvers(
    options.resolvConf ?? '/etc/resolv.conf',
    (address) => address.host === cluster.dnsAddress,
    upstreamTimeoutMs,
  );
  const cache = new ForwardCache({ maxSeconds: config.cacheSeconds, maxEntries: cacheEntries, now: clock.now });
  const forwarder = new Forwarder({
    upstreams: () => (fixed.length > 0 ? fixed : host.upstreams),
    stubDomains,
    cache,
    now: clock.now,
    log,
  });
  const domain = nameOf(cluster.domain);
  const view = informerView(informers, () => resolver.changed());
  const zone = new ClusterZone({ domain, dnsAddress: cluster.dnsAddress, ttlSeconds, pods: config.pods }, view);
  const hosts = new Map(Object.entries(config.hosts).map(([name, addresses]) => [nameOf(name), addresses]));
  const resolver: Resolver = new Resolver({ zone, forwarder, hosts, ttlSeconds });
  const metrics = createDnsMetrics({ zone: `${domain}.`, cache, forwardsInFlight: () => forwarder.inFlight });
  try {
    await allSettledOrThrow([
      host.run(signal),
      runDnsServer(
        { host: options.host ?? '0.0.0.0', port, resolver, metrics, log, listening: options.listening },
        signal,
      ),
      runHealthServer(
        {
          host: options.host ?? '0.0.0.0',
          port: metricsPortOf(config, cluster),
          checks: {
            '/health': () => undefined,
            '/ready': () => (view.isSynced ? undefined : 'kubernetes: services are not read yet'),
          },
          metrics: metrics.text,
        },
        signal,
      ),
    ]);
  } finally {
    for (const upstream of [...fixed, ...[...stubDomains.values()].flat()]) await upstream.close();
  }
}

const nameOf = (text: string): string => text.toLowerCase().replace(/\.$/, '');
