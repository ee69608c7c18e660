import {
  ApiError,
  decodeCustomObject,
  decodeObject,
  defaultCustomObject,
  defaultObject,
  validateObject,
  validatePodPart,
  validateUpdate,
  validateValue,
} from '@geobuk/api';
import type { FieldError, KubernetesObject } from '@geobuk/api';
import { expressionErrors } from '../admission/policies/expression-errors.js';
import { definitionRuleErrors, ruleErrors } from '../custom-resources/validation-rules.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';

export interface DecodedServed {
  readonly object: KubernetesObject;
  readonly unknownFields: readonly string[];
}

/** Drops what the kind does not know. @throws {ApiError} BadRequest for values of the wrong type. */
export const decodeServed = (resource: ServedResource, object: KubernetesObject): DecodedServed =>
  resource.custom === undefined ? decodeObject(resource.type, object) : decodeCustomObject(resource.schema, object);

/** With the defaults of its kind. */
export const complete = (resource: ServedResource, object: KubernetesObject): KubernetesObject =>
  resource.custom === undefined ? defaultObject(resource.type, object) : defaultCustomObject(resource.schema, object);

/** Subresources whose writes change what a plain update may not. */
const ownRules = new Set(['binding', 'resize', 'ephemeralcontainers', 'eviction']);

const podParts = new Set(['resize', 'ephemeralcontainers']);

/** Held against all rules at once. @throws {ApiError} Invalid, all causes together. */
export function check(
  resource: ServedResource,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  subresource = '',
): void {
  const { type, custom } = resource;
  if (ownRules.has(subresource)) {
    const wrong = podParts.has(subresource) ? validatePodPart(object) : [];
    if (wrong.length > 0) throw ApiError.invalid(subjectOf(resource), object.metadata.name ?? '', wrong);
    return;
  }
  const general = old === undefined ? validateObject(type, object) : validateUpdate(type, object, old);
  const ofSchema =
    custom === undefined ? definitionErrors(resource, object) : validateValue(resource.schema, object, '', old);
  // Rules may count on values of the right form.
  const ofRules = custom === undefined || ofSchema.length > 0 ? [] : ruleErrors(resource, object, old);
  const errors = [...general, ...ofSchema, ...ofRules];
  if (errors.length > 0) throw ApiError.invalid(subjectOf(resource), object.metadata.name ?? '', errors);
}

/** What is wrong with expressions that a definition, policy or webhook configuration brings. */
function definitionErrors({ type }: ServedResource, object: KubernetesObject): readonly FieldError[] {
  if (type.group === 'admissionregistration.k8s.io') return expressionErrors(object);
  return type.plural === 'customresourcedefinitions' ? definitionRuleErrors(object) : [];
}
