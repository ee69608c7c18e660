import { Exposition } from './exposition.js';
import type { ContainerUsage, NodeUsage, PodUsage } from './usage.js';

interface Series {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  of(one: ContainerUsage): number;
}

const series: readonly Series[] = [
  {
    name: 'container_cpu_usage_seconds_total',
    type: 'counter',
    help: 'Cumulative cpu time consumed in seconds.',
    of: ({ cpuUsageNanos }) => cpuUsageNanos / 1e9,
  },
  {
    name: 'container_memory_usage_bytes',
    type: 'gauge',
    help: 'Current memory usage in bytes, including all memory regardless of when it was accessed',
    of: ({ memoryUsageBytes }) => memoryUsageBytes,
  },
  {
    name: 'container_memory_working_set_bytes',
    type: 'gauge',
    help: 'Current working set in bytes.',
    of: ({ memoryWorkingSetBytes }) => memoryWorkingSetBytes,
  },
  {
    name: 'container_memory_rss',
    type: 'gauge',
    help: 'Size of RSS in bytes.',
    of: ({ memoryRssBytes }) => memoryRssBytes,
  },
  {
    name: 'container_fs_usage_bytes',
    type: 'gauge',
    help: 'Number of bytes that are consumed by the container on this filesystem.',
    of: ({ rootfsUsedBytes }) => rootfsUsedBytes,
  },
  {
    name: 'container_fs_inodes_total',
    type: 'gauge',
    help: 'Number of Inodes',
    of: ({ rootfsInodes }) => rootfsInodes,
  },
  {
    name: 'container_start_time_seconds',
    type: 'gauge',
    help: 'Start time of the container since unix epoch in seconds.',
    of: ({ container }) => (container.startedAt ?? container.createdAt) / 1000,
  },
];

/** The series that dashboards and alerts are made from. Follows: /metrics/cadvisor: its names and labels. Pure. */
export function containerMetrics(node: NodeUsage, pods: readonly PodUsage[]): string {
  const out = new Exposition();
  out.family('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.');
  out.sample('machine_memory_bytes', {}, node.memoryTotalBytes);
  const all = pods.flatMap(({ pod, containers }) =>
    containers.map((one) => ({
      one,
      labels: {
        container: one.name,
        id: one.container.id,
        image: one.container.image,
        name: one.container.id,
        namespace: pod.namespace,
        pod: pod.name,
      },
    })),
  );
  for (const { name, type, help, of } of series) {
    out.family(name, type, help);
    for (const { one, labels } of all) out.sample(name, labels, of(one), one.timestampMs);
  }
  return out.toString();
}
