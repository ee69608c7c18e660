import type { CgroupStats } from './cgroup-stats.js';
import { Exposition } from './exposition.js';
import type { InterfaceStats } from './network-stats.js';
import type { NodeDetails } from './node-stats.js';
import type { PodDetails } from './pod-details.js';
import type { ContainerUsage, NodeUsage } from './usage.js';

type Labels = Readonly<Record<string, string>>;

interface Series<T> {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels?: Labels | undefined;
  of(one: T): number | undefined;
}

const seconds = (nanos: number): number => nanos / 1e9;

/** Of control groups: of each container, and of each pod as a whole. */
const groupSeries: readonly Series<CgroupStats>[] = [
  {
    name: 'container_cpu_user_seconds_total',
    type: 'counter',
    help: 'Cumulative user cpu time consumed in seconds.',
    of: (one) => seconds(one.cpuUserNanos),
  },
  {
    name: 'container_cpu_system_seconds_total',
    type: 'counter',
    help: 'Cumulative system cpu time consumed in seconds.',
    of: (one) => seconds(one.cpuSystemNanos),
  },
  {
    name: 'container_cpu_cfs_periods_total',
    type: 'counter',
    help: 'Number of elapsed enforcement period intervals.',
    of: (one) => (one.quotaMicros === undefined ? undefined : one.periods),
  },
  {
    name: 'container_cpu_cfs_throttled_periods_total',
    type: 'counter',
    help: 'Number of throttled period intervals.',
    of: (one) => (one.quotaMicros === undefined ? undefined : one.throttledPeriods),
  },
  {
    name: 'container_cpu_cfs_throttled_seconds_total',
    type: 'counter',
    help: 'Total time duration the container has been throttled.',
    of: (one) => (one.quotaMicros === undefined ? undefined : seconds(one.throttledNanos)),
  },
  {
    name: 'container_spec_cpu_period',
    type: 'gauge',
    help: 'CPU period of the container.',
    of: (one) => one.periodMicros,
  },
  {
    name: 'container_spec_cpu_quota',
    type: 'gauge',
    help: 'CPU quota of the container.',
    of: (one) => one.quotaMicros,
  },
  { name: 'container_spec_cpu_shares', type: 'gauge', help: 'CPU share of the container.', of: (one) => one.shares },
  {
    name: 'container_spec_memory_limit_bytes',
    type: 'gauge',
    help: 'Memory limit for the container.',
    of: (one) => one.memoryLimitBytes ?? 0,
  },
  {
    name: 'container_memory_cache',
    type: 'gauge',
    help: 'Number of bytes of page cache memory.',
    of: (one) => one.cacheBytes,
  },
  {
    name: 'container_memory_mapped_file',
    type: 'gauge',
    help: 'Size of memory mapped files in bytes.',
    of: (one) => one.mappedFileBytes,
  },
  { name: 'container_memory_swap', type: 'gauge', help: 'Container swap usage in bytes.', of: (one) => one.swapBytes },
  {
    name: 'container_memory_max_usage_bytes',
    type: 'gauge',
    help: 'Maximum memory usage recorded in bytes',
    of: (one) => one.maxMemoryBytes,
  },
  {
    name: 'container_memory_failcnt',
    type: 'counter',
    help: 'Number of memory usage hits limits',
    of: (one) => one.memoryFailures,
  },
  {
    name: 'container_memory_failures_total',
    type: 'counter',
    help: 'Cumulative count of memory allocation failures.',
    labels: { failure_type: 'pgfault', scope: 'hierarchy' },
    of: (one) => one.pageFaults,
  },
  {
    name: 'container_memory_failures_total',
    type: 'counter',
    help: '',
    labels: { failure_type: 'pgmajfault', scope: 'hierarchy' },
    of: (one) => one.majorPageFaults,
  },
  {
    name: 'container_oom_events_total',
    type: 'counter',
    help: 'Count of out of memory events observed for the container',
    of: (one) => one.oomKills,
  },
  {
    name: 'container_threads',
    type: 'gauge',
    help: 'Number of threads running inside the container',
    of: (one) => one.processes,
  },
];

/** What the runtime measures too, so that it is there for containers without a group of ours. */
const usageSeries: readonly (Series<ContainerUsage> & { ofGroup(one: CgroupStats): number | undefined })[] = [
  {
    name: 'container_cpu_usage_seconds_total',
    type: 'counter',
    help: 'Cumulative cpu time consumed in seconds.',
    labels: { cpu: 'total' },
    of: (one) => seconds(one.cpuUsageNanos),
    ofGroup: (one) => seconds(one.cpuNanos),
  },
  {
    name: 'container_memory_usage_bytes',
    type: 'gauge',
    help: 'Current memory usage in bytes, including all memory regardless of when it was accessed',
    of: (one) => one.memoryUsageBytes,
    ofGroup: (one) => one.memoryBytes,
  },
  {
    name: 'container_memory_working_set_bytes',
    type: 'gauge',
    help: 'Current working set in bytes.',
    of: (one) => one.memoryWorkingSetBytes,
    ofGroup: (one) => one.workingSetBytes,
  },
  {
    name: 'container_memory_rss',
    type: 'gauge',
    help: 'Size of RSS in bytes.',
    of: (one) => one.memoryRssBytes,
    ofGroup: (one) => one.rssBytes,
  },
  {
    name: 'container_fs_usage_bytes',
    type: 'gauge',
    help: 'Number of bytes that are consumed by the container on this filesystem.',
    of: (one) => one.rootfsUsedBytes,
    ofGroup: () => undefined,
  },
  {
    name: 'container_fs_inodes_total',
    type: 'gauge',
    help: 'Number of Inodes',
    of: (one) => one.rootfsInodes,
    ofGroup: () => undefined,
  },
  {
    name: 'container_start_time_seconds',
    type: 'gauge',
    help: 'Start time of the container since unix epoch in seconds.',
    of: ({ container }) => (container.startedAt ?? container.createdAt) / 1000,
    ofGroup: () => undefined,
  },
  {
    name: 'container_last_seen',
    type: 'gauge',
    help: 'Last time a container was seen by the exporter',
    of: ({ timestampMs }) => Math.floor(timestampMs / 1000),
    ofGroup: () => undefined,
  },
];

const networkSeries: readonly Series<InterfaceStats>[] = (['receive', 'transmit'] as const).flatMap((way) => {
  const side = way === 'receive' ? 'rx' : 'tx';
  const done = way === 'receive' ? 'received' : 'transmitted';
  const one = (
    what: string,
    help: string,
    field: 'Bytes' | 'Packets' | 'Errors' | 'Dropped',
  ): Series<InterfaceStats> => ({
    name: `container_network_${way}_${what}_total`,
    type: 'counter',
    help,
    of: (stats) => stats[`${side}${field}`],
  });
  return [
    one('bytes', `Cumulative count of bytes ${done}`, 'Bytes'),
    one('packets', `Cumulative count of packets ${done}`, 'Packets'),
    one(
      'errors',
      `Cumulative count of errors encountered while ${way === 'receive' ? 'receiving' : 'transmitting'}`,
      'Errors',
    ),
    one(
      'packets_dropped',
      `Cumulative count of packets dropped while ${way === 'receive' ? 'receiving' : 'transmitting'}`,
      'Dropped',
    ),
  ];
});

/** The series that dashboards and alerts are made from. Follows: /metrics/cadvisor: its names and labels. Pure. */
export function containerMetrics(node: NodeUsage, details: NodeDetails, pods: readonly PodDetails[]): string {
  const out = new Exposition();
  out.family('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.');
  out.sample('machine_memory_bytes', {}, node.memoryTotalBytes);
  out.family('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.');
  out.sample('machine_cpu_cores', {}, details.cpus);

  const containers = pods.flatMap((pod) =>
    pod.usage.containers.map((one) => ({
      one,
      group: pod.containers.get(one.container.id),
      labels: labelsOf(pod, one),
    })),
  );
  const groups = pods.flatMap((pod) =>
    pod.cgroup === undefined ? [] : [{ group: pod.cgroup, labels: labelsOf(pod) }],
  );
  const atMs = node.timestampMs;
  for (const { name, type, help, labels = {}, of, ofGroup } of usageSeries) {
    out.family(name, type, help);
    for (const { one, labels: own } of containers) sample(out, name, { ...own, ...labels }, of(one), one.timestampMs);
    for (const { group, labels: own } of groups) sample(out, name, { ...own, ...labels }, ofGroup(group), atMs);
  }
  for (const { name, type, help, labels = {}, of } of groupSeries) {
    if (help !== '') out.family(name, type, help);
    for (const { one, group, labels: own } of containers)
      if (group !== undefined) sample(out, name, { ...own, ...labels }, of(group), one.timestampMs);
    for (const { group, labels: own } of groups) sample(out, name, { ...own, ...labels }, of(group), atMs);
  }
  for (const { name, type, help, of } of networkSeries) {
    out.family(name, type, help);
    for (const pod of pods)
      for (const one of pod.interfaces)
        sample(out, name, { ...labelsOf(pod), container: '', interface: one.name }, of(one), atMs);
  }
  return out.toString();
}

function sample(out: Exposition, name: string, labels: Labels, value: number | undefined, atMs: number): void {
  if (value !== undefined) out.sample(name, labels, value, atMs);
}

/** Of a container, or of the pod as a whole: then `container` is empty. */
function labelsOf({ usage: { pod }, cgroupPath = '' }: PodDetails, one?: ContainerUsage): Labels {
  const id = one?.container.id;
  return {
    container: one?.name ?? '',
    id: id === undefined ? cgroupPath : `${cgroupPath}/${id}`,
    image: one?.container.image ?? '',
    name: id ?? '',
    namespace: pod.namespace,
    pod: pod.name,
  };
}
