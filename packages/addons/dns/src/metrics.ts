import { Counter, Gauge, Registry } from 'prom-client';
import { PlainCounter, PlainHistogram } from './plain-metrics.js';
import type { ResolverMetrics } from './resolver.js';

export interface DnsMetrics {
  readonly metrics: ResolverMetrics;
  /** All of them as Prometheus text. */
  text(): Promise<string>;
}

const server = 'dns://';
const buckets = [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4];

/** Prometheus metrics under the names that CoreDNS' dashboards and alerts look for. */
export function createMetrics(cacheSize: () => number): DnsMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new PlainCounter(
    'coredns_dns_requests_total',
    'Queries by protocol and type',
    (text) => {
      const [proto = '', type = ''] = text.split(' ');
      return { proto, type, server, zone: '.', family: '1' };
    },
    registry,
  );
  const responses = new PlainCounter(
    'coredns_dns_responses_total',
    'Answers by code',
    (rcode) => ({ rcode, server, zone: '.' }),
    registry,
  );
  const duration = new PlainHistogram('coredns_dns_request_duration_seconds', 'Time to answer', buckets, {
    server,
    zone: '.',
  });
  const cacheRequests = new Counter({
    name: 'coredns_cache_requests_total',
    help: 'Look-ups in the cache',
    labelNames: ['server'],
    registers,
  });
  const cacheHits = new Counter({
    name: 'coredns_cache_hits_total',
    help: 'Look-ups that found an answer',
    labelNames: ['server'],
    registers,
  });
  const forwarded = new Counter({
    name: 'coredns_forward_responses_total',
    help: 'Answers of upstream servers by code',
    labelNames: ['rcode'],
    registers,
  });
  const entries: Gauge = new Gauge({
    name: 'coredns_cache_entries',
    help: 'Answers in the cache',
    labelNames: ['server'],
    registers,
    collect: (): void => entries.set({ server }, cacheSize()),
  });
  return {
    text: async () => `${await registry.metrics()}\n${duration.text()}`,
    metrics: {
      request: (proto, type) => requests.count(proto === 'udp' ? `udp ${type}` : `tcp ${type}`),
      response: (rcode, seconds) => {
        responses.count(rcode);
        duration.observe(seconds);
      },
      cache: (hit) => {
        cacheRequests.inc({ server });
        if (hit) cacheHits.inc({ server });
      },
      forwarded: (rcode) => forwarded.inc({ rcode }),
    },
  };
}
