import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { FastifyRequest } from 'fastify';
import { followSignal } from '@geobuk/client';

/** The client went away. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * A signal that fires when the client closes the connection or the server stops. Dispose it when the request is over.
 */
export function requestSignal(
  request: FastifyRequest,
  server: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
  const linked = followSignal(server);
  const { raw } = request;
  const stream = connectionOf(raw);
  const closed = () => linked.abort(new ClientGone('the client closed the connection'));
  stream.once('close', closed);
  return {
    signal: linked.signal,
    [Symbol.dispose]: () => {
      stream.removeListener('close', closed);
      linked[Symbol.dispose]();
    },
  };
}

/** What closes with the request: its stream over HTTP/2, the connection over HTTP/1.1. */
const connectionOf = (raw: IncomingMessage | Http2ServerRequest): EventEmitter =>
  'stream' in raw ? raw.stream : raw.socket;
