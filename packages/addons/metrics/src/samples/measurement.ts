/** What a node or a container had used at one moment. */
export interface Measurement {
  readonly timestampMs: number;
  /** Since its start. */
  readonly cpuSeconds: number;
  readonly workingSetBytes: number;
  /** Absent for nodes. */
  readonly startTimeMs: number | undefined;
}

export interface ContainerMeasurement extends Measurement {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** What one look at a kubelet gave. */
export interface NodeMeasurements {
  readonly node: Measurement | undefined;
  readonly containers: readonly ContainerMeasurement[];
}

/** Use over a time. */
export interface Usage {
  readonly timestampMs: number;
  readonly windowMs: number;
  readonly cpuCores: number;
  readonly workingSetBytes: number;
}

/** A container that has run shorter than this says nothing yet. */
const youngestMs = 10_000;

/**
 * Processor time needs two measurements, except for what has just started: its start is the first one.
 * @returns undefined where nothing can be said.
 * Follows: metrics-server (young containers, restarts drop what was before).
 */
export function usageBetween(
  before: Measurement | undefined,
  now: Measurement,
  resolutionMs: number,
): Usage | undefined {
  const { timestampMs, workingSetBytes, startTimeMs } = now;
  const restarted = before !== undefined && startTimeMs !== undefined && startTimeMs > before.timestampMs;
  const first = before === undefined || restarted ? bornAt(now, resolutionMs) : before;
  if (first === undefined || timestampMs <= first.timestampMs || now.cpuSeconds < first.cpuSeconds) return undefined;
  const windowMs = timestampMs - first.timestampMs;
  const cpuCores = (now.cpuSeconds - first.cpuSeconds) / (windowMs / 1000);
  return { timestampMs, windowMs, cpuCores, workingSetBytes };
}

function bornAt(
  { startTimeMs, timestampMs }: Measurement,
  resolutionMs: number,
): Pick<Measurement, 'timestampMs' | 'cpuSeconds'> | undefined {
  if (startTimeMs === undefined) return undefined;
  const ageMs = timestampMs - startTimeMs;
  // A little slack: the next look is never exactly one period after the one before.
  if (ageMs < youngestMs || ageMs > resolutionMs * 1.5) return undefined;
  return { timestampMs: startTimeMs, cpuSeconds: 0 };
}
