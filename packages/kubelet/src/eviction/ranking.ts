import type { Pod } from '@geobuk/api';
import { bytesOf } from '@geobuk/api';
import { podRequests } from '../pods/resources.js';
import type { EvictionSignal } from './thresholds.js';

/** What a pod takes of what runs out. */
export interface PodUse {
  readonly pod: Pod;
  readonly memoryBytes: number;
  /** Writable layers, logs and emptyDirs on the disk. */
  readonly diskBytes: number;
  readonly inodes: number;
  readonly processes: number;
}

const systemCritical = 2_000_000_000;

/** Follows: IsCriticalPod; such pods stay, whatever they take. */
export const isCritical = ({ metadata, spec }: Pod): boolean =>
  (spec.priority ?? 0) >= systemCritical || metadata.annotations?.['kubernetes.io/config.source'] === 'file';

export const diskRequest = (pod: Pod): number =>
  pod.spec.containers.reduce((sum, { resources }) => {
    const text = resources?.requests?.['ephemeral-storage'] ?? resources?.limits?.['ephemeral-storage'];
    return sum + (text === undefined ? 0 : bytesOf(text));
  }, 0);

interface Claim {
  readonly used: number;
  readonly requested: number;
}

export function claimOf(signal: EvictionSignal, use: PodUse): Claim {
  switch (signal) {
    case 'memory.available':
      return { used: use.memoryBytes, requested: podRequests(use.pod).memoryBytes };
    case 'nodefs.inodesFree':
    case 'imagefs.inodesFree':
      return { used: use.inodes, requested: 0 };
    case 'pid.available':
      return { used: use.processes, requested: 0 };
    default:
      return { used: use.diskBytes, requested: diskRequest(use.pod) };
  }
}

/**
 * In the order in which they would have to go: who takes more than was asked for, then the less important, then who
 * takes the most beyond the request. Follows: rankMemoryPressure, rankDiskPressureFunc, rankPIDPressure. Pure.
 */
export function rankForEviction(signal: EvictionSignal, uses: readonly PodUse[]): readonly PodUse[] {
  const exceeds = ({ used, requested }: Claim): number => (used > requested ? 0 : 1);
  return uses
    .filter(({ pod }) => !isCritical(pod))
    .map((use) => ({ use, claim: claimOf(signal, use), priority: use.pod.spec.priority ?? 0 }))
    .sort(
      (a, b) =>
        (signal === 'pid.available' ? 0 : exceeds(a.claim) - exceeds(b.claim)) ||
        a.priority - b.priority ||
        b.claim.used - b.claim.requested - (a.claim.used - a.claim.requested),
    )
    .map(({ use }) => use);
}
