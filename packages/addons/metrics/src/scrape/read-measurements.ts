import type { ContainerMeasurement, Measurement, NodeMeasurements } from '../samples/measurement.js';
import type { ExposedSample } from './parse-exposition.js';
import { parseExposition } from './parse-exposition.js';

const wanted = new Set([
  'node_cpu_usage_seconds_total',
  'node_memory_working_set_bytes',
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'container_start_time_seconds',
]);

interface Draft {
  readonly labels: ExposedSample['labels'];
  timestampMs: number;
  cpuSeconds: number | undefined;
  workingSetBytes: number | undefined;
  startTimeMs: number | undefined;
}

/**
 * What a kubelet's /metrics/resource says of its node and containers. Half-known containers are left out.
 * Follows: the five series that metrics-server reads.
 * @throws {SyntaxError} no such text.
 */
export function readMeasurements(text: string, askedAtMs: number): NodeMeasurements {
  const node = draft({}, askedAtMs);
  const containers = new Map<string, Draft>();
  for (const sample of parseExposition(text, wanted)) {
    const { name, labels } = sample;
    let target = node;
    if (name.startsWith('container_')) {
      const id = `${labels['namespace'] ?? ''}/${labels['pod'] ?? ''}/${labels['container'] ?? ''}`;
      const known = containers.get(id);
      target = known ?? draft(labels, askedAtMs);
      if (known === undefined) containers.set(id, target);
    }
    fill(target, sample);
  }
  return {
    node: measurementOf(node),
    containers: [...containers.values()].flatMap((one): ContainerMeasurement[] => {
      const measured = measurementOf(one);
      const { namespace, pod, container } = one.labels;
      if (measured === undefined || namespace === undefined || pod === undefined || container === undefined) return [];
      return [{ ...measured, namespace, pod, container }];
    }),
  };
}

const draft = (labels: Draft['labels'], timestampMs: number): Draft => ({
  labels,
  timestampMs,
  cpuSeconds: undefined,
  workingSetBytes: undefined,
  startTimeMs: undefined,
});

function fill(target: Draft, { name, value, timestampMs }: ExposedSample): void {
  if (name.endsWith('_cpu_usage_seconds_total')) {
    target.cpuSeconds = value;
    if (timestampMs !== undefined) target.timestampMs = timestampMs; // the rate is taken over this one
  } else if (name.endsWith('_memory_working_set_bytes')) target.workingSetBytes = value;
  else target.startTimeMs = value * 1000;
}

function measurementOf({ timestampMs, cpuSeconds, workingSetBytes, startTimeMs }: Draft): Measurement | undefined {
  if (cpuSeconds === undefined || workingSetBytes === undefined) return undefined;
  if (!Number.isFinite(cpuSeconds) || !Number.isFinite(workingSetBytes)) return undefined;
  return { timestampMs, cpuSeconds, workingSetBytes, startTimeMs };
}
