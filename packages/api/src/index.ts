export { keyOf, formatKey, parseKey, uidOf } from './object.js';
export type { KubernetesObject, ObjectKey, ObjectList } from './object.js';
export { apiVersionOf, qualifiedName, resourcePath } from './resource-type.js';
export type { ResourceType, Subresource, Verb } from './resource-type.js';
export { builtInResources, resourceType, resourceOfKind } from './kinds.js';
export {
  ApiError,
  ignoring,
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isNotFound,
  isTooManyRequests,
  isUnauthorized,
} from './status.js';
export type { CauseReason, FieldError, Status, StatusCause, StatusReason, StatusSubject } from './status.js';
// The generated table is long on purpose: each resource is one typed constant, each definition one type.
export * from './generated/resources.js';
export type * from './generated/types.js';
export { addons } from './addon.js';
export type {
  Addon,
  AddonCluster,
  AddonDefinition,
  AddonHealthCheck,
  AddonPhase,
  AddonResource,
  AddonSpec,
  AddonStatus,
} from './addon.js';
