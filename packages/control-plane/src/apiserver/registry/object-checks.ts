import { ApiError, decodeObject, defaultObject, validateObject, validateUpdate } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { decodeCustom, defaultCustom, validateCustom } from '../custom-resources/custom-object.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';

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

/** Subresources whose writes change what a plain update may not. */
const ownRules = new Set(['binding', 'resize', 'ephemeralcontainers', 'eviction']);

/** Held against all rules at once. @throws {ApiError} Invalid, all causes together. */
export function check(
  resource: ServedResource,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  subresource = '',
): void {
  const { type, custom } = resource;
  if (ownRules.has(subresource)) return;
  const general = old === undefined ? validateObject(type, object) : validateUpdate(type, object, old);
  const errors = custom === undefined ? general : [...general, ...validateCustom(resource, object)];
  if (errors.length > 0) throw ApiError.invalid(subjectOf(resource), object.metadata.name ?? '', errors);
}
