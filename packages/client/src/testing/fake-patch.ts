import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError } from '@geobuk/api';
import type { ApplyOptions, Patch } from '../client.js';

type Json = Readonly<Record<string, unknown>>;

/** The object a patch makes of another. */
export function patchedBy(type: ResourceType, existing: KubernetesObject, patch: Patch): KubernetesObject {
  if (patch.type !== 'merge') throw ApiError.of(415, 'UnsupportedMediaType', `${patch.type} patch of ${type.plural}`);
  return mergePatched(existing, patch.body) as KubernetesObject;
}

/** Follows: RFC 7386. */
function mergePatched(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? (target as Json) : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatched(merged[field], value);
  }
  return merged;
}

/** The object that server-side apply leaves. */
export function appliedBy(
  _type: ResourceType,
  existing: KubernetesObject | undefined,
  wanted: KubernetesObject,
  _options: ApplyOptions,
): KubernetesObject {
  return mergePatched(existing ?? {}, wanted) as KubernetesObject;
}
