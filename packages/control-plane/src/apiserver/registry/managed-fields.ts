import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import type { WriteOptions } from './write-options.js';

/** Records who changed which fields with a write that is no apply. */
export function recordUpdate(
  _resource: ServedResource,
  _old: KubernetesObject | undefined,
  object: KubernetesObject,
  _options: WriteOptions,
  _now: number,
): KubernetesObject {
  return object;
}
