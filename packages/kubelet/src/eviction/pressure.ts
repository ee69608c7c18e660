import { amountOf } from './thresholds.js';
import type { EvictionSignal, Threshold } from './thresholds.js';

export interface Reading {
  readonly available: number;
  readonly capacity: number;
}

export type Readings = ReadonlyMap<EvictionSignal, Reading>;

export type PressureType = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

export const pressureOf = (signal: EvictionSignal): PressureType =>
  signal === 'memory.available' ? 'MemoryPressure' : signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure';

/** What has been seen so far, by threshold. */
export type Since = ReadonlyMap<Threshold, number>;

export interface PressureNow {
  /** Met thresholds, and since when (epoch milliseconds). */
  readonly met: Since;
  readonly types: ReadonlySet<PressureType>;
  /** The one that pods must go for now: memory before disks before pids. */
  readonly acting: Threshold | undefined;
}

/**
 * Which thresholds are met, and whether a pod has to go for one of them. A threshold that was met stays so until the
 * least reclaim lies above it too. Follows: thresholdsMet, thresholdsMetGracePeriod. Pure.
 */
export function pressureNow(
  thresholds: readonly Threshold[],
  readings: Readings,
  before: Since,
  now: number,
): PressureNow {
  const met = new Map<Threshold, number>();
  for (const threshold of thresholds) {
    const reading = readings.get(threshold.signal);
    if (reading === undefined) continue;
    const since = before.get(threshold);
    const { value, minReclaim } = threshold;
    const extra = since === undefined || minReclaim === undefined ? 0 : amountOf(minReclaim, reading.capacity);
    if (reading.available < amountOf(value, reading.capacity) + extra) met.set(threshold, since ?? now);
  }
  const due = [...met].filter(([{ graceMs }, since]) => now - since >= graceMs).map(([threshold]) => threshold);
  // A hard one of the same signal decides over a soft one: pods get no grace then.
  due.sort((a, b) => rank(a.signal) - rank(b.signal) || a.graceMs - b.graceMs);
  return { met, types: new Set([...met.keys()].map(({ signal }) => pressureOf(signal))), acting: due[0] };
}

const rank = (signal: EvictionSignal): number =>
  signal === 'memory.available' ? 0 : signal === 'pid.available' ? 2 : 1;
