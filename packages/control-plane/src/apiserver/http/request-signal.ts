import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { FastifyRequest } from 'fastify';
import { DeadlineError, systemClock } from '@geobuk/client';

/** The client went away. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor() {
    super('the client closed the connection');
  }
}

/** The requests that a server has under way: its signal is listened to once, however many they are. */
const underWay = new WeakMap<AbortSignal, Set<AbortController>>();

function requestsOf(server: AbortSignal): Set<AbortController> {
  const known = underWay.get(server);
  if (known !== undefined) return known;
  const requests = new Set<AbortController>();
  server.addEventListener('abort', () => {
    for (const request of requests) request.abort(server.reason);
  });
  underWay.set(server, requests);
  return requests;
}

/**
 * A signal that fires when the client closes the connection, the server stops, or `timeoutMs` are over. Dispose it
 * when the request is over. One controller does for all three: every request has one, and they are not cheap.
 */
export function requestSignal(
  request: FastifyRequest,
  server: AbortSignal,
  timeoutMs?: number,
): Disposable & { readonly signal: AbortSignal } {
  const own = new AbortController();
  const requests = requestsOf(server);
  if (server.aborted) own.abort(server.reason);
  requests.add(own);
  const stream = connectionOf(request.raw);
  const closed = () => own.abort(new ClientGone());
  stream.once('close', closed);
  const timer =
    timeoutMs === undefined ? undefined : systemClock.timer(timeoutMs, () => own.abort(new DeadlineError(timeoutMs)));
  return {
    signal: own.signal,
    [Symbol.dispose]: () => {
      timer?.[Symbol.dispose]();
      stream.removeListener('close', closed);
      requests.delete(own);
    },
  };
}

/** What closes with the request: its stream over HTTP/2, the connection over HTTP/1.1. */
const connectionOf = (raw: IncomingMessage | Http2ServerRequest): EventEmitter =>
  'stream' in raw ? raw.stream : raw.socket;
