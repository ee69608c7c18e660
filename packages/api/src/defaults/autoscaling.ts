import { fill, within } from './fill.js';
import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  HPAScalingRules,
} from '../generated/types.js';

/** Follows: SetDefaults_HorizontalPodAutoscaler (autoscaling/v2): half a minute of memory, doubling, 80 % CPU. */
export const defaultHorizontalPodAutoscaler = (autoscaler: HorizontalPodAutoscaler): HorizontalPodAutoscaler =>
  within(autoscaler, 'spec', (spec) => {
    let result = fill(spec, { minReplicas: 1 });
    if (result.metrics === undefined || result.metrics.length === 0) {
      const target = { type: 'Utilization', averageUtilization: 80 };
      result = { ...result, metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] };
    }
    return within(result, 'behavior', (behavior) =>
      fill(
        within(within(behavior, 'scaleUp', defaultScaleUp), 'scaleDown', defaultScaleDown),
        // One direction that is given makes both explicit.
        { scaleUp: defaultScaleUp({}), scaleDown: defaultScaleDown({}) },
      ),
    );
  });

const defaultScaleUp = (rules: HPAScalingRules): HPAScalingRules =>
  fill(rules, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  });

const defaultScaleDown = (rules: HPAScalingRules): HPAScalingRules =>
  fill(rules, { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] });

/** Follows: SetDefaults_HorizontalPodAutoscaler (autoscaling/v1). */
export const defaultHorizontalPodAutoscalerV1 = (
  autoscaler: AutoscalingV1HorizontalPodAutoscaler,
): AutoscalingV1HorizontalPodAutoscaler => within(autoscaler, 'spec', (spec) => fill(spec, { minReplicas: 1 }));
