import {
  checkAtMostAll,
  checkCountOrPercent,
  checkLabelSelector,
  checkNotNegative,
  checkOneOf,
  checkUnchanged,
} from './rules.js';
import { forbidden, invalid, notSupported, required } from '../fields/field-error.js';
import { labelSelectorOf, matchesLabels } from '../selectors/label-selector.js';
import { semanticEqual } from '../json/deep-equal.js';
import { validatePodTemplate } from './pod-spec.js';
import type {
  DaemonSet,
  Deployment,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../generated/types.js';
import type { FieldError } from '../status.js';

/** A template of pods that run for ever, and the selector that must find them. */
function validateSelectedTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  mismatchField = 'spec.template.metadata.labels',
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (selector === undefined) errors.push(required('spec.selector'));
  else {
    const problems = checkLabelSelector(selector, 'spec.selector');
    errors.push(...problems);
    if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) {
      errors.push(invalid('spec.selector', selector, 'empty selector is not valid'));
    } else if (problems.length === 0 && !matchesLabels(labelSelectorOf(selector), template?.metadata?.labels)) {
      errors.push(
        invalid(mismatchField, template?.metadata?.labels ?? {}, '`selector` does not match template `labels`'),
      );
    }
  }
  return [...errors, ...validatePodTemplate(template, 'spec.template'), ...alwaysRestarted(template)];
}

function alwaysRestarted(template: PodTemplateSpec | undefined): readonly FieldError[] {
  const policy = template?.spec?.restartPolicy;
  const errors: FieldError[] = [];
  if (policy !== undefined && policy !== 'Always') {
    errors.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in pod template is not supported'),
    );
  }
  return errors;
}

/** Follows: ValidateDeploymentSpec. */
export function validateDeployment({ spec }: Deployment): readonly FieldError[] {
  const errors: FieldError[] = [
    ...checkNotNegative(spec?.replicas, 'spec.replicas'),
    ...validateSelectedTemplate(spec?.selector, spec?.template),
    ...checkNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
    ...checkNotNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...checkNotNegative(spec?.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'),
  ];
  const deadline = spec?.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec?.minReadySeconds ?? 0)) {
    errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  const strategy = spec?.strategy;
  if (strategy?.type === 'Recreate') {
    if (strategy.rollingUpdate !== undefined) {
      errors.push(forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"));
    }
  } else if (strategy?.type === 'RollingUpdate') {
    const { maxSurge, maxUnavailable } = strategy.rollingUpdate ?? {};
    const at = 'spec.strategy.rollingUpdate';
    errors.push(
      ...checkCountOrPercent(maxUnavailable, `${at}.maxUnavailable`),
      ...checkCountOrPercent(maxSurge, `${at}.maxSurge`),
      ...checkAtMostAll(maxUnavailable, `${at}.maxUnavailable`),
    );
    if (isZero(maxUnavailable) && isZero(maxSurge)) {
      errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
    }
  } else if (strategy !== undefined) {
    errors.push(notSupported('spec.strategy.type', strategy.type ?? '', ['Recreate', 'RollingUpdate']));
  }
  return errors;
}

const isZero = (value: number | string | undefined): boolean => value === 0 || value === '0%' || value === undefined;

export const validateDeploymentUpdate = ({ spec }: Deployment, { spec: old }: Deployment): readonly FieldError[] =>
  checkUnchanged(spec.selector, old.selector, 'spec.selector');

/** Follows: ValidateReplicaSetSpec. */
export const validateReplicaSet = ({ spec }: ReplicaSet): readonly FieldError[] => [
  ...checkNotNegative(spec?.replicas, 'spec.replicas'),
  ...checkNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
  ...validateSelectedTemplate(spec?.selector, spec?.template),
];

export const validateReplicaSetUpdate = ({ spec }: ReplicaSet, { spec: old }: ReplicaSet): readonly FieldError[] =>
  checkUnchanged(spec.selector, old.selector, 'spec.selector');

/** Follows: ValidateReplicationControllerSpec; its selector may change. */
export function validateReplicationController({ spec }: ReplicationController): readonly FieldError[] {
  const errors: FieldError[] = [
    ...checkNotNegative(spec?.replicas, 'spec.replicas'),
    ...checkNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
  ];
  const selector = spec?.selector ?? {};
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
  if (spec?.template === undefined) return [...errors, required('spec.template')];
  const labels = spec.template.metadata?.labels ?? {};
  if (!Object.entries(selector).every(([key, value]) => labels[key] === value)) {
    errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  return [...errors, ...validatePodTemplate(spec.template, 'spec.template'), ...alwaysRestarted(spec.template)];
}

/** Follows: ValidateDaemonSetSpec. */
export function validateDaemonSet({ spec }: DaemonSet): readonly FieldError[] {
  const errors: FieldError[] = [
    ...validateSelectedTemplate(spec?.selector, spec?.template),
    ...checkNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
    ...checkNotNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...checkOneOf(spec?.updateStrategy?.type, ['RollingUpdate', 'OnDelete'], 'spec.updateStrategy.type'),
  ];
  if (spec?.updateStrategy?.type === 'RollingUpdate') {
    const { maxUnavailable, maxSurge } = spec.updateStrategy.rollingUpdate ?? {};
    const at = 'spec.updateStrategy.rollingUpdate';
    errors.push(
      ...checkCountOrPercent(maxUnavailable, `${at}.maxUnavailable`),
      ...checkCountOrPercent(maxSurge, `${at}.maxSurge`),
    );
    if (isZero(maxUnavailable) && isZero(maxSurge)) {
      errors.push(invalid(`${at}.maxUnavailable`, maxUnavailable, 'cannot be 0 when `maxSurge` is 0'));
    }
    if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
      errors.push(invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
    }
  }
  return errors;
}

export const validateDaemonSetUpdate = ({ spec }: DaemonSet, { spec: old }: DaemonSet): readonly FieldError[] =>
  checkUnchanged(spec.selector, old.selector, 'spec.selector');

/** Follows: ValidateStatefulSetSpec. */
export const validateStatefulSet = ({ spec }: StatefulSet): readonly FieldError[] => [
  ...checkOneOf(spec?.podManagementPolicy, ['OrderedReady', 'Parallel'], 'spec.podManagementPolicy'),
  ...checkOneOf(spec?.updateStrategy?.type, ['RollingUpdate', 'OnDelete'], 'spec.updateStrategy.type'),
  ...checkNotNegative(spec?.updateStrategy?.rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition'),
  ...checkNotNegative(spec?.replicas, 'spec.replicas'),
  ...checkNotNegative(spec?.minReadySeconds, 'spec.minReadySeconds'),
  ...checkNotNegative(spec?.ordinals?.start, 'spec.ordinals.start'),
  ...validateSelectedTemplate(spec?.selector, withClaimedVolumes(spec)),
];

/** Containers may mount what the claim templates bring: each pod has these volumes too, instead of namesakes. */
function withClaimedVolumes(spec: StatefulSet['spec']): PodTemplateSpec | undefined {
  const template = spec?.template;
  const claimed = (spec?.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? '');
  if (template?.spec === undefined || claimed.length === 0) return template;
  const own = template.spec.volumes ?? [];
  const added = [...new Set(claimed)]
    .filter((name) => !own.some((volume) => volume.name === name))
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...own, ...added] } };
}

const changeableOfStatefulSets = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

/** Follows: ValidateStatefulSetUpdate. */
export function validateStatefulSetUpdate({ spec }: StatefulSet, { spec: old }: StatefulSet): readonly FieldError[] {
  const kept = Object.fromEntries(changeableOfStatefulSets.map((field) => [field, undefined]));
  if (semanticEqual({ ...spec, ...kept }, { ...old, ...kept })) return [];
  return [
    forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}
