import type { Pod } from '@geobuk/api';
import type { PodEnding } from './pod-diff.js';
import type { PodMemory } from './pod-memory.js';

export interface EndingFacts {
  readonly pod: Pod;
  readonly gone: boolean;
  /** The newest the kubelet knows. */
  readonly phase: string | undefined;
  readonly memory: PodMemory;
  readonly now: number;
}

const defaultGraceSeconds = 30;
/** Who is already gone from the API has had its time: just enough to end in order. */
const leastGraceSeconds = 1;

/** Why a pod must not run any more, if so. Pure. */
export function endingOf({ pod, gone, phase, memory, now }: EndingFacts): PodEnding | undefined {
  const since = memory.endingSince ?? now;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  const own = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  if (gone || deletionTimestamp !== undefined) {
    const graceSeconds = deletionTimestamp === undefined ? own : (deletionGracePeriodSeconds ?? own);
    return { graceSeconds: Math.max(gone ? leastGraceSeconds : 0, graceSeconds), since, remove: true, message: '' };
  }
  const { verdict } = memory;
  if (verdict !== undefined) return { graceSeconds: verdict.graceSeconds ?? own, since, remove: false, message: '' };
  if (phase === 'Succeeded' || phase === 'Failed') return { graceSeconds: own, since, remove: false, message: '' };
  return undefined;
}

/** When `activeDeadlineSeconds` is over. Epoch milliseconds. */
export function deadlineOf(pod: Pod, startTime: string | undefined): number | undefined {
  const { activeDeadlineSeconds } = pod.spec;
  if (activeDeadlineSeconds === undefined || startTime === undefined) return undefined;
  return Date.parse(startTime) + activeDeadlineSeconds * 1000;
}
