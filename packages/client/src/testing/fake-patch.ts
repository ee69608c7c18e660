import type { KubernetesObject, ResourceType } from '@geobuk/api';
import {
  apiVersionOf,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  schemaOf,
  schemaOfStructural,
  serverSideApply,
} from '@geobuk/api';
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

/** A custom resource whose schema says nothing: lists are owned as a whole. */
const anything = schemaOfStructural({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });

/** The object that server-side apply leaves. */
export function appliedBy(
  type: ResourceType,
  live: KubernetesObject | undefined,
  applied: KubernetesObject,
  { fieldManager, force, subresource }: ApplyOptions,
  now: string,
): KubernetesObject {
  const schema = type.definition === undefined ? anything : schemaOf(type);
  const apiVersion = apiVersionOf(type);
  return serverSideApply({
    schema,
    manager: fieldManager,
    apiVersion,
    subresource,
    now,
    live,
    applied: { ...applied, apiVersion, kind: type.kind },
    force,
  });
}
