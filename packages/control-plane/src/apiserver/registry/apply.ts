import { ApiError } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';

export interface ApplyRequest {
  readonly fieldManager: string;
  readonly force: boolean;
  /** '' is the object itself. */
  readonly subresource: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Server-side apply. */
export function applyTo(
  _resource: ServedResource,
  _current: KubernetesObject | undefined,
  _applied: KubernetesObject,
  _request: ApplyRequest,
): KubernetesObject {
  throw ApiError.of(415, 'UnsupportedMediaType', 'server-side apply is not available');
}
