import { ConfigError } from '@geobuk/client';
import type { Pod } from '@geobuk/api';

/** How long the pods of one range of priorities have. */
export interface ShutdownPriority {
  /** The lowest priority of the range; it ends below the next one. */
  readonly priority: number;
  readonly gracePeriodSeconds: number;
}

/** What happens to pods when the machine goes down. Follows: shutdownGracePeriod… of the kubelet's configuration. */
export interface ShutdownConfig {
  /** For all pods together. */
  readonly gracePeriodSeconds?: number | undefined;
  /** The part at the end of it that critical pods have. */
  readonly criticalPodsSeconds?: number | undefined;
  /** Instead of the two, for each range of priorities. */
  readonly byPriority?: readonly ShutdownPriority[] | undefined;
  /** Where no logind tells it: a stop of the kubelet means that the machine goes down. */
  readonly onStop?: boolean | undefined;
}

export interface ShutdownGroup {
  readonly gracePeriodSeconds: number;
  readonly pods: readonly Pod[];
}

const systemCritical = 2_000_000_000;

/** Ranges in the order in which their pods go. @throws {ConfigError} */
export function shutdownPriorities(config: ShutdownConfig): readonly ShutdownPriority[] {
  const { gracePeriodSeconds = 0, criticalPodsSeconds = 0, byPriority = [] } = config;
  const all = [gracePeriodSeconds, criticalPodsSeconds, ...byPriority.map((one) => one.gracePeriodSeconds)];
  if (all.some((seconds) => !(seconds >= 0)))
    throw new ConfigError('a grace period of a shutdown is less than nothing: use 0 or more seconds');
  if (byPriority.length > 0) {
    if (gracePeriodSeconds > 0 || criticalPodsSeconds > 0)
      throw new ConfigError('grace periods of a shutdown are given by priority and as a whole: give one or the other');
    return [...byPriority].sort((a, b) => a.priority - b.priority);
  }
  if (criticalPodsSeconds > gracePeriodSeconds)
    throw new ConfigError(
      `critical pods cannot have ${criticalPodsSeconds} s of a shutdown that lasts ${gracePeriodSeconds} s: give the shutdown more`,
    );
  if (gracePeriodSeconds === 0) return [];
  return [
    { priority: 0, gracePeriodSeconds: gracePeriodSeconds - criticalPodsSeconds },
    { priority: systemCritical, gracePeriodSeconds: criticalPodsSeconds },
  ];
}

/** Who goes when. Below the lowest range pods go with it. Follows: groupByPriority. Pure. */
export function shutdownGroups(
  priorities: readonly ShutdownPriority[],
  pods: readonly Pod[],
): readonly ShutdownGroup[] {
  const members = priorities.map((): Pod[] => []);
  for (const pod of pods) {
    const own = pod.spec.priority ?? 0;
    const at = priorities.findLastIndex(({ priority }) => priority <= own);
    members[Math.max(0, at)]?.push(pod);
  }
  return priorities
    .map(({ gracePeriodSeconds }, index) => ({ gracePeriodSeconds, pods: members[index] ?? [] }))
    .filter(({ pods: group }) => group.length > 0);
}

/** All the time it may take. Seconds. */
export const wholePeriod = (priorities: readonly ShutdownPriority[]): number =>
  priorities.reduce((sum, { gracePeriodSeconds }) => sum + gracePeriodSeconds, 0);
