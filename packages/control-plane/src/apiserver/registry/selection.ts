import { ApiError, matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from '@geobuk/api';
import type { FieldRequirement, KubernetesObject } from '@geobuk/api';
import type { ObjectFilter } from '../../watch-cache/watch-cache.js';
import type { ServedResource } from '../resources/served-resource.js';

/** Which objects a list, watch or deletecollection means. */
export interface Selection {
  readonly namespace: string | undefined;
  /** Set when the selector or the path names one object. */
  readonly name: string | undefined;
  readonly filter: ObjectFilter | undefined;
  /**
   * What can only be asked of objects at the version that is served, once a webhook has converted them: fields lie
   * elsewhere in what is stored.
   */
  readonly servedFilter: ((object: KubernetesObject) => boolean) | undefined;
}

/** @throws {ApiError} BadRequest for bad syntax and fields that the kind does not offer. */
export function parseSelection(
  resource: ServedResource,
  namespace: string | undefined,
  {
    labelSelector,
    fieldSelector,
  }: { readonly labelSelector?: string | undefined; readonly fieldSelector?: string | undefined },
): Selection {
  const labels = labelSelector === undefined || labelSelector === '' ? [] : parseLabelSelector(labelSelector);
  const fields = fieldSelector === undefined || fieldSelector === '' ? [] : parseFieldSelector(fieldSelector);
  let name: string | undefined;
  let onlyNamespace = namespace;
  const others: FieldRequirement[] = [];
  for (const requirement of fields) {
    const { field, operator, value } = requirement;
    if (!isSelectable(resource, field)) throw ApiError.badRequest(`field label not supported: ${field}`);
    const isFirst = operator === '=' && value !== '';
    if (field === 'metadata.name' && isFirst && name === undefined) name = value;
    else if (field === 'metadata.namespace' && isFirst && onlyNamespace === undefined) onlyNamespace = value;
    else others.push(requirement);
  }
  const isConverted = resource.custom?.converter !== undefined && others.some(({ field }) => !isOfMetadata(field));
  return {
    namespace: onlyNamespace,
    name,
    filter: filterOf(resource, labels, isConverted ? others.filter(({ field }) => isOfMetadata(field)) : others),
    servedFilter: isConverted
      ? (object) =>
          matchesFields(others, (field) => metadataOf(object, field) ?? resource.strategy.fields[field]?.(object))
      : undefined,
  };
}

const isOfMetadata = (field: string): boolean => field === 'metadata.name' || field === 'metadata.namespace';

const metadataOf = ({ metadata }: KubernetesObject, field: string): string | undefined =>
  field === 'metadata.name' ? metadata.name : field === 'metadata.namespace' ? metadata.namespace : undefined;

const isSelectable = ({ strategy, type }: ServedResource, field: string): boolean =>
  field === 'metadata.name' ||
  (field === 'metadata.namespace' && type.namespaced) ||
  Object.hasOwn(strategy.fields, field);

function filterOf(
  { strategy }: ServedResource,
  labels: ReturnType<typeof parseLabelSelector>,
  fields: readonly FieldRequirement[],
): ObjectFilter | undefined {
  if (labels.length === 0 && fields.length === 0) return undefined;
  return (cached) => {
    if (labels.length > 0 && !matchesLabels(labels, cached.labels)) return false;
    return (
      fields.length === 0 ||
      matchesFields(fields, (field) => {
        if (field === 'metadata.name') return cached.name;
        if (field === 'metadata.namespace') return cached.namespace;
        return strategy.fields[field]?.(cached.object);
      })
    );
  };
}
