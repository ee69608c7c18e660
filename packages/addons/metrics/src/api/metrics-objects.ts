import { formatQuantity } from '@geobuk/api';
import type { KubernetesObject, ObjectMeta } from '@geobuk/api';
import type { ContainerUsage } from '../samples/sample-store.js';
import type { Usage } from '../samples/measurement.js';

export const metricsGroup = 'metrics.k8s.io';
export const metricsVersion = 'v1beta1';
export const metricsApiVersion = `${metricsGroup}/${metricsVersion}`;

export interface ResourceUsage {
  readonly cpu: string;
  readonly memory: string;
}

/** Follows: metrics.k8s.io/v1beta1 NodeMetrics. */
export interface NodeMetrics extends KubernetesObject {
  readonly timestamp: string;
  readonly window: string;
  readonly usage: ResourceUsage;
}

/** Follows: metrics.k8s.io/v1beta1 PodMetrics. */
export interface PodMetrics extends KubernetesObject {
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: ResourceUsage }[];
}

interface Subject {
  readonly metadata: ObjectMeta;
}

export const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** Such as `15.012s`. Follows: Go's time.Duration below a minute, and its minutes above. */
export function goDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = Number(((ms - minutes * 60_000) / 1000).toFixed(3));
  const text = minutes === 0 ? '' : minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
  return `${text}${seconds}s`;
}

/** Billionths of a core and whole KiB, the units in which everybody compares these. */
const usageOf = ({ cpuCores, workingSetBytes }: Usage): ResourceUsage => ({
  cpu: formatQuantity({ nanos: BigInt(Math.ceil(cpuCores * 1e9)), format: 'DecimalSI' }),
  memory: formatQuantity({
    nanos: BigInt(Math.ceil(workingSetBytes / 1024)) * 1024n * 1_000_000_000n,
    format: 'BinarySI',
  }),
});

const metadataOf = ({ metadata }: Subject, nowMs: number): ObjectMeta => ({
  name: metadata.name,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  creationTimestamp: rfc3339(nowMs),
  ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
});

export function nodeMetrics(node: Subject, usage: Usage, nowMs: number): NodeMetrics {
  return {
    kind: 'NodeMetrics',
    apiVersion: metricsApiVersion,
    metadata: metadataOf(node, nowMs),
    timestamp: rfc3339(usage.timestampMs),
    window: goDuration(usage.windowMs),
    usage: usageOf(usage),
  };
}

/** The numbers are as old as the oldest of its containers'. */
export function podMetrics(pod: Subject, containers: readonly ContainerUsage[], nowMs: number): PodMetrics {
  const oldest = containers.reduce((one, other) => (other.timestampMs < one.timestampMs ? other : one));
  return {
    kind: 'PodMetrics',
    apiVersion: metricsApiVersion,
    metadata: metadataOf(pod, nowMs),
    timestamp: rfc3339(oldest.timestampMs),
    window: goDuration(oldest.windowMs),
    containers: containers.map((one) => ({ name: one.name, usage: usageOf(one) })),
  };
}
