import {
  ApiError,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  isJsonArray,
  isJsonObject,
} from '@geobuk/api';
import type { Json, KubernetesObject } from '@geobuk/api';
import type { Patch } from '@geobuk/client';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import type { Change } from './registry.js';

/**
 * What a patch makes of an object. What the object is called is not for a patch to change: the stored identity wins.
 * A patch that does not speak of the resourceVersion is tried again when somebody else was faster (1.12.6, 1.12.7).
 * @param decode holds the result against the schema.
 */
export function patchFunction(
  resource: ServedResource,
  name: string,
  patch: Patch,
  decode: (value: KubernetesObject) => KubernetesObject,
): Change {
  const apply = applierOf(resource, patch);
  const isHeldToVersion = mentionsVersion(patch);
  return (current) => {
    if (current === undefined) throw ApiError.notFound(subjectOf(resource), name);
    const patched = apply(current);
    if (!isJsonObject(patched) || !isJsonObject(patched.metadata))
      throw ApiError.badRequest('the patch must leave an object with metadata');
    const { name: newName, namespace } = patched.metadata;
    if (newName !== current.metadata.name || (namespace ?? '') !== (current.metadata.namespace ?? '')) {
      throw ApiError.badRequest(
        `the name of the object (${String(newName)}) does not match the name on the URL (${name})`,
      );
    }
    const { apiVersion, kind } = current;
    const next = decode({ ...patched, apiVersion, kind });
    return isHeldToVersion ? next : { ...next, metadata: { ...next.metadata, resourceVersion: undefined } };
  };
}

function applierOf({ type }: ServedResource, patch: Patch): (current: KubernetesObject) => KubernetesObject {
  switch (patch.type) {
    case 'json':
      return (current) => applyJsonPatch(current, patch.operations);
    case 'merge':
      if (!isJsonObject(patch.body)) throw ApiError.badRequest('a merge patch must be an object');
      return (current) => applyMergePatch(current, patch.body);
    case 'strategic':
      return (current) => applyStrategicMergePatch(type, current, patch.body);
    default:
      return patch satisfies never;
  }
}

function mentionsVersion(patch: Patch): boolean {
  const path = '/metadata/resourceVersion';
  if (patch.type === 'json') {
    const operations = patch.operations as readonly Json[];
    return (
      isJsonArray(operations) &&
      operations.some((one) => isJsonObject(one) && one['path'] === path && one['op'] !== 'test')
    );
  }
  const metadata = isJsonObject(patch.body) ? patch.body['metadata'] : undefined;
  const version = isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
  return typeof version === 'string' && version !== '';
}
