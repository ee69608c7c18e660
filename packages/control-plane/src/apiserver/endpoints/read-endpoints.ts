import { Readable } from 'node:stream';
import { createGzip, constants } from 'node:zlib';
import { protobufMediaType } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { encodeItems } from '../../watch-cache/encode-list.js';
import { negotiate } from '../http/negotiation.js';
import type { Negotiated } from '../http/negotiation.js';
import { protobufList, protobufMessageOf, protobufObject, speaksProtobuf } from '../http/protobuf.js';
import { acceptsGzip, sendBytes, sendJson, sendValue, wantsPretty } from '../http/respond.js';
import { asServed, isServedAsStored, makeReady, served as servedOf } from '../registry/as-served.js';
import { parseListQuery } from '../registry/list-query.js';
import type { Page } from '../registry/reader.js';
import type { ServedResource } from '../resources/served-resource.js';
import { includeObjectOf, partialMetadata, tableOf } from './transformations.js';
import { keyOfRequest, namespaceOf } from './endpoint.js';
import type { Endpoint, EndpointDeps, ResourceRequest } from './endpoint.js';
import { objectsPerTurn, sendInTurns } from './list-in-turns.js';
import type { MadeList } from './list-in-turns.js';

/** Up to here a list is put together at once, without a stream. */
const smallListBytes = 512 * 1024;
/** What is written at once of a longer one. */
const chunkBytes = 256 * 1024;

export const getEndpoint =
  ({ reader, now }: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, resource, search, signal } = call;
    const protobuf = speaksProtobuf(resource);
    const form = negotiate(request.headers.accept, ['Table', 'PartialObjectMetadata'], { protobuf });
    const found = await reader.get(resource, keyOfRequest(call), search.get('resourceVersion') ?? undefined, signal);
    const served = await servedOf(resource, found, signal);
    if (form.protobuf === true) {
      request.audit?.answeredObject(served.object);
      const shown = form.as === undefined ? served.object : partialMetadata(served.object);
      return sendBytes(request, reply, 200, protobufObject(shown), protobufMediaType);
    }
    if (form.as === undefined) return sendJson(request, reply, 200, served.json, form.mediaType);
    const value =
      form.as === 'Table'
        ? tableOf(
            resource,
            [served.object],
            { resourceVersion: String(found.revision) },
            includeObjectOf(search),
            form.version,
            now(),
          )
        : partialMetadata(served.object);
    return sendValue(request, reply, 200, value, form.mediaType);
  };

export const listEndpoint =
  ({ reader, now }: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, resource, search, signal } = call;
    const protobuf = speaksProtobuf(resource);
    const form = negotiate(request.headers.accept, ['Table', 'PartialObjectMetadataList'], { protobuf });
    const page = await reader.list(resource, namespaceOf(call), parseListQuery(search), signal);
    if (request.audit?.wantsResponse === true) request.audit.answeredObject(wholeList(resource, page));
    if (form.protobuf === true) return sendProtobufList(call, page, form.as === 'PartialObjectMetadataList');
    if (
      form.as === undefined &&
      form.mediaType === 'application/json' &&
      !wantsPretty(request) &&
      isServedAsStored(resource, page.items)
    ) {
      return sendList(call, page);
    }
    await makeReady(resource, page.items, signal);
    const list = madeList(call, page, form, now());
    if (page.items.length > objectsPerTurn && form.mediaType === 'application/json' && !wantsPretty(request)) {
      return sendInTurns(call, page.items, list);
    }
    const objects = [];
    for (let i = 0; i < page.items.length; i++) {
      if (i % objectsPerTurn === objectsPerTurn - 1) await turn();
      objects.push(asServed(resource, page.items[i]!).object);
    }
    const { envelope, field, itemsOf } = list;
    return sendValue(request, reply, 200, { ...envelope, [field]: itemsOf(objects) }, form.mediaType);
  };

/** A list in the form that the client asks for. */
function madeList({ resource, search }: ResourceRequest, page: Page, form: Negotiated, now: number): MadeList {
  const metadata = listMetadata(page);
  if (form.as === 'Table') {
    const table = (objects: readonly KubernetesObject[]) =>
      tableOf(resource, objects, metadata, includeObjectOf(search), form.version, now);
    const { rows: _, ...envelope } = table([]);
    return { envelope, field: 'rows', itemsOf: (objects) => table(objects).rows };
  }
  if (form.as === 'PartialObjectMetadataList') {
    const envelope = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata };
    return { envelope, field: 'items', itemsOf: (objects) => objects.map((object) => partialMetadata(object)) };
  }
  const { listKind: kind, apiVersion } = resource;
  return { envelope: { kind, apiVersion, metadata }, field: 'items', itemsOf: (objects) => objects };
}

/** Items are encoded once while they live; the event loop turns on the way, and nothing is joined to one big piece. */
async function sendProtobufList(
  { request, reply, resource, signal }: ResourceRequest,
  page: Page,
  isMetadataOnly: boolean,
): Promise<unknown> {
  await makeReady(resource, page.items, signal);
  const items: Uint8Array[] = [];
  for (const [i, item] of page.items.entries()) {
    if (i % objectsPerTurn === objectsPerTurn - 1) await turn();
    const served = asServed(resource, item);
    items.push(
      isMetadataOnly ? protobufMessageOf({}, partialMetadata(served.object)) : protobufMessageOf(served, served.object),
    );
  }
  const { kind, apiVersion } = isMetadataOnly
    ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }
    : { kind: resource.listKind, apiVersion: resource.apiVersion };
  const pieces = protobufList({ apiVersion, kind, metadata: listMetadata(page) }, items);
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (bytes <= smallListBytes) return sendBytes(request, reply, 200, Buffer.concat(pieces), protobufMediaType);
  reply.code(200).header('content-type', protobufMediaType);
  const stream = Readable.from(inChunks(pieces), { objectMode: false, highWaterMark: 512 * 1024 });
  if (!acceptsGzip(request)) return reply.header('content-length', bytes).send(stream);
  reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
  return reply.send(stream.pipe(createGzip({ level: constants.Z_BEST_SPEED })));
}

/** Many small pieces as fewer of about `chunkBytes`. */
function* inChunks(pieces: readonly Uint8Array[]): Generator<Buffer> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < pieces.length; i++) {
    bytes += pieces[i]!.length;
    if (bytes < chunkBytes && i + 1 < pieces.length) continue;
    yield Buffer.concat(pieces.slice(from, i + 1));
    from = i + 1;
    bytes = 0;
  }
}

const wholeList = ({ listKind, apiVersion }: ServedResource, page: Page) => ({
  kind: listKind,
  apiVersion,
  metadata: listMetadata(page),
  items: page.items.map(({ object }) => object),
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const listMetadata = (page: Page) => ({
  resourceVersion: page.resourceVersion,
  ...(page.continue === undefined ? {} : { continue: page.continue }),
  ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
});

const listHead = ({ listKind, apiVersion }: ServedResource, page: Page): Buffer =>
  Buffer.from(
    `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(listMetadata(page))},"items":[`,
  );
const listTail = Buffer.from(']}\n');

/** A list as it is mostly wanted: encoded objects, one after the other. */
async function sendList({ request, reply, resource }: ResourceRequest, page: Page): Promise<unknown> {
  const head = listHead(resource, page);
  let bytes = head.length + listTail.length;
  for (const item of page.items) bytes += item.jsonBytes + 1;
  const gzip = bytes > 128 * 1024 && acceptsGzip(request);
  reply.code(200).header('content-type', 'application/json');
  if (bytes <= smallListBytes && !gzip) {
    const pieces = [head];
    for await (const piece of encodeItems(page.items)) pieces.push(piece);
    return reply.send(Buffer.concat([...pieces, listTail]));
  }
  const stream = Readable.from(inPieces(head, page), { objectMode: false, highWaterMark: 512 * 1024 });
  if (!gzip) return reply.send(stream);
  reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
  return reply.send(stream.pipe(createGzip({ level: constants.Z_BEST_SPEED })));
}

async function* inPieces(head: Buffer, page: Page): AsyncGenerator<Buffer> {
  yield head;
  yield* encodeItems(page.items);
  yield listTail;
}
