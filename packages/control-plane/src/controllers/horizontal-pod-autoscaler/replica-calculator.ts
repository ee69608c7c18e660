import type { Pod } from '@geobuk/api';
import { podCondition } from '../pod-state.js';

/** One metric of the pods of a workload, in thousandths. */
export interface Sample {
  /** By the pod's name. */
  readonly usage: ReadonlyMap<string, { readonly milli: number; readonly at: number; readonly windowMs: number }>;
  /** What 100 % is for each pod; for a target that is an average, the target itself. */
  readonly baseOf: (pod: Pod) => number;
  /** Wanted share of the base: 0.8 for 80 %, 1 for an average value. */
  readonly target: number;
  readonly isCpu: boolean;
  readonly tolerance: Tolerance;
}

export interface Calculated {
  readonly replicas: number;
  /** Usage over base of the pods that count, and its mean. */
  readonly utilization: number;
  readonly averageMilli: number;
}

const cpuPeriodMs = 300_000;
const readinessDelayMs = 30_000;

/**
 * How many replicas bring the metric to its target. Pure. Pods that start count for nothing when growing, and pods without a metric
 * are taken for what keeps the number as it is. Follows: replica calculator.
 * @throws {Error} no pod has the metric.
 */
export function calculateReplicas(current: number, pods: readonly Pod[], sample: Sample, now: number): Calculated {
  const counted: Pod[] = [];
  const unready: Pod[] = [];
  const missing: Pod[] = [];
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') continue;
    if (pod.status?.phase === 'Pending') unready.push(pod);
    else if (!sample.usage.has(pod.metadata.name ?? '')) missing.push(pod);
    else if (sample.isCpu && isStarting(pod, sample, now)) unready.push(pod);
    else counted.push(pod);
  }
  if (counted.length === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const used = counted.reduce((sum, pod) => sum + (sample.usage.get(pod.metadata.name ?? '')?.milli ?? 0), 0);
  const base = (some: readonly Pod[]): number => some.reduce((sum, pod) => sum + sample.baseOf(pod), 0);
  const utilization = used / base(counted);
  const averageMilli = Math.floor(used / counted.length);
  const ratio = utilization / sample.target;
  const keep = { replicas: current, utilization, averageMilli };
  const growsWithUnready = unready.length > 0 && ratio > 1;
  if (!growsWithUnready && missing.length === 0)
    return within(ratio, sample) ? keep : { ...keep, replicas: Math.ceil(round(ratio * counted.length)) };
  const assumed =
    ratio < 1 ? missing.reduce((sum, pod) => sum + sample.baseOf(pod) * Math.max(1, sample.target), 0) : 0;
  const all = [...counted, ...(ratio === 1 ? [] : missing), ...(growsWithUnready ? unready : [])];
  const careful = (used + assumed) / base(all) / sample.target;
  if (within(careful, sample) || careful > 1 !== ratio > 1) return keep;
  const replicas = Math.ceil(round(careful * all.length));
  return (careful < 1 && replicas > current) || (careful > 1 && replicas < current) ? keep : { ...keep, replicas };
}

const within = (ratio: number, { tolerance }: Pick<Sample, 'tolerance'>): boolean =>
  ratio >= 1 - tolerance.down && ratio <= 1 + tolerance.up;

/** 3.0000000000000004 pods are three. */
const round = (value: number): number => Math.round(value * 1e9) / 1e9;

function isStarting(pod: Pod, sample: Sample, now: number): boolean {
  const ready = podCondition(pod, 'Ready');
  const startedAt = Date.parse(pod.status?.startTime ?? '');
  if (ready === undefined || Number.isNaN(startedAt)) return true;
  const since = Date.parse(ready.lastTransitionTime ?? '') || 0;
  if (startedAt + cpuPeriodMs > now) {
    const metric = sample.usage.get(pod.metadata.name ?? '');
    return ready.status === 'False' || (metric !== undefined && metric.at < since + metric.windowMs);
  }
  return ready.status === 'False' && startedAt + readinessDelayMs > since;
}

export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

/** For a metric of the whole: as many times the ready pods as the metric is its target. Pure. Follows: getUsageRatioReplicaCount. */
export function replicasForValue(
  current: number,
  pods: readonly Pod[],
  usageMilli: number,
  targetMilli: number,
  tolerance: Tolerance,
): number {
  const ratio = usageMilli / targetMilli;
  if (current === 0) return Math.ceil(round(ratio));
  if (within(ratio, { tolerance })) return current;
  const ready = pods.filter((pod) => podCondition(pod, 'Ready')?.status === 'True').length;
  return Math.ceil(round(ratio * ready));
}

/** For a metric of the whole of which each pod is to have a share. Pure. Follows: GetObjectPerPodMetricReplicas. */
export function replicasForAverage(
  statusReplicas: number,
  usageMilli: number,
  targetAverageMilli: number,
  tolerance: Tolerance,
): number {
  const ratio = usageMilli / (targetAverageMilli * statusReplicas);
  return within(ratio, { tolerance }) ? statusReplicas : Math.ceil(round(usageMilli / targetAverageMilli));
}
