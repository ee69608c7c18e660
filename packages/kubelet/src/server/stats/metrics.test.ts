import { describe, expect, it } from 'vitest';
import type { CgroupStats } from './cgroup-stats.js';
import { containerMetrics } from './container-metrics.js';
import type { InterfaceStats } from './network-stats.js';
import type { NodeDetails } from './node-stats.js';
import { ownMetrics } from './own-metrics.js';
import type { PodDetails } from './pod-details.js';
import { probeMetrics } from './probe-metrics.js';
import { resourceMetrics } from './resource-metrics.js';
import { statsSummary } from './stats-summary.js';
import type { NodeUsage, PodUsage } from './usage.js';

const node: NodeUsage = {
  timestampMs: 1000,
  cpuUsageNanos: 5e9,
  cpuNanoCores: undefined,
  memoryUsageBytes: 100,
  memoryWorkingSetBytes: 90,
  memoryAvailableBytes: 910,
  memoryTotalBytes: 1000,
  fsCapacityBytes: 0,
  fsAvailableBytes: 0,
};
const pod: PodUsage = {
  pod: { name: 'web', namespace: 'default', uid: 'u' },
  startTime: undefined,
  hasNetwork: true,
  containers: [
    {
      name: 'main',
      containerId: 'c1',
      timestampMs: 2000,
      cpuUsageNanos: 1.5e9,
      cpuNanoCores: 1000,
      memoryUsageBytes: 30,
      memoryWorkingSetBytes: 20,
      memoryRssBytes: 10,
      rootfsUsedBytes: 4096,
      rootfsInodes: 3,
      container: {
        id: 'c1',
        sandboxId: 's',
        name: 'main',
        attempt: 0,
        state: 'running',
        image: 'say "hi":1',
        imageId: '',
        createdAt: 500,
        startedAt: 1000,
        finishedAt: undefined,
        exitCode: undefined,
        reason: '',
        message: '',
        labels: {},
        annotations: {},
        logPath: '',
      },
    },
  ],
};

const group: CgroupStats = {
  cpuNanos: 3e9,
  cpuUserNanos: 2e9,
  cpuSystemNanos: 1e9,
  periods: 10,
  throttledPeriods: 4,
  throttledNanos: 5e8,
  quotaMicros: 50_000,
  periodMicros: 100_000,
  shares: 102,
  memoryBytes: 40,
  workingSetBytes: 25,
  rssBytes: 11,
  cacheBytes: 7,
  mappedFileBytes: 3,
  swapBytes: 0,
  memoryLimitBytes: 1000,
  maxMemoryBytes: 50,
  memoryFailures: 2,
  pageFaults: 9,
  majorPageFaults: 1,
  oomKills: 1,
  processes: 5,
};
const files = {
  timestampMs: 1000,
  availableBytes: 700,
  capacityBytes: 1000,
  usedBytes: 300,
  inodesFree: 90,
  inodes: 100,
  inodesUsed: 10,
};
const eth0: InterfaceStats = {
  name: 'eth0',
  rxBytes: 1,
  rxPackets: 2,
  rxErrors: 3,
  rxDropped: 4,
  txBytes: 5,
  txPackets: 6,
  txErrors: 7,
  txDropped: 8,
};
const details: PodDetails = {
  usage: pod,
  cgroupPath: '/kubepods/podu',
  cgroup: group,
  containers: new Map([['c1', group]]),
  logs: new Map([['main', { ...files, usedBytes: 50, inodesUsed: 2 }]]),
  volumes: [
    { ...files, name: 'scratch', claim: undefined, ephemeral: true, abnormal: undefined },
    { ...files, name: 'data', claim: 'claim', ephemeral: false, abnormal: true },
  ],
  interfaces: [eth0],
};
const ofNode: NodeDetails = {
  bootedAtMs: 0,
  rssBytes: 12,
  pageFaults: 13,
  majorPageFaults: 14,
  interfaces: [{ ...eth0, name: 'veth1' }, eth0],
  defaultInterface: 'eth0',
  nodeFs: files,
  imageFs: { ...files, usedBytes: 123 },
  processes: 15,
  maxProcesses: 16,
  cpus: 2,
  pods: group,
  kubelet: { cpuNanos: 17, rssBytes: 18 },
};

describe('7.11.2 metrics', () => {
  it('of resources are those that metrics-server reads', () => {
    const lines = resourceMetrics(node, [pod]).split('\n');
    const labels = '{container="main",namespace="default",pod="web"}';
    expect(lines).toContain(`container_cpu_usage_seconds_total${labels} 1.5 2000`);
    expect(lines).toContain(`container_memory_working_set_bytes${labels} 20 2000`);
    expect(lines).toContain(`container_start_time_seconds${labels} 1 2000`);
    expect(lines).toContain('node_cpu_usage_seconds_total 5 1000');
    expect(lines).toContain('pod_memory_working_set_bytes{namespace="default",pod="web"} 20 2000');
  });

  it('of containers bear the names and labels that dashboards select by, escaped', () => {
    const lines = containerMetrics(node, ofNode, [details]).split('\n');
    const labels = (name: string, more = ''): string =>
      `${name}{container="main",id="/kubepods/podu/c1",image="say \\"hi\\":1",name="c1",namespace="default",pod="web"${more}}`;
    expect(lines).toEqual(
      expect.arrayContaining([
        'machine_memory_bytes 1000',
        'machine_cpu_cores 2',
        '# TYPE container_cpu_usage_seconds_total counter',
        `${labels('container_cpu_usage_seconds_total', ',cpu="total"')} 1.5 2000`,
        `${labels('container_memory_rss')} 10 2000`,
        `${labels('container_fs_usage_bytes')} 4096 2000`,
        `${labels('container_cpu_cfs_throttled_periods_total')} 4 2000`,
        `${labels('container_spec_memory_limit_bytes')} 1000 2000`,
        `${labels('container_memory_cache')} 7 2000`,
        `${labels('container_oom_events_total')} 1 2000`,
        `${labels('container_memory_failures_total', ',failure_type="pgmajfault",scope="hierarchy"')} 1 2000`,
      ]),
    );
    const ofPod = '{container="",id="/kubepods/podu",image="",name="",namespace="default",pod="web"';
    expect(lines).toContain(`container_memory_working_set_bytes${ofPod}} 25 1000`);
    expect(lines).toContain(`container_network_receive_bytes_total${ofPod},interface="eth0"} 1 1000`);
    expect(lines).toContain(`container_network_transmit_packets_dropped_total${ofPod},interface="eth0"} 8 1000`);
    // One family, one block: what scrapes this refuses a name that comes twice.
    const families = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
    expect(new Set(families).size).toBe(families.length);
  });

  it('of the kubelet tell how full claimed volumes are', () => {
    const stats = { ...files, name: 'data', claim: 'claim', ephemeral: false, abnormal: undefined };
    const text = ownMetrics({ nodeName: 'n1', states: [], volumes: [{ namespace: 'default', stats }] });
    expect(text).toContain(
      'kubelet_volume_stats_available_bytes{namespace="default",persistentvolumeclaim="claim"} 700\n',
    );
    expect(text).toContain('kubelet_node_name{node="n1"} 1\n');
    expect(text).toContain('kubelet_running_pods 0\n');
  });

  it('of probes count the answers', () => {
    const labels = { container: 'main', namespace: 'default', pod: 'web', pod_uid: 'u' };
    const text = probeMetrics([{ labels: { ...labels, probe_type: 'Liveness', result: 'failed' }, count: 3 }]);
    expect(text).toContain(
      'prober_probe_total{container="main",namespace="default",pod="web",pod_uid="u",probe_type="Liveness",result="failed"} 3\n',
    );
  });
});

describe('7.11.2 the summary', () => {
  it('tells of the node, its pods, their containers, files, networks and volumes', () => {
    const time = '1970-01-01T00:00:01Z';
    const whole = { availableBytes: 700, capacityBytes: 1000, inodesFree: 90, inodes: 100 };
    const side = { name: 'eth0', rxBytes: 1, rxErrors: 3, txBytes: 5, txErrors: 7 };
    const summary = JSON.parse(JSON.stringify(statsSummary('n1', node, ofNode, [details]))) as object;
    expect(summary).toEqual({
      node: {
        nodeName: 'n1',
        systemContainers: [
          expect.objectContaining({ name: 'kubelet' }),
          expect.objectContaining({ name: 'pods', memory: expect.objectContaining({ workingSetBytes: 25 }) as object }),
        ],
        startTime: '1970-01-01T00:00:00Z',
        cpu: { time, usageCoreNanoSeconds: 5e9 },
        memory: {
          time,
          availableBytes: 910,
          usageBytes: 100,
          workingSetBytes: 90,
          rssBytes: 12,
          pageFaults: 13,
          majorPageFaults: 14,
        },
        network: { time, ...side, interfaces: [{ ...side, name: 'veth1' }, side] },
        fs: { time, ...whole, usedBytes: 300, inodesUsed: 10 },
        runtime: {
          imageFs: { time, ...whole, usedBytes: 123, inodesUsed: 10 },
          containerFs: { time, ...whole, usedBytes: 123, inodesUsed: 10 },
        },
        rlimit: { time, maxpid: 16, curproc: 15 },
      },
      pods: [
        {
          podRef: { name: 'web', namespace: 'default', uid: 'u' },
          containers: [
            {
              name: 'main',
              startTime: time,
              cpu: { time: '1970-01-01T00:00:02Z', usageNanoCores: 1000, usageCoreNanoSeconds: 1.5e9 },
              memory: {
                time: '1970-01-01T00:00:02Z',
                availableBytes: 980,
                usageBytes: 30,
                workingSetBytes: 20,
                rssBytes: 10,
                pageFaults: 9,
                majorPageFaults: 1,
              },
              rootfs: { time: '1970-01-01T00:00:02Z', ...whole, usedBytes: 4096, inodesUsed: 3 },
              logs: { time, ...whole, usedBytes: 50, inodesUsed: 2 },
              swap: { time: '1970-01-01T00:00:02Z', swapUsageBytes: 0 },
            },
          ],
          cpu: { time, usageNanoCores: 1000, usageCoreNanoSeconds: 3e9 },
          memory: {
            time,
            availableBytes: 975,
            usageBytes: 40,
            workingSetBytes: 25,
            rssBytes: 11,
            pageFaults: 9,
            majorPageFaults: 1,
          },
          network: { time, ...side, interfaces: [side] },
          volume: [
            { time, ...whole, usedBytes: 300, inodesUsed: 10, name: 'scratch' },
            {
              time,
              ...whole,
              usedBytes: 300,
              inodesUsed: 10,
              name: 'data',
              pvcRef: { name: 'claim', namespace: 'default' },
              volumeHealthStats: { abnormal: true },
            },
          ],
          // The layer, the log and the volume on the node's disk; not the claimed one.
          'ephemeral-storage': { time, ...whole, usedBytes: 4096 + 50 + 300, inodesUsed: 3 + 2 + 10 },
          process_stats: { process_count: 5 },
          swap: { time, swapUsageBytes: 0 },
        },
      ],
    });
  });
});
