import { ApiError } from '@geobuk/api';
import { StoreError } from '../../store/store.js';
import { subjectOf } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';

/** The API's word for what the store said; everything else passes. */
export function translateStoreError(error: unknown, resource: ServedResource, name: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const options = { cause: error };
  switch (error.code) {
    case 'NotFound':
      return ApiError.notFound(subjectOf(resource), name);
    case 'AlreadyExists':
      return ApiError.alreadyExists(subjectOf(resource), name);
    case 'Conflict':
      return ApiError.conflict(subjectOf(resource), name);
    case 'Compacted':
      return ApiError.expired('The resourceVersion for the provided watch is too old.');
    case 'FutureRevision':
      return ApiError.timeout('Too large resource version', [
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
      ]);
    case 'TooLarge':
      return ApiError.of(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: ${error.message}`,
        undefined,
        options,
      );
    case 'Unavailable':
      return ApiError.of(503, 'ServiceUnavailable', `storage is not available: ${error.message}`, undefined, options);
    default:
      return error.code satisfies never;
  }
}
