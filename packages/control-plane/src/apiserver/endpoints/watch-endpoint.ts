import { once } from 'node:events';
import { protobufMediaType } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { deadline, DeadlineError } from '@geobuk/client';
import type { CacheBookmark, CacheEvent } from '../../watch-cache/watch-cache.js';
import { negotiate } from '../http/negotiation.js';
import type { Negotiated } from '../http/negotiation.js';
import { protobufFrame, speaksProtobuf } from '../http/protobuf.js';
import { statusOf } from '../http/respond.js';
import { asServed, isServedAsStored, makeReady, objectsIn } from '../registry/as-served.js';
import { parseWatchQuery } from '../registry/list-query.js';
import type { WatchQuery } from '../registry/list-query.js';
import type { ServedResource } from '../resources/served-resource.js';
import { includeObjectOf, partialMetadata, tableOf } from './transformations.js';
import { namespaceOf } from './endpoint.js';
import type { Endpoint, EndpointDeps } from './endpoint.js';

/** Without `timeoutSeconds` a watch ends after 30 to 60 minutes, at random, so that not all begin anew at once. */
const shortestWatchSeconds = 1800;
/** A reader that takes nothing for so long is gone. */
const stalledMs = 60_000;

const watchMediaType = `${protobufMediaType};stream=watch`;

type Frames = (items: readonly (CacheEvent | CacheBookmark)[]) => Buffer;

/** Streams changes, one JSON document a line. Follows: checklist 1.9. */
export const watchEndpoint =
  ({ reader, now }: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, info, resource, search, signal } = call;
    const protobuf = speaksProtobuf(resource);
    const form = negotiate(request.headers.accept, ['Table', 'PartialObjectMetadata'], { protobuf });
    const query = withName(parseWatchQuery(search), info.name);
    const seconds = query.timeoutSeconds ?? shortestWatchSeconds * (1 + Math.random());
    using limit = deadline(signal, Math.max(1, seconds) * 1000);
    const events = await reader.watch(resource, namespaceOf(call), query, limit.signal);
    const frames = framesOf(resource, form, search, now);

    reply.hijack();
    const { raw } = reply;
    const headers = {
      ...reply.getHeaders(),
      'content-type': form.protobuf ? watchMediaType : 'application/json',
    } as Record<string, string>;
    raw.writeHead(200, 'stream' in raw ? headers : { ...headers, 'transfer-encoding': 'chunked' });
    raw.flushHeaders(); // clients wait for the 200, events or not
    try {
      for await (const batch of events) {
        const items = batch.filter((item) => isAskedFor(item, query));
        if (items.length === 0) continue;
        await makeReady(resource, objectsIn(items), limit.signal);
        if (!raw.write(frames(items))) await drained(raw, limit.signal);
      }
    } catch (error) {
      if (!(error instanceof DeadlineError) && !limit.signal.aborted) {
        raw.write(lineOf(form, 'ERROR', statusOf(error).status));
      }
    } finally {
      raw.end();
    }
    return reply;
  };

/** Bookmarks come to those who asked for them; the end of what existed is marked for those who asked for that (1.9.4). */
const isAskedFor = (
  item: CacheEvent | CacheBookmark,
  { allowWatchBookmarks, sendInitialEvents }: WatchQuery,
): boolean =>
  item.type !== 'BOOKMARK' || (allowWatchBookmarks && (!item.initialEventsEnd || sendInitialEvents === true));

/** The old path `/watch/<resource>/<name>` names its object (1.1.5). */
const withName = (query: WatchQuery, name: string): WatchQuery =>
  name === '' || query.fieldSelector !== undefined ? query : { ...query, fieldSelector: `metadata.name=${name}` };

/** A slow reader is waited for here; the cache drops its watch when it falls too far behind. */
async function drained(raw: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  using limit = deadline(signal, stalledMs);
  await once(raw, 'drain', { signal: limit.signal });
}

const lineOf = (form: Negotiated, type: string, object: unknown): Buffer =>
  form.protobuf === true ? protobufFrame(type, object) : Buffer.from(`${JSON.stringify({ type, object })}\n`);

function framesOf(resource: ServedResource, form: Negotiated, search: URLSearchParams, now: () => number): Frames {
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
  const frameOf = (item: CacheEvent | CacheBookmark): Buffer => {
    if (item.type === 'BOOKMARK') return bookmark(resource, form, item);
    if (isPlain && isServedAsStored(resource, [item.current])) return item.frame;
    const { object } = asServed(resource, item.current);
    return lineOf(form, item.type, form.protobuf === true ? object : transform(object));
  };
  return (items) => (items.length === 1 ? frameOf(items[0]!) : Buffer.concat(items.map(frameOf)));
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
