import type { ContainerState } from '../runtime/runtime.js';
import { containerAnnotations } from './annotations.js';

const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
/** Who ran this long has no history. */
const forgivenAfterMs = 600_000;

/**
 * How long after its end a container must wait before it starts again: not at all the first time, then 10 s, doubled
 * with each crash. Read off the container itself, so that it survives a restart of the kubelet.
 * Follows: CrashLoopBackOff of the kubelet.
 */
export function crashDelayMs(ended: ContainerState): number {
  const ranMs = (ended.finishedAt ?? 0) - (ended.startedAt ?? ended.finishedAt ?? 0);
  const written = ended.annotations[containerAnnotations.crashDelay];
  if (ended.attempt === 0 || ranMs >= forgivenAfterMs) return 0;
  const before = written === undefined ? 0 : Number(written);
  return before === 0 ? firstDelayMs : Math.min(longestDelayMs, before * 2);
}
