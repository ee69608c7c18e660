import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import type { KubernetesObject } from '@geobuk/api';
import { acceptsGzip } from '../http/respond.js';
import { asServed } from '../registry/as-served.js';
import type { CachedObject } from '../../watch-cache/watch-cache.js';
import type { ServedResource } from '../resources/served-resource.js';
import type { ResourceRequest } from './endpoint.js';

/** Objects between two turns of the event loop where each has to be looked at. */
export const objectsPerTurn = 200;

/** A list whose items are made from the objects, such as the rows of a table. */
export interface MadeList {
  /** All but the items. */
  readonly envelope: object;
  /** What the items are called: `items` or `rows`. */
  readonly field: string;
  /** Items of some of the objects, in their order. */
  itemsOf(objects: readonly KubernetesObject[]): readonly unknown[];
}

/** Makes and encodes a long list piece by piece, so that other requests are answered in between. JSON only. */
export function sendInTurns(
  { request, reply, resource }: ResourceRequest,
  objects: readonly CachedObject[],
  list: MadeList,
): unknown {
  const stream = Readable.from(encoded(resource, objects, list), { objectMode: false, highWaterMark: 512 * 1024 });
  reply.code(200).header('content-type', 'application/json');
  if (!acceptsGzip(request)) return reply.send(stream);
  reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
  return reply.send(stream.pipe(createGzip({ level: constants.Z_BEST_SPEED })));
}

async function* encoded(
  resource: ServedResource,
  cached: readonly CachedObject[],
  { envelope, field, itemsOf }: MadeList,
): AsyncGenerator<Buffer> {
  yield Buffer.from(`${JSON.stringify(envelope).slice(0, -1)},${JSON.stringify(field)}:[`);
  for (let start = 0; start < cached.length; start += objectsPerTurn) {
    if (start > 0) await nextTurn();
    const objects = cached.slice(start, start + objectsPerTurn).map((item) => asServed(resource, item).object);
    const text = JSON.stringify(itemsOf(objects)).slice(1, -1);
    yield Buffer.from(start === 0 ? text : `,${text}`);
  }
  yield Buffer.from(']}\n');
}
