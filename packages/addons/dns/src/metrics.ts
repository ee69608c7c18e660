import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ResolverMetrics } from './resolver.js';

/** Prometheus metrics under the names that CoreDNS' dashboards and alerts look for. */
export function createMetrics(cacheSize: () => number): {
  readonly registry: Registry;
  readonly metrics: ResolverMetrics;
} {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'coredns_dns_requests_total',
    help: 'Queries by protocol and type',
    labelNames: ['proto', 'type', 'server', 'zone', 'family'],
    registers,
  });
  const responses = new Counter({
    name: 'coredns_dns_responses_total',
    help: 'Answers by code',
    labelNames: ['rcode', 'server', 'zone'],
    registers,
  });
  const duration = new Histogram({
    name: 'coredns_dns_request_duration_seconds',
    help: 'Time to answer',
    buckets: [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4],
    labelNames: ['server', 'zone'],
    registers,
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
    collect: (): void => entries.set({ server: 'dns://' }, cacheSize()),
  });
  const server = 'dns://';
  return {
    registry,
    metrics: {
      request: (proto, type) => requests.inc({ proto, type, server, zone: '.', family: '1' }),
      response: (rcode, seconds) => {
        responses.inc({ rcode, server, zone: '.' });
        duration.observe({ server, zone: '.' }, seconds);
      },
      cache: (hit) => {
        cacheRequests.inc({ server });
        if (hit) cacheHits.inc({ server });
      },
      forwarded: (rcode) => forwarded.inc({ rcode }),
    },
  };
}
