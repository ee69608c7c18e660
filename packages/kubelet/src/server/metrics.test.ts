import { describe, expect, it } from 'vitest';
import { containerMetrics } from './container-metrics.js';
import { probeMetrics } from './probe-metrics.js';
import { resourceMetrics } from './resource-metrics.js';
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

  it('of containers bear the labels that dashboards select by, escaped', () => {
    const lines = containerMetrics(node, [pod]).split('\n');
    const labels = '{container="main",id="c1",image="say \\"hi\\":1",name="c1",namespace="default",pod="web"}';
    expect(lines).toContain('machine_memory_bytes 1000');
    expect(lines).toContain(`container_cpu_usage_seconds_total${labels} 1.5 2000`);
    expect(lines).toContain(`container_memory_rss${labels} 10 2000`);
    expect(lines).toContain(`container_fs_usage_bytes${labels} 4096 2000`);
    expect(lines).toContain('# TYPE container_cpu_usage_seconds_total counter');
  });

  it('of probes count the answers', () => {
    const labels = { container: 'main', namespace: 'default', pod: 'web', pod_uid: 'u' };
    const text = probeMetrics([{ labels: { ...labels, probe_type: 'Liveness', result: 'failed' }, count: 3 }]);
    expect(text).toContain(
      'prober_probe_total{container="main",namespace="default",pod="web",pod_uid="u",probe_type="Liveness",result="failed"} 3\n',
    );
  });
});
