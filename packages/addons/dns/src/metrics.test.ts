import { expect, it } from 'vitest';
import { createMetrics } from './metrics.js';

it('DNS 70 tells queries, answers, their time and the cache by the names that dashboards look for', async () => {
  const { metrics, text } = createMetrics(() => 3);
  for (const type of ['A', 'A', 'AAAA']) metrics.request('udp', type);
  metrics.request('tcp', 'A');
  metrics.response('NOERROR', 0);
  metrics.response('NXDOMAIN', 0.003);
  metrics.response('SERVFAIL', 9);
  metrics.cache(true);
  metrics.cache(false);
  metrics.forwarded('NOERROR');
  await text();
  metrics.request('udp', 'A'); // counted once, however often it is read
  const told = await text();
  for (const line of [
    'coredns_dns_requests_total{proto="udp",type="A",server="dns://",zone=".",family="1"} 3',
    'coredns_dns_requests_total{proto="udp",type="AAAA",server="dns://",zone=".",family="1"} 1',
    'coredns_dns_requests_total{proto="tcp",type="A",server="dns://",zone=".",family="1"} 1',
    'coredns_dns_responses_total{rcode="NXDOMAIN",server="dns://",zone="."} 1',
    '# TYPE coredns_dns_request_duration_seconds histogram',
    'coredns_dns_request_duration_seconds_bucket{le="0.00025",server="dns://",zone="."} 1',
    'coredns_dns_request_duration_seconds_bucket{le="0.002",server="dns://",zone="."} 1',
    'coredns_dns_request_duration_seconds_bucket{le="0.004",server="dns://",zone="."} 2',
    'coredns_dns_request_duration_seconds_bucket{le="4",server="dns://",zone="."} 2',
    'coredns_dns_request_duration_seconds_bucket{le="+Inf",server="dns://",zone="."} 3',
    'coredns_dns_request_duration_seconds_sum{server="dns://",zone="."} 9.003',
    'coredns_dns_request_duration_seconds_count{server="dns://",zone="."} 3',
    'coredns_cache_requests_total{server="dns://"} 2',
    'coredns_cache_hits_total{server="dns://"} 1',
    'coredns_cache_entries{server="dns://"} 3',
    'coredns_forward_responses_total{rcode="NOERROR"} 1',
  ])
    expect(told.split('\n')).toContain(line);
});
