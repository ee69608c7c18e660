import type { Threshold } from '../config/k9s-config.js';
import type { Container, Pod } from '@geobuk/api';
import { bytesOf, cpuMillis } from '@geobuk/api';

/** What containers ask for and may use at most, summed: CPU in thousandths, memory in bytes. */
export interface Amounts {
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryRequest: number;
  readonly memoryLimit: number;
}

const parsed = new Map<string, number>();
const enoughParsed = 10_000;

/** The same few quantities stand in thousands of pods: each is parsed once. */
function once(text: string | undefined, unit: 'cpu' | 'memory'): number {
  if (text === undefined) return 0;
  const key = `${unit} ${text}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  if (parsed.size > enoughParsed) parsed.clear();
  const value = unit === 'cpu' ? cpuMillis(text) : bytesOf(text);
  parsed.set(key, value);
  return value;
}

export const cpuOf = (quantity: string | undefined): number => once(quantity, 'cpu');
export const memoryOf = (quantity: string | undefined): number => once(quantity, 'memory');

export function containerAmounts({ resources }: Pick<Container, 'resources'>): Amounts {
  const { requests, limits } = resources ?? {};
  return {
    cpuRequest: cpuOf(requests?.['cpu'] ?? limits?.['cpu']),
    cpuLimit: cpuOf(limits?.['cpu']),
    memoryRequest: memoryOf(requests?.['memory'] ?? limits?.['memory']),
    memoryLimit: memoryOf(limits?.['memory']),
  };
}

export function podAmounts(pod: Pod): Amounts {
  return pod.spec.containers.map(containerAmounts).reduce(
    (sum, one) => ({
      cpuRequest: sum.cpuRequest + one.cpuRequest,
      cpuLimit: sum.cpuLimit + one.cpuLimit,
      memoryRequest: sum.memoryRequest + one.memoryRequest,
      memoryLimit: sum.memoryLimit + one.memoryLimit,
    }),
    { cpuRequest: 0, cpuLimit: 0, memoryRequest: 0, memoryLimit: 0 },
  );
}

const mebibyte = 1024 * 1024;

export const inMi = (bytes: number): string => String(Math.round(bytes / mebibyte));

/** `part` of `whole` in percent; undefined when there is no whole. */
export const percent = (part: number | undefined, whole: number): number | undefined =>
  part === undefined || whole <= 0 ? undefined : Math.round((part / whole) * 100);

/** Names vendors give whole graphics processors, and shares of one. */
const wholeGpus = ['nvidia.com/gpu', 'amd.com/gpu', 'gpu.intel.com/i915'];
const sharedGpus = ['nvidia.com/gpu.shared'];

/** Graphics processors among resources. Follows: k9s' vendors. */
export const gpusOf = (amounts: Readonly<Record<string, string>> | undefined, shared: boolean): number =>
  (shared ? sharedGpus : wholeGpus).reduce((sum, name) => sum + Number(amounts?.[name] ?? 0), 0);

/** The colour of a share of a whole, by where a person draws the lines. */
export const sharePaint = (
  share: number | undefined,
  { warn, critical }: Threshold,
): 'error' | 'pending' | undefined =>
  share === undefined || share < warn ? undefined : share < critical ? 'pending' : 'error';
