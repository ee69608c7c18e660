import { ApiError } from '../status.js';
import { placesOf, placeText } from './field-set.js';
import type { FieldManager } from './managed-fields.js';
import type { FieldSet } from './field-set.js';

/** What an apply would take from another manager. */
export interface ApplyConflict {
  readonly manager: FieldManager;
  readonly set: FieldSet;
}

/**
 * 409 with one cause per field.
 * Follows: apierrors.NewApplyConflict and its message.
 */
export function applyConflict(conflicts: readonly ApplyConflict[]): ApiError {
  const found = conflicts
    .map(({ manager, set }) => ({ who: managerText(manager), places: placesOf(set).map(placeText).sort() }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const all = found.flatMap(({ who, places }) => places.map((field) => ({ who, field })));
  const [only] = all;
  const message =
    all.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: conflict with ${only.who}: ${only.field}`
      : `Apply failed with ${all.length} conflicts: ${found
          .map(({ who, places }) => [`conflicts with ${who}:`, ...places.map((place) => `- ${place}`)].join('\n'))
          .join('\n')}`;
  return ApiError.of(409, 'Conflict', message, {
    causes: all.map(({ who, field }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  });
}

function managerText({ manager, operation, apiVersion, subresource, time }: FieldManager): string {
  const name = JSON.stringify(manager);
  const who = subresource === undefined || subresource === '' ? name : `${name} with subresource "${subresource}"`;
  if (operation === 'Apply') return who;
  return time === undefined ? `${who} using ${apiVersion}` : `${who} using ${apiVersion} at ${time}`;
}
