import type { ProbeTotal } from '../../probes/pod-probes.js';
import { Exposition } from './exposition.js';

/** Follows: /metrics/probes of the kubelet. Pure. */
export function probeMetrics(totals: readonly ProbeTotal[]): string {
  const out = new Exposition();
  const help = 'Cumulative number of a liveness, readiness or startup probe for a container by result.';
  out.family('prober_probe_total', 'counter', help);
  for (const { labels, count } of totals) out.sample('prober_probe_total', labels, count);
  return out.toString();
}
