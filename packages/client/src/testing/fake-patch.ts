import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '@geobuk/api';
import type { ApplyOptions, Patch } from '../client.js';

/** The object a patch makes of another. */
export function patchedBy(type: ResourceType, existing: KubernetesObject, patch: Patch): KubernetesObject {
  switch (patch.type) {
    case 'json':
      return applyJsonPatch(existing, patch.operations);
    case 'merge':
      return applyMergePatch(existing, patch.body);
    case 'strategic':
      return applyStrategicMergePatch(type, existing, patch.body);
    default:
      return patch satisfies never;
  }
}

/** The object that server-side apply leaves. */
export function appliedBy(
  _type: ResourceType,
  existing: KubernetesObject | undefined,
  wanted: KubernetesObject,
  _options: ApplyOptions,
): KubernetesObject {
  return existing === undefined ? wanted : applyMergePatch(existing, wanted);
}
