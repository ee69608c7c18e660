import { serverSideApply } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import { resetFieldsOf } from './managed-fields.js';
import { timestamp } from './metadata.js';

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force: boolean;
  /** '' is the object itself. */
  readonly subresource: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Server-side apply; held to a resourceVersion only when the applied object names one. @throws {ApiError} Conflict. */
export function applyTo(
  resource: ServedResource,
  current: KubernetesObject | undefined,
  applied: KubernetesObject,
  { fieldManager, force, subresource, now }: ApplyOptions,
): KubernetesObject {
  const { resourceVersion, ...metadata } = applied.metadata;
  const after = serverSideApply({
    schema: resource.schema,
    manager: fieldManager,
    apiVersion: resource.apiVersion,
    subresource,
    now: timestamp(now),
    resetFields: resetFieldsOf(resource, subresource),
    live: current,
    applied: { ...applied, metadata },
    force,
  });
  return { ...after, metadata: { ...after.metadata, resourceVersion } };
}
