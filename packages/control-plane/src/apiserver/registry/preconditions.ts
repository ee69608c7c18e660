import { ApiError } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';

/** @throws {ApiError} Conflict when uid or resourceVersion were given and are not those of `current`. */
export function checkPreconditions(
  resource: ServedResource,
  { metadata }: KubernetesObject,
  { uid, resourceVersion }: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void {
  const refuse = (why?: string) => ApiError.conflict(subjectOf(resource), metadata.name ?? '', why);
  if (uid !== undefined && uid !== '' && uid !== metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    throw refuse();
  }
}
