import type { KubernetesObject } from '@geobuk/api';
import type { CacheBookmark, CacheEvent } from '../../watch-cache/watch-cache.js';
import type { Negotiated } from '../http/negotiation.js';
import { protobufFrame } from '../http/protobuf.js';
import { asServed, isServedAsStored } from '../registry/as-served.js';
import type { WatchQuery } from '../registry/list-query.js';
import type { ServedResource } from '../resources/served-resource.js';
import { includeObjectOf, partialMetadata, tableOf } from './transformations.js';

/** Bookmarks come to those who asked for them; the end of what existed is marked for those who asked for that (1.9.4). */
export const isAskedFor = (
  item: CacheEvent | CacheBookmark,
  { allowWatchBookmarks, sendInitialEvents }: WatchQuery,
): boolean =>
  item.type !== 'BOOKMARK' || (allowWatchBookmarks && (!item.initialEventsEnd || sendInitialEvents === true));

/** One event, with the newline or the length that separates it from the next. */
export const lineOf = (form: Negotiated, type: string, object: unknown): Buffer =>
  form.protobuf === true ? protobufFrame(type, object) : Buffer.from(`${JSON.stringify({ type, object })}\n`);

/** Encodes what one watch shows, in the form that its client wants; of tables the first says what the columns are. */
export function watchEncoder(
  resource: ServedResource,
  form: Negotiated,
  search: URLSearchParams,
  now: () => number,
): (item: CacheEvent | CacheBookmark) => Buffer {
  const includeObject = includeObjectOf(search);
  let isFirst = true;
  const transform = (object: KubernetesObject): unknown => {
    if (form.as === 'PartialObjectMetadata') return partialMetadata(object);
    if (form.as !== 'Table') return object;
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    const table = tableOf(resource, [object], metadata, includeObject, form.version, now());
    if (isFirst) {
      isFirst = false;
      return table;
    }
    const { columnDefinitions: _said, ...rest } = table;
    return { ...rest, columnDefinitions: null };
  };
  const isPlain = form.as === undefined && form.protobuf !== true;
  return (item) => {
    if (item.type === 'BOOKMARK') return bookmark(resource, form, item);
    if (isPlain && isServedAsStored(resource, [item.current])) return item.frame;
    const { object } = asServed(resource, item.current);
    if (form.protobuf === true && form.as === undefined) return sharedFrame(item, object);
    return lineOf(form, item.type, transform(object));
  };
}

/** One encoding for all who see the change the same way; by version, since a kind may be seen at several. */
const frames = new WeakMap<CacheEvent, Map<string, Buffer>>();

function sharedFrame(event: CacheEvent, object: KubernetesObject): Buffer {
  let versions = frames.get(event);
  if (versions === undefined) frames.set(event, (versions = new Map()));
  const version = object.apiVersion ?? '';
  let frame = versions.get(version);
  if (frame === undefined) versions.set(version, (frame = protobufFrame(event.type, object)));
  return frame;
}

/** An object of the watched kind that says nothing but how far the watch has come. */
function bookmark(
  { apiVersion, type }: ServedResource,
  form: Negotiated,
  { revision, initialEventsEnd }: CacheBookmark,
): Buffer {
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  };
  const object =
    form.as === 'Table'
      ? {
          kind: 'Table',
          apiVersion: `meta.k8s.io/${form.version}`,
          metadata: { resourceVersion: String(revision) },
          columnDefinitions: null,
          rows: [
            {
              cells: [],
              object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
            },
          ],
        }
      : form.as === 'PartialObjectMetadata'
        ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
        : { kind: type.kind, apiVersion, metadata };
  return lineOf(form, 'BOOKMARK', object);
}
