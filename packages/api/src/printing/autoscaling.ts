import { ageCell, integer, nameCell, printer } from './table.js';
import { none } from './cell-text.js';
import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../generated/types.js';

const shownMetrics = 2;
const unknown = '<unknown>';

export const horizontalPodAutoscalerPrinter = printer<HorizontalPodAutoscaler>({
  Name: nameCell,
  Reference: ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
  Targets: ({ spec, status }) => metricsText(spec?.metrics ?? [], status?.currentMetrics ?? []),
  MinPods: ({ spec }) => String(spec?.minReplicas ?? '<unset>'),
  MaxPods: integer(({ spec }) => spec?.maxReplicas ?? 0),
  Replicas: integer(({ status }) => status?.currentReplicas ?? 0),
  Age: ageCell,
});

export const horizontalPodAutoscalerV1Printer = printer<AutoscalingV1HorizontalPodAutoscaler>({
  Name: nameCell,
  Reference: ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
  Targets: ({ spec, status }) => {
    const target = spec?.targetCPUUtilizationPercentage;
    const current = status?.currentCPUUtilizationPercentage;
    return target === undefined ? none : `cpu: ${current === undefined ? unknown : `${current}%`}/${target}%`;
  },
  MinPods: ({ spec }) => String(spec?.minReplicas ?? '<unset>'),
  MaxPods: integer(({ spec }) => spec?.maxReplicas ?? 0),
  Replicas: integer(({ status }) => status?.currentReplicas ?? 0),
  Age: ageCell,
});

/** `cpu: 20%/80%, 5/10`; current values stand at the place of their metric. */
function metricsText(metrics: readonly MetricSpec[], current: readonly MetricStatus[]): string {
  if (metrics.length === 0) return none;
  const texts = metrics.slice(0, shownMetrics).map((metric, index) => metricText(metric, current[index]));
  const more = metrics.length - shownMetrics;
  return texts.join(', ') + (more > 0 ? ` + ${more} more...` : '');
}

function metricText(metric: MetricSpec, current: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return `${metric.resource?.name ?? ''}: ${targetText(metric.resource?.target, current?.resource?.current)}`;
    case 'ContainerResource':
      return `${metric.containerResource?.name ?? ''}: ${targetText(metric.containerResource?.target, current?.containerResource?.current)}`;
    case 'Pods':
      return targetText(metric.pods?.target, current?.pods?.current);
    case 'Object':
      return targetText(metric.object?.target, current?.object?.current);
    case 'External':
      return targetText(metric.external?.target, current?.external?.current);
    default:
      return '<unknown type>';
  }
}

function targetText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageUtilization !== undefined) {
    const now = current?.averageUtilization;
    return `${now === undefined ? unknown : `${now}%`}/${target.averageUtilization}%`;
  }
  if (target?.averageValue !== undefined) {
    return `${current?.averageValue ?? unknown}/${target.averageValue}`;
  }
  return `${current?.value ?? unknown}/${target?.value ?? '<auto>'}`;
}
