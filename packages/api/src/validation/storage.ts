import { checkOneOf, checkOptionalOneOf, checkUnchanged } from './rules.js';
import { compareQuantities, parseQuantity, quantityProblem } from '../quantity/quantity.js';
import { forbidden, invalid, required } from '../fields/field-error.js';
import { semanticEqual } from '../json/deep-equal.js';
import type {
  CSIDriver,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from '../generated/types.js';
import type { FieldError } from '../status.js';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

function checkModes(modes: readonly string[] | undefined, field: string): readonly FieldError[] {
  if (modes === undefined || modes.length === 0) return [required(field, 'at least 1 access mode is required')];
  return modes.flatMap((mode) => checkOptionalOneOf(mode, accessModes, field));
}

function checkStorage(amount: string | undefined, field: string): readonly FieldError[] {
  if (amount === undefined) return [required(field)];
  const problem = quantityProblem(amount);
  if (problem !== undefined) return [invalid(field, amount, problem)];
  return parseQuantity(amount).nanos <= 0n ? [invalid(field, amount, 'must be greater than zero')] : [];
}

/** Follows: ValidatePersistentVolumeSpec. */
export function validatePersistentVolume({ spec }: PersistentVolume): readonly FieldError[] {
  const errors: FieldError[] = [
    ...checkModes(spec?.accessModes, 'spec.accessModes'),
    ...(spec?.capacity === undefined
      ? [required('spec.capacity')]
      : checkStorage(spec.capacity['storage'], 'spec.capacity[storage]')),
    ...checkOptionalOneOf(
      spec?.persistentVolumeReclaimPolicy,
      ['Delete', 'Recycle', 'Retain'],
      'spec.persistentVolumeReclaimPolicy',
    ),
    ...checkOptionalOneOf(spec?.volumeMode, ['Block', 'Filesystem'], 'spec.volumeMode'),
  ];
  const sources = Object.entries(spec ?? {}).filter(([key, value]) => !notSources.has(key) && value !== undefined);
  if (sources.length === 0) errors.push(required('spec', 'must specify a volume type'));
  for (const [source] of sources.slice(1))
    errors.push(forbidden(`spec.${source}`, 'may not specify more than 1 volume type'));
  if (spec?.local !== undefined && spec.nodeAffinity === undefined) {
    errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  }
  return errors;
}

/** Follows: ValidatePersistentVolumeUpdate. */
export function validatePersistentVolumeUpdate(
  { spec }: PersistentVolume,
  { spec: old }: PersistentVolume,
): readonly FieldError[] {
  const sourceOf = (all: object) => Object.fromEntries(Object.entries(all).filter(([key]) => !notSources.has(key)));
  const errors: FieldError[] = [];
  if (!semanticEqual(sourceOf(spec), sourceOf(old))) {
    errors.push(forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
  }
  return [...errors, ...checkUnchanged(spec.volumeMode, old.volumeMode, 'spec.volumeMode')];
}

/** Follows: ValidatePersistentVolumeClaimSpec. */
export const validatePersistentVolumeClaim = ({ spec }: PersistentVolumeClaim): readonly FieldError[] => [
  ...checkModes(spec?.accessModes, 'spec.accessModes'),
  ...checkStorage(spec?.resources?.requests?.['storage'], 'spec.resources[storage]'),
  ...checkOptionalOneOf(spec?.volumeMode, ['Block', 'Filesystem'], 'spec.volumeMode'),
];

/** Follows: ValidatePersistentVolumeClaimUpdate. */
export function validatePersistentVolumeClaimUpdate(
  { spec }: PersistentVolumeClaim,
  { spec: old, status }: PersistentVolumeClaim,
): readonly FieldError[] {
  const storage = spec.resources?.requests?.['storage'];
  const before = old.resources?.requests?.['storage'];
  const kept = {
    resources: undefined,
    volumeAttributesClassName: undefined,
    // Binding names the volume once.
    volumeName: old.volumeName ? spec.volumeName : undefined,
  };
  const errors: FieldError[] = [];
  const was = { ...old, ...kept, volumeName: old.volumeName ? old.volumeName : undefined };
  if (!semanticEqual({ ...spec, ...kept }, was)) {
    errors.push(
      forbidden(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    );
  }
  if (storage !== undefined && before !== undefined && compareQuantities(storage, before) < 0) {
    const current = status?.capacity?.['storage'];
    if (current === undefined || compareQuantities(storage, current) <= 0) {
      errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
    }
  }
  return errors;
}

/** Follows: ValidateStorageClass. */
export const validateStorageClass = (storageClass: StorageClass): readonly FieldError[] => [
  ...(storageClass.provisioner ? [] : [required('provisioner')]),
  ...checkOptionalOneOf(storageClass.reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy'),
  ...checkOneOf(storageClass.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode'),
];

/** Follows: ValidateStorageClassUpdate. */
export function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!semanticEqual(storageClass.parameters, old.parameters)) {
    errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  }
  if (storageClass.provisioner !== old.provisioner) {
    errors.push(forbidden('provisioner', 'updates to provisioner are forbidden.'));
  }
  if (storageClass.reclaimPolicy !== old.reclaimPolicy) {
    errors.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  }
  return [...errors, ...checkUnchanged(storageClass.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode')];
}

export const validateCsiDriverUpdate = ({ spec }: CSIDriver, { spec: old }: CSIDriver): readonly FieldError[] => [
  ...checkUnchanged(spec.attachRequired, old.attachRequired, 'spec.attachedRequired'),
  ...checkUnchanged(spec.volumeLifecycleModes, old.volumeLifecycleModes, 'spec.volumeLifecycleModes'),
];

export const validateVolumeAttachment = ({ spec }: VolumeAttachment): readonly FieldError[] => [
  ...(spec?.attacher ? [] : [required('spec.attacher')]),
  ...(spec?.nodeName ? [] : [required('spec.nodeName')]),
];

export const validateVolumeAttachmentUpdate = (
  { spec }: VolumeAttachment,
  { spec: old }: VolumeAttachment,
): readonly FieldError[] => checkUnchanged(spec, old, 'spec');
