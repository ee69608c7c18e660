import {
  checkCountOrPercent,
  checkLabelSelector,
  checkAtMostAll,
  checkNotNegative,
  checkOptionalOneOf,
  checkUnchanged,
} from './rules.js';
import { dns1123Label } from '../names/name-rules.js';
import { forbidden, invalid, required } from '../fields/field-error.js';
import type {
  CertificateSigningRequest,
  ControllerRevision,
  HorizontalPodAutoscaler,
  Lease,
  PodDisruptionBudget,
  PriorityClass,
  RuntimeClass,
} from '../generated/types.js';
import type { FieldError } from '../status.js';

/** Follows: ValidatePodDisruptionBudgetSpec. */
export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (spec?.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  }
  return [
    ...errors,
    ...checkCountOrPercent(spec?.minAvailable, 'spec.minAvailable'),
    ...checkAtMostAll(spec?.minAvailable, 'spec.minAvailable'),
    ...checkCountOrPercent(spec?.maxUnavailable, 'spec.maxUnavailable'),
    ...checkAtMostAll(spec?.maxUnavailable, 'spec.maxUnavailable'),
    ...checkLabelSelector(spec?.selector, 'spec.selector'),
    ...checkOptionalOneOf(
      spec?.unhealthyPodEvictionPolicy,
      ['AlwaysAllow', 'IfHealthyBudget'],
      'spec.unhealthyPodEvictionPolicy',
    ),
  ];
}

const highestUserPriority = 1_000_000_000;

/** Follows: ValidatePriorityClass. */
export function validatePriorityClass({ metadata, value = 0, preemptionPolicy }: PriorityClass): readonly FieldError[] {
  const errors: FieldError[] = [];
  const name = metadata.name ?? '';
  const system = name === 'system-cluster-critical' || name === 'system-node-critical';
  if (name.startsWith('system-') && !system) {
    errors.push(
      forbidden(
        'metadata.name',
        "priority class names with 'system-' prefix are reserved for system use only. error: " +
          name +
          ' is not a known system priority class',
      ),
    );
  }
  if (!system && value > highestUserPriority) {
    errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`));
  }
  return [...errors, ...checkOptionalOneOf(preemptionPolicy, ['Never', 'PreemptLowerPriority'], 'preemptionPolicy')];
}

/** Follows: ValidatePriorityClassUpdate. */
export function validatePriorityClassUpdate(priorityClass: PriorityClass, old: PriorityClass): readonly FieldError[] {
  const errors: FieldError[] = [];
  if ((priorityClass.value ?? 0) !== (old.value ?? 0)) {
    errors.push(forbidden('value', 'may not be changed in an update.'));
  }
  return [...errors, ...checkUnchanged(priorityClass.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy')];
}

/** Follows: ValidateLeaseSpec. */
export function validateLease({ spec }: Lease): readonly FieldError[] {
  const seconds = spec?.leaseDurationSeconds;
  return [
    ...(seconds !== undefined && seconds <= 0
      ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
      : []),
    ...checkNotNegative(spec?.leaseTransitions, 'spec.leaseTransitions'),
  ];
}

export const validateRuntimeClass = ({ handler }: RuntimeClass): readonly FieldError[] =>
  dns1123Label(handler ?? '').map((text) => invalid('handler', handler ?? '', text));

export const validateRuntimeClassUpdate = ({ handler }: RuntimeClass, old: RuntimeClass): readonly FieldError[] =>
  checkUnchanged(handler, old.handler, 'handler');

/** Follows: ValidateHorizontalPodAutoscaler. */
export function validateHorizontalPodAutoscaler({ spec }: HorizontalPodAutoscaler): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas = 0, scaleTargetRef } = spec ?? {};
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1) errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  if (!scaleTargetRef?.kind) errors.push(required('spec.scaleTargetRef.kind'));
  if (!scaleTargetRef?.name) errors.push(required('spec.scaleTargetRef.name'));
  return errors;
}

export const validateCertificateSigningRequest = ({ spec }: CertificateSigningRequest): readonly FieldError[] => [
  ...(spec?.request ? [] : [invalid('spec.request', '', 'PEM block type must be CERTIFICATE REQUEST')]),
  ...((spec?.usages?.length ?? 0) > 0 ? [] : [required('spec.usages', 'usages must contain at least one value')]),
  ...(spec?.signerName ? [] : [required('spec.signerName')]),
  ...(spec?.expirationSeconds !== undefined && spec.expirationSeconds < 600
    ? [
        invalid(
          'spec.expirationSeconds',
          spec.expirationSeconds,
          'may not specify a duration less than 600 seconds (10 minutes)',
        ),
      ]
    : []),
];

export const validateCertificateSigningRequestUpdate = (
  { spec }: CertificateSigningRequest,
  { spec: old }: CertificateSigningRequest,
): readonly FieldError[] => checkUnchanged(spec, old, 'spec');

export const validateControllerRevisionUpdate = (
  { data }: ControllerRevision,
  { data: old }: ControllerRevision,
): readonly FieldError[] => checkUnchanged(data, old, 'data');
