import { ApiError, decodeObject, defaultObject } from '@geobuk/api';
import type { FieldError, KubernetesObject } from '@geobuk/api';
import { decodeCustom, defaultCustom, validateCustom } from '../custom-resources/custom-object.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import { validateMetadata } from './metadata-validation.js';

export interface DecodedServed {
  readonly object: KubernetesObject;
  readonly unknownFields: readonly string[];
}

/** Drops what the kind does not know. @throws {ApiError} BadRequest for values of the wrong type. */
export const decodeServed = (resource: ServedResource, object: KubernetesObject): DecodedServed =>
  resource.custom === undefined ? decodeObject(resource.type, object) : decodeCustom(resource, object);

/** With the defaults of its kind. */
export const complete = (resource: ServedResource, object: KubernetesObject): KubernetesObject =>
  resource.custom === undefined ? defaultObject(resource.type, object) : defaultCustom(resource, object);

/** Once more with defaults, then held against all rules at once. @throws {ApiError} Invalid, all causes together. */
export function completeAndCheck(
  resource: ServedResource,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
): KubernetesObject {
  const errors: readonly FieldError[] = [
    ...validateMetadata(resource, object.metadata),
    ...finalizerErrors(object, old),
    ...(resource.custom === undefined ? [] : validateCustom(resource, object)),
  ];
  if (errors.length > 0) throw ApiError.invalid(subjectOf(resource), object.metadata.name ?? '', errors);
  return object;
}

/** While deletion runs, finalizers may only go (1.13.4). */
function finalizerErrors(object: KubernetesObject, old: KubernetesObject | undefined): readonly FieldError[] {
  if (old?.metadata.deletionTimestamp === undefined) return [];
  const before = old.metadata.finalizers ?? [];
  const added = (object.metadata.finalizers ?? []).filter((name) => !before.includes(name));
  if (added.length === 0) return [];
  return [
    {
      field: 'metadata.finalizers',
      reason: 'FieldValueForbidden',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    },
  ];
}
