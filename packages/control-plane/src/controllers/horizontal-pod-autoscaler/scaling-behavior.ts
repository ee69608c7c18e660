import type { HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler } from '@geobuk/api';

/** What an autoscaler remembers between its turns. */
export interface ScalingMemory {
  readonly recommendations: readonly { readonly replicas: number; readonly at: number }[];
  /** How much it grew (positive) or shrank (negative). */
  readonly changes: readonly { readonly delta: number; readonly at: number }[];
}

export interface Normalized {
  readonly replicas: number;
  readonly recommendations: ScalingMemory['recommendations'];
  /** Why this number and not the wanted one. */
  readonly limit: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
  readonly stabilized: boolean;
}

const defaultUp: readonly HPAScalingPolicy[] = [
  { type: 'Percent', value: 100, periodSeconds: 15 },
  { type: 'Pods', value: 4, periodSeconds: 15 },
];
const defaultDown: readonly HPAScalingPolicy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }];
const longestMemoryMs = 3_600_000;

/** Bounds a wanted number by stabilization, policies, minimum and maximum. Pure. Follows: normalizeDesiredReplicasWithBehaviors. */
export function normalize(
  hpa: HorizontalPodAutoscaler,
  current: number,
  wanted: number,
  memory: ScalingMemory,
  now: number,
): Normalized {
  const { minReplicas = 1, maxReplicas, behavior } = hpa.spec;
  const windowMs = (rules: HPAScalingRules | undefined, standard: number): number =>
    (rules?.stabilizationWindowSeconds ?? standard) * 1000;
  const recent = [...memory.recommendations, { replicas: wanted, at: now }];
  const since = (ms: number): readonly number[] =>
    recent.filter(({ at, replicas: _ }) => at > now - ms || at === now).map(({ replicas }) => replicas);
  // Up to the smallest that was wanted lately, down to the greatest.
  const upper = Math.min(...since(windowMs(behavior?.scaleUp, 0)));
  const lower = Math.max(...since(windowMs(behavior?.scaleDown, 300)));
  const stable = current < upper ? upper : current > lower ? lower : current;
  const recommendations = recent.filter(({ at }) => at > now - longestMemoryMs);
  const done = (replicas: number, reason: string, message: string): Normalized => ({
    replicas,
    recommendations,
    stabilized: stable !== wanted,
    limit: { status: reason === 'DesiredWithinRange' ? 'False' : 'True', reason, message },
  });
  if (stable > current) {
    const allowed = Math.max(current, bound(behavior?.scaleUp, defaultUp, current, memory, now, 1));
    const top = Math.min(maxReplicas, allowed);
    if (stable > top)
      return top === maxReplicas
        ? done(maxReplicas, 'TooManyReplicas', 'the desired replica count is more than the maximum replica count')
        : done(top, 'ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate');
  } else if (stable < current) {
    const allowed = Math.min(current, bound(behavior?.scaleDown, defaultDown, current, memory, now, -1));
    const bottom = Math.max(minReplicas, allowed);
    if (stable < bottom)
      return bottom === minReplicas
        ? done(minReplicas, 'TooFewReplicas', 'the desired replica count is less than the minimum replica count')
        : done(bottom, 'ScaleDownLimit', 'the desired replica count is decreasing faster than the maximum scale rate');
  }
  if (stable > maxReplicas)
    return done(maxReplicas, 'TooManyReplicas', 'the desired replica count is more than the maximum replica count');
  if (stable < minReplicas)
    return done(minReplicas, 'TooFewReplicas', 'the desired replica count is less than the minimum replica count');
  return done(stable, 'DesiredWithinRange', 'the desired count is within the acceptable range');
}

/** How far the policies let it go, counting what was changed within their periods. */
function bound(
  rules: HPAScalingRules | undefined,
  standard: readonly HPAScalingPolicy[],
  current: number,
  memory: ScalingMemory,
  now: number,
  direction: 1 | -1,
): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? standard).map(({ type, value, periodSeconds }) => {
    const inPeriod = memory.changes.filter(({ at }) => at > now - periodSeconds * 1000);
    const sum = (sign: number): number =>
      inPeriod
        .filter(({ delta }) => Math.sign(delta) === sign)
        .reduce((total, { delta }) => total + Math.abs(delta), 0);
    const start = current - sum(1) + sum(-1);
    if (type === 'Pods') return start + direction * value;
    return direction === 1 ? Math.ceil(start * (1 + value / 100)) : Math.floor(start * (1 - value / 100));
  });
  // The most change, or with Min the least.
  const farthest = (rules?.selectPolicy === 'Min') === (direction === -1);
  return farthest ? Math.max(...limits) : Math.min(...limits);
}
