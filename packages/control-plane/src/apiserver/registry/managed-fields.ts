import { trackUpdate } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import { timestamp } from './metadata.js';
import type { WriteOptions } from './write-options.js';

const statusOnly = [['status']];
const specOnly = [['spec']];

/** Fields that nobody can own through an endpoint, since it resets them (1.12.17). */
export function resetFieldsOf({ strategy }: ServedResource, subresource: string): readonly (readonly string[])[] {
  if (subresource === 'status') return specOnly;
  return strategy.hasStatus && subresource === '' ? statusOnly : [];
}

/** Records who changed which fields with a write that is no apply. */
export function recordUpdate(
  resource: ServedResource,
  old: KubernetesObject | undefined,
  object: KubernetesObject,
  { fieldManager, subresource = '' }: WriteOptions,
  now: number,
): KubernetesObject {
  if (fieldManager === undefined) return object;
  return trackUpdate({
    schema: resource.schema,
    manager: fieldManager,
    apiVersion: resource.apiVersion,
    subresource,
    now: timestamp(now),
    resetFields: resetFieldsOf(resource, subresource),
    live: old,
    updated: object,
  });
}
