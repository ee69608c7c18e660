import { Exposition } from './exposition.js';
import type { NodeUsage, PodUsage } from './usage.js';

/** What metrics-server reads. Follows: /metrics/resource of the kubelet. Pure. */
export function resourceMetrics(node: NodeUsage, pods: readonly PodUsage[]): string {
  const out = new Exposition();
  const all = pods.flatMap(({ pod, containers }) =>
    containers.map((one) => ({ one, labels: { container: one.name, namespace: pod.namespace, pod: pod.name } })),
  );
  out.family(
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the container in core-seconds',
  );
  for (const { one, labels } of all)
    out.sample('container_cpu_usage_seconds_total', labels, one.cpuUsageNanos / 1e9, one.timestampMs);
  out.family('container_memory_working_set_bytes', 'gauge', 'Current working set of the container in bytes');
  for (const { one, labels } of all)
    out.sample('container_memory_working_set_bytes', labels, one.memoryWorkingSetBytes, one.timestampMs);
  out.family('container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds');
  for (const { one, labels } of all) {
    out.sample(
      'container_start_time_seconds',
      labels,
      (one.container.startedAt ?? one.container.createdAt) / 1000,
      one.timestampMs,
    );
  }
  out.family('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds');
  out.sample('node_cpu_usage_seconds_total', {}, node.cpuUsageNanos / 1e9, node.timestampMs);
  out.family('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes');
  out.sample('node_memory_working_set_bytes', {}, node.memoryWorkingSetBytes, node.timestampMs);
  out.family('pod_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the pod in core-seconds');
  const sums = pods.map(({ pod, containers }) => ({
    labels: { namespace: pod.namespace, pod: pod.name },
    cpu: containers.reduce((sum, one) => sum + one.cpuUsageNanos, 0) / 1e9,
    memory: containers.reduce((sum, one) => sum + one.memoryWorkingSetBytes, 0),
    at: Math.max(...containers.map(({ timestampMs }) => timestampMs)),
  }));
  for (const { labels, cpu, at } of sums) out.sample('pod_cpu_usage_seconds_total', labels, cpu, at);
  out.family('pod_memory_working_set_bytes', 'gauge', 'Current working set of the pod in bytes');
  for (const { labels, memory, at } of sums) out.sample('pod_memory_working_set_bytes', labels, memory, at);
  out.family('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise');
  out.sample('resource_scrape_error', {}, 0, node.timestampMs);
  return out.toString();
}
