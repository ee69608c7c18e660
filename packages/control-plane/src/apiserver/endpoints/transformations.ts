import { ApiError, tableFor } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { customColumns } from '../custom-resources/printer-columns.js';
import type { ServedResource } from '../resources/served-resource.js';

/** An object without its contents. Follows: checklist 1.5.9. */
export const partialMetadata = ({ metadata }: KubernetesObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** @throws {ApiError} BadRequest. */
export function includeObjectOf(search: URLSearchParams): IncludeObject {
  const given = search.get('includeObject');
  if (given === null || given === '') return 'Metadata';
  if (given === 'None' || given === 'Metadata' || given === 'Object') return given;
  throw ApiError.badRequest(`invalid includeObject value: ${JSON.stringify(given)}`);
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: unknown;
  readonly columnDefinitions: unknown;
  readonly rows: readonly unknown[];
}

/** What `kubectl get` prints. Follows: checklist 1.5.6, 1.5.7. */
export function tableOf(
  resource: ServedResource,
  objects: readonly KubernetesObject[],
  metadata: unknown,
  include: IncludeObject,
  version: string,
  now: number,
): Table {
  const { columnDefinitions, rows } =
    resource.custom === undefined
      ? tableFor(resource.type, objects, { now })
      : customColumns(resource.custom, objects, now);
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions,
    rows: rows.map((row, index) => ({ ...row, object: included(objects[index]!, include) })),
  };
}

function included(object: KubernetesObject, include: IncludeObject): unknown {
  if (include === 'None') return null;
  return include === 'Object' ? object : partialMetadata(object);
}
