import { bytesOf } from '@geobuk/api';

export const evictionSignals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;

export type EvictionSignal = (typeof evictionSignals)[number];

/** A part of what there is, or an amount. */
export type ThresholdValue = { readonly share: number } | { readonly amount: number };

export interface Threshold {
  readonly signal: EvictionSignal;
  readonly value: ThresholdValue;
  /** 0: hard, pods go at once. */
  readonly graceMs: number;
  readonly minReclaim: ThresholdValue | undefined;
}

type BySignal = Readonly<Partial<Record<EvictionSignal, string>>>;

/** As people write it: `100Mi`, `10%`. */
export interface EvictionConfig {
  readonly hard?: BySignal | undefined;
  readonly soft?: BySignal | undefined;
  /** How long a soft threshold is met before pods go; seconds. Each soft threshold needs one. */
  readonly softGraceSeconds?: Readonly<Partial<Record<EvictionSignal, number>>> | undefined;
  /** What more than the threshold is to be freed. */
  readonly minimumReclaim?: BySignal | undefined;
  /** The most that pods get to end after a soft threshold; seconds. */
  readonly maxPodGraceSeconds?: number | undefined;
}

/** Follows: DefaultEvictionHard. */
export const defaultHardEviction: BySignal = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
  'pid.available': '5%',
};

/** @throws {RangeError} it is neither an amount nor a percentage below 100. */
function parseValue(signal: string, text: string): ThresholdValue {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    const share = Number(percent) / 100;
    if (share >= 1) throw new RangeError(`eviction threshold ${signal}=${text} must be below 100%`);
    return { share };
  }
  return { amount: bytesOf(text) };
}

/** @throws {RangeError} a value nobody can understand, or a soft threshold without its grace. */
export function parseThresholds(config: EvictionConfig): readonly Threshold[] {
  const { hard = defaultHardEviction, soft = {}, softGraceSeconds = {}, minimumReclaim = {} } = config;
  const found: Threshold[] = [];
  for (const signal of evictionSignals) {
    const reclaim = minimumReclaim[signal];
    const minReclaim = reclaim === undefined ? undefined : parseValue(signal, reclaim);
    const hardText = hard[signal];
    if (hardText !== undefined) found.push({ signal, value: parseValue(signal, hardText), graceMs: 0, minReclaim });
    const softText = soft[signal];
    if (softText === undefined) continue;
    const seconds = softGraceSeconds[signal];
    if (seconds === undefined || !(seconds > 0))
      throw new RangeError(`soft eviction threshold ${signal} needs a grace period`);
    found.push({ signal, value: parseValue(signal, softText), graceMs: seconds * 1000, minReclaim });
  }
  return found;
}

export const amountOf = (value: ThresholdValue, capacity: number): number =>
  'share' in value ? Math.floor(value.share * capacity) : value.amount;

/** What pods cannot have because they would be evicted before. Follows: HardEvictionReservation. */
export function reservedOf(
  thresholds: readonly Threshold[],
  { memoryBytes, diskBytes }: { readonly memoryBytes: number; readonly diskBytes: number },
): { readonly memoryBytes: number; readonly diskBytes: number } {
  const hard = (signal: EvictionSignal, capacity: number): number => {
    const found = thresholds.find((one) => one.signal === signal && one.graceMs === 0);
    return found === undefined ? 0 : amountOf(found.value, capacity);
  };
  return { memoryBytes: hard('memory.available', memoryBytes), diskBytes: hard('nodefs.available', diskBytes) };
}
