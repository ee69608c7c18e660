import { ApiError } from '@geobuk/api';
import type { CauseReason } from '@geobuk/api';

/** The options of a list, checked. */
export interface ListQuery {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
}

export interface WatchQuery extends ListQuery {
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents?: boolean | undefined;
}

const text = (search: URLSearchParams, name: string): string | undefined => {
  const value = search.get(name);
  return value === null || value === '' ? undefined : value;
};

function integer(search: URLSearchParams, name: string): number | undefined {
  const value = text(search, name);
  if (value === undefined) return undefined;
  if (!/^-?\d+$/.test(value)) {
    throw ApiError.badRequest(`strconv.ParseInt: parsing "${value}": invalid syntax`);
  }
  return Number(value);
}

export function flag(search: URLSearchParams, name: string): boolean | undefined {
  const value = search.get(name);
  if (value === null) return undefined;
  return value.toLowerCase() !== 'false' && value !== '0';
}

/** @throws {ApiError} BadRequest, Invalid (1.8.5, 1.8.11). */
export function parseListQuery(search: URLSearchParams): ListQuery {
  const query: ListQuery = {
    labelSelector: text(search, 'labelSelector'),
    fieldSelector: text(search, 'fieldSelector'),
    limit: integer(search, 'limit') || undefined,
    continue: text(search, 'continue'),
    resourceVersion: text(search, 'resourceVersion'),
    resourceVersionMatch: text(search, 'resourceVersionMatch'),
    timeoutSeconds: integer(search, 'timeoutSeconds'),
  };
  if (search.get('sendInitialEvents') !== null) {
    throw invalidOptions(
      'sendInitialEvents',
      'FieldValueForbidden',
      'Forbidden: sendInitialEvents is forbidden for list',
    );
  }
  checkMatch(query);
  return query;
}

function checkMatch({ resourceVersion, resourceVersionMatch: match, continue: token }: ListQuery): void {
  if (match === undefined) return;
  const forbidden = (why: string) => invalidOptions('resourceVersionMatch', 'FieldValueForbidden', `Forbidden: ${why}`);
  if (resourceVersion === undefined) {
    throw forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (token !== undefined) throw forbidden('resourceVersionMatch is forbidden when continue is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalidOptions(
      'resourceVersionMatch',
      'FieldValueNotSupported',
      `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
    );
  }
  if (match === 'Exact' && resourceVersion === '0') {
    throw forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
}

/** @throws {ApiError} BadRequest, Invalid (1.9.8). */
export function parseWatchQuery(search: URLSearchParams): WatchQuery {
  const query: WatchQuery = {
    labelSelector: text(search, 'labelSelector'),
    fieldSelector: text(search, 'fieldSelector'),
    resourceVersion: text(search, 'resourceVersion'),
    resourceVersionMatch: text(search, 'resourceVersionMatch'),
    timeoutSeconds: integer(search, 'timeoutSeconds'),
    allowWatchBookmarks: flag(search, 'allowWatchBookmarks') ?? false,
    sendInitialEvents: flag(search, 'sendInitialEvents'),
  };
  const { resourceVersionMatch: match, sendInitialEvents } = query;
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = `Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`;
    throw invalidOptions('resourceVersionMatch', 'FieldValueForbidden', why);
  }
  if (match !== undefined && sendInitialEvents === undefined) {
    const why = 'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    throw invalidOptions('resourceVersionMatch', 'FieldValueForbidden', why);
  }
  return query;
}

const invalidOptions = (field: string, reason: CauseReason, message: string): ApiError =>
  ApiError.invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions' }, '', [{ field, reason, message }]);

/** @throws {ApiError} BadRequest for what is no resourceVersion. */
export function parseRevision(resourceVersion: string): number {
  if (!/^(0|[1-9]\d{0,15})$/.test(resourceVersion)) {
    throw ApiError.badRequest(`Invalid value: "${resourceVersion}": invalid resource version`);
  }
  return Number(resourceVersion);
}
