import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Rcode } from './resource-record.js';

export interface DnsMetrics {
  /** Must be quick: runs for every answer. */
  answered(transport: 'udp' | 'tcp', type: number, rcode: Rcode, tookMs: number): void;
  text(): Promise<string>;
}

export interface DnsMetricsOptions {
  readonly zone: string;
  readonly cache: { readonly hits: number; readonly misses: number; readonly size: number };
  readonly forwardsInFlight: () => number;
}

const typeNames: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
};

/** One question in so many is timed into the histogram's buckets; the counters count them all. */
const sampleEvery = 8;

/** Names as dashboards for CoreDNS expect them. */
export function createDnsMetrics({ zone, cache, forwardsInFlight }: DnsMetricsOptions): DnsMetrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const requests = new Counter({
    name: 'coredns_dns_requests_total',
    help: 'Questions by type and transport.',
    labelNames: ['server', 'zone', 'proto', 'type'],
    registers,
  });
  const responses = new Counter({
    name: 'coredns_dns_responses_total',
    help: 'Answers by code.',
    labelNames: ['server', 'zone', 'rcode'],
    registers,
  });
  const durations = new Histogram({
    name: 'coredns_dns_request_duration_seconds',
    help: 'Time to answer, of one question in eight.',
    labelNames: ['server', 'zone'],
    buckets: [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4, 8],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('coredns_cache_entries', 'Answers of other servers that are kept.', () => cache.size);
  gauge('coredns_forward_in_flight', 'Questions on their way to other servers.', forwardsInFlight);
  const counted = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counted('coredns_cache_hits_total', 'Questions answered from the cache.', () => cache.hits);
  counted('coredns_cache_misses_total', 'Questions that had to be passed on.', () => cache.misses);
  counted('coredns_cache_requests_total', 'Questions that asked the cache.', () => cache.hits + cache.misses);

  // Label look-ups cost more than the answer; each child is kept.
  const kept = new Map<string, { inc(): void }>();
  const child = (key: string, make: () => { inc(): void }): { inc(): void } => {
    const known = kept.get(key) ?? make();
    kept.set(key, known);
    return known;
  };
  const duration = durations.labels({ server: 'dns', zone });
  let count = 0;
  return {
    answered(proto, number, rcode, tookMs) {
      const type = typeNames[number] ?? 'other';
      child(`${proto}${type}`, () => requests.labels({ server: 'dns', zone, proto, type })).inc();
      child(rcode, () => responses.labels({ server: 'dns', zone, rcode })).inc();
      count += 1;
      if (count % sampleEvery === 0) duration.observe(tookMs / 1000);
    },
    text: () => registry.metrics(),
  };
}
