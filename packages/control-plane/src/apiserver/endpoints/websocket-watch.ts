import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '@geobuk/api';
import { deadline } from '@geobuk/client';
import type { WebSocket, WebSocketServer } from 'ws';
import { onDemand } from '../../on-demand.js';
import type { RequestInfo } from '../filters/request-info.js';
import { negotiate } from '../http/negotiation.js';
import { speaksProtobuf } from '../http/protobuf.js';
import { statusOf } from '../http/respond.js';
import { makeReady, objectsIn } from '../registry/as-served.js';
import { parseWatchQuery } from '../registry/list-query.js';
import type { Reader } from '../registry/reader.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import { watchMs, withName } from './watch-endpoint.js';
import { isAskedFor, lineOf, watchEncoder } from './watch-frames.js';

export interface WebsocketWatchDeps {
  readonly catalog: ResourceCatalog;
  readonly reader: Reader;
  now(): number;
}

export interface WebsocketWatch {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly info: RequestInfo;
  readonly search: URLSearchParams;
  /** Fires when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Called when the protocol has changed. */
  onStarted(): void;
}

/** Bytes that wait for a slow reader before the next event is taken. */
const waitingBytes = 1024 * 1024;
/** A watch has nothing to hear but the end. */
const heardBytes = 64 * 1024;
/** A reader that takes nothing for so long is gone. */
const stalledMs = 60_000;

const base64Protocol = 'base64.binary.k8s.io';
const binaryProtocol = 'binary.k8s.io';

/** The one subprotocol that a client names is spoken; tokens are none. */
const handleProtocols = (offered: Set<string>): string | false => {
  const [named, ...others] = [...offered].filter((name) => !name.startsWith('base64url.bearer.authorization.k8s.io.'));
  return named !== undefined && others.length === 0 ? named : false;
};

let handshakes: WebSocketServer | undefined;

/** Whether a request wants its watch by websocket. */
export const wantsWebsocket = ({ headers }: IncomingMessage): boolean =>
  /\bupgrade\b/i.test(headers.connection ?? '') && headers.upgrade?.toLowerCase() === 'websocket';

/**
 * A watch over a websocket: one message for each event, text for JSON and binary for protobuf, or as the client's
 * subprotocol has it. Resolves when the watch is over. Follows: checklist 1.9.14.
 * @throws {ApiError} before the connection changes its protocol: what a watch refuses.
 */
export async function serveWebsocketWatch(
  { catalog, reader, now }: WebsocketWatchDeps,
  { request, socket, head, info, search, signal, onStarted }: WebsocketWatch,
): Promise<void> {
  const resource = catalog.find(info.group, info.version, info.resource);
  if (resource === undefined || info.subresource !== '') throw ApiError.noSuchResource();
  const { namespaced, verbs } = resource.type;
  if (!namespaced && info.namespace !== '' && info.resource !== 'namespaces') throw ApiError.noSuchResource();
  if (!verbs.includes('watch')) throw ApiError.methodNotAllowed();
  const protobuf = speaksProtobuf(resource);
  const form = negotiate(request.headers.accept, ['Table', 'PartialObjectMetadata'], { protobuf });
  const query = withName(parseWatchQuery(search), info.name);
  using limit = deadline(signal, watchMs(query));
  const namespace = namespaced && info.namespace !== '' ? info.namespace : undefined;
  const events = await reader.watch(resource, namespace, query, limit.signal);
  const encode = watchEncoder(resource, form, search, now);

  const websocket = await new Promise<WebSocket>((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client closed the connection')));
    handshakes ??= new onDemand.ws.WebSocketServer({ noServer: true, handleProtocols, maxPayload: heardBytes });
    handshakes.handleUpgrade(request, socket, head, resolve);
  });
  websocket.on('error', () => websocket.terminate());
  onStarted();
  const send = sender(websocket, form.protobuf === true, limit.signal);
  try {
    for await (const batch of events) {
      await makeReady(resource, objectsIn(batch), limit.signal);
      for (const item of batch) if (isAskedFor(item, query)) await send(encode(item));
    }
  } catch (error) {
    if (!limit.signal.aborted && websocket.readyState === websocket.OPEN) {
      await send(lineOf(form, 'ERROR', statusOf(error).status));
    }
  } finally {
    websocket.close();
  }
}

/** Sends one event as one message; waits while too much is under way. */
function sender(
  websocket: WebSocket,
  isProtobuf: boolean,
  signal: AbortSignal,
): (frame: Buffer) => Promise<void> | undefined {
  const isBase64 = websocket.protocol === base64Protocol;
  const isBinary = !isBase64 && (isProtobuf || websocket.protocol === binaryProtocol);
  return (frame) => {
    const event = isProtobuf ? frame.subarray(4) : frame; // a message knows its own length
    const message = isBase64 ? event.toString('base64') : event;
    if (websocket.bufferedAmount + event.length <= waitingBytes) {
      websocket.send(message, { binary: isBinary });
      return undefined;
    }
    return sendAndWait(websocket, message, isBinary, signal);
  };
}

async function sendAndWait(
  websocket: WebSocket,
  message: Buffer | string,
  binary: boolean,
  signal: AbortSignal,
): Promise<void> {
  using limit = deadline(signal, stalledMs);
  limit.signal.addEventListener('abort', () => websocket.terminate(), { once: true });
  await new Promise<void>((resolve, reject) => {
    websocket.send(message, { binary }, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
}
