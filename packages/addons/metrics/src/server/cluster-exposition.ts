import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { History } from '../samples/history.js';
import type { SampleStore } from '../samples/sample-store.js';

type Labels = Readonly<Record<string, string>>;

/** The addon's own numbers. */
export interface ServerMetrics {
  readonly registry: Registry;
  answered(succeeded: boolean, seconds: number): void;
}

export function createServerMetrics(history: History): ServerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const scrapes = new Counter({
    name: 'geobuk_metrics_scrapes_total',
    help: 'Kubelets asked, by success',
    labelNames: ['success'],
    registers,
  });
  const duration = new Histogram({
    name: 'geobuk_metrics_scrape_duration_seconds',
    help: 'Time until a kubelet had answered',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const series: Gauge = new Gauge({
    name: 'geobuk_metrics_history_series',
    help: 'Nodes and containers with a history',
    registers,
    collect: (): void => series.set(history.seriesCount),
  });
  const bytes: Gauge = new Gauge({
    name: 'geobuk_metrics_history_bytes',
    help: 'Memory that the history takes',
    registers,
    collect: (): void => bytes.set(history.sizeBytes),
  });
  return {
    registry,
    answered: (succeeded, seconds) => {
      scrapes.inc({ success: String(succeeded) });
      duration.observe(seconds);
    },
  };
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/**
 * What was measured last of all nodes and containers, under the names that kubelets give it, with the node as a label:
 * one place to read instead of every kubelet. Follows: Prometheus text format 0.0.4.
 */
export function clusterExposition(store: SampleStore): string {
  const lines: string[] = [];
  const all = [...store.measurements()];
  const family = (name: string, type: 'counter' | 'gauge', help: string): void =>
    void lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  const sample = (name: string, labels: Labels, value: number, atMs: number): void => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    lines.push(`${name}{${pairs.join(',')}} ${value} ${Math.round(atMs)}`);
  };
  const containers = all.flatMap(({ node, measured }) =>
    measured.containers.map((one) => ({
      one,
      labels: { node, namespace: one.namespace, pod: one.pod, container: one.container },
    })),
  );
  family('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds');
  for (const { node, measured } of all) {
    if (measured.node === undefined) continue;
    sample('node_cpu_usage_seconds_total', { node }, measured.node.cpuSeconds, measured.node.timestampMs);
  }
  family('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes');
  for (const { node, measured } of all) {
    if (measured.node === undefined) continue;
    sample('node_memory_working_set_bytes', { node }, measured.node.workingSetBytes, measured.node.timestampMs);
  }
  family(
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the container in core-seconds',
  );
  for (const { one, labels } of containers)
    sample('container_cpu_usage_seconds_total', labels, one.cpuSeconds, one.timestampMs);
  family('container_memory_working_set_bytes', 'gauge', 'Current working set of the container in bytes');
  for (const { one, labels } of containers)
    sample('container_memory_working_set_bytes', labels, one.workingSetBytes, one.timestampMs);
  return `${lines.join('\n')}\n`;
}
