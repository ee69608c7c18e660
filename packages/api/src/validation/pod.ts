import { deepEqual, semanticEqual } from '../json/deep-equal.js';
import { forbidden, invalid } from '../fields/field-error.js';
import { validatePodSpec } from './pod-spec.js';
import type { Container, Pod, PodSpec } from '../generated/types.js';
import type { FieldError } from '../status.js';

/** Follows: ValidatePodCreate. */
export const validatePod = (pod: Pod): readonly FieldError[] => validatePodSpec(pod.spec);

const onlyThese =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** Follows: ValidatePodUpdate. */
export function validatePodUpdate({ spec }: Pod, { spec: old }: Pod): readonly FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.containers?.length ?? 0) !== (old.containers?.length ?? 0)) {
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')];
  }
  if ((spec.initContainers?.length ?? 0) !== (old.initContainers?.length ?? 0)) {
    return [forbidden('spec.initContainers', 'pod updates may not add or remove containers')];
  }
  errors.push(...deadlineErrors(spec, old));
  const keptTolerations = (old.tolerations ?? []).every((toleration) =>
    (spec.tolerations ?? []).some((candidate) =>
      deepEqual({ ...candidate, tolerationSeconds: undefined }, { ...toleration, tolerationSeconds: undefined }),
    ),
  );
  if (!keptTolerations)
    errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  const gates = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  const newGates = (spec.schedulingGates ?? []).filter(({ name }) => !gates.has(name));
  if (newGates.length > 0) {
    const names = newGates.map(({ name }) => name).join(', ');
    errors.push(
      forbidden('spec.schedulingGates', `only deletion is allowed, but found new scheduling gate '${names}'`),
    );
  }
  if (!semanticEqual(changeable(spec, old), changeable(old, old))) errors.push(forbidden('spec', onlyThese));
  return errors;
}

function deadlineErrors(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const before = old.activeDeadlineSeconds;
  const after = spec.activeDeadlineSeconds;
  if (before === undefined) return [];
  if (after === undefined) {
    return [invalid('spec.activeDeadlineSeconds', after, 'must not update from a positive integer to nil value')];
  }
  return after > before
    ? [invalid('spec.activeDeadlineSeconds', after, 'must be less than or equal to previous value')]
    : [];
}

/** The spec with what an update may change taken from the old one, so that the rest can be compared. */
function changeable(spec: PodSpec, old: PodSpec): PodSpec {
  const withImages = (list: readonly Container[] | undefined, from: readonly Container[] | undefined) =>
    list?.map((container, index) => ({ ...container, image: from?.[index]?.image }));
  // Gated pods may still narrow where they run.
  const gated = (old.schedulingGates?.length ?? 0) > 0;
  const grace = (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1;
  return {
    ...spec,
    containers: withImages(spec.containers, old.containers) ?? [],
    initContainers: withImages(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    // Ephemeral containers come by their own subresource; here they may not differ.
    ...(grace ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {}),
    ...(gated ? { nodeSelector: old.nodeSelector, affinity: old.affinity } : {}),
  };
}
