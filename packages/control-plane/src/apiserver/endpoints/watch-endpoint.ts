import { once } from 'node:events';
import { protobufMediaType } from '@geobuk/api';
import { deadline, DeadlineError } from '@geobuk/client';
import { negotiate } from '../http/negotiation.js';
import { speaksProtobuf } from '../http/protobuf.js';
import { statusOf } from '../http/respond.js';
import { makeReady, objectsIn } from '../registry/as-served.js';
import { parseWatchQuery } from '../registry/list-query.js';
import type { WatchQuery } from '../registry/list-query.js';
import { namespaceOf } from './endpoint.js';
import type { Endpoint, EndpointDeps } from './endpoint.js';
import { isAskedFor, lineOf, watchEncoder } from './watch-frames.js';

/** Without `timeoutSeconds` a watch ends after 30 to 60 minutes, at random, so that not all begin anew at once. */
const shortestWatchSeconds = 1800;
/** How long a watch lasts. */
export const watchMs = ({ timeoutSeconds }: WatchQuery): number =>
  Math.max(1, timeoutSeconds ?? shortestWatchSeconds * (1 + Math.random())) * 1000;

/** A reader that takes nothing for so long is gone. */
const stalledMs = 60_000;

const watchMediaType = `${protobufMediaType};stream=watch`;

/** Streams changes, one JSON document a line. Follows: checklist 1.9. */
export const watchEndpoint =
  ({ reader, now }: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, info, resource, search, signal } = call;
    const protobuf = speaksProtobuf(resource);
    const form = negotiate(request.headers.accept, ['Table', 'PartialObjectMetadata'], { protobuf });
    const query = withName(parseWatchQuery(search), info.name);
    using limit = deadline(signal, watchMs(query));
    const events = await reader.watch(resource, namespaceOf(call), query, limit.signal);
    const encode = watchEncoder(resource, form, search, now);

    reply.hijack();
    const { raw } = reply;
    const headers = {
      ...reply.getHeaders(),
      'content-type': form.protobuf ? watchMediaType : 'application/json',
    } as Record<string, string>;
    raw.writeHead(200, 'stream' in raw ? headers : { ...headers, 'transfer-encoding': 'chunked' });
    raw.flushHeaders(); // clients wait for the 200, events or not
    request.seats?.release(); // it has begun; from here on it costs what happens, not that it is there
    try {
      for await (const batch of events) {
        const items = batch.filter((item) => isAskedFor(item, query));
        if (items.length === 0) continue;
        await makeReady(resource, objectsIn(items), limit.signal);
        if (!raw.write(items.length === 1 ? encode(items[0]!) : Buffer.concat(items.map(encode))))
          await drained(raw, limit.signal);
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

/** The old path `/watch/<resource>/<name>` names its object (1.1.5). */
export const withName = (query: WatchQuery, name: string): WatchQuery =>
  name === '' || query.fieldSelector !== undefined ? query : { ...query, fieldSelector: `metadata.name=${name}` };

/** A slow reader is waited for here; the cache drops its watch when it falls too far behind. */
async function drained(raw: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  using limit = deadline(signal, stalledMs);
  await once(raw, 'drain', { signal: limit.signal });
}
