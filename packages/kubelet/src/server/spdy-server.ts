import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';

export interface SpdyStream extends Duplex {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  respond(status: number, headers: Readonly<Record<string, string>>): void;
}
interface FlowControlSide {
  current: number;
  max: number;
  limit: number;
}
type KeyValues = Record<string, unknown>;
interface SpdyConnection {
  readonly _spdyState: {
    readonly parser: {
      parseKVs(body: unknown, done: (error: Error | null, headers?: KeyValues) => void): void;
    };
    readonly window: { readonly send: FlowControlSide };
    readonly streamWindow: { readonly send: FlowControlSide };
  };
  start(version: number): void;
  on(event: 'stream', listener: (stream: SpdyStream) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  once(event: 'close', listener: () => void): void;
}
interface SpdyTransport {
  readonly connection: { create(socket: Duplex, options: { protocol: 'spdy'; isServer: boolean }): SpdyConnection };
}

export interface SpdyServerHandlers {
  stream(stream: SpdyStream): void;
  closed(): void;
}

/**
 * Server side of a SPDY/3.1 connection from a Kubernetes client.
 * Follows: the dialect of Go's spdystream: streams without method and path, and no window updates.
 */
export function serveSpdy(socket: Duplex, { stream, closed }: SpdyServerHandlers): void {
  const { connection: spdy } = createRequire(import.meta.url)('spdy-transport') as SpdyTransport;
  const connection = spdy.create(socket, { protocol: 'spdy', isServer: true });
  const { parser, window, streamWindow } = connection._spdyState;
  const parse = parser.parseKVs.bind(parser);
  parser.parseKVs = (body, done) =>
    parse(body, (error, headers) => {
      if (headers !== undefined) {
        headers[':method'] ??= 'POST';
        headers[':path'] ??= '/';
      }
      done(error, headers);
    });
  // With the standard's windows the sender would stall after 64 KiB: nobody opens them again. TCP does the rest.
  for (const side of [window.send, streamWindow.send]) {
    side.limit = Infinity;
    side.max = Infinity;
    side.current = Infinity;
  }
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    socket.destroy();
    closed();
  };
  connection.on('stream', (fresh) => {
    fresh.on('error', () => undefined);
    fresh.respond(200, {});
    stream(fresh);
  });
  connection.on('error', end);
  connection.once('close', end);
  socket.on('error', end);
  socket.on('close', end);
  connection.start(3.1);
}

export const headerOfStream = ({ headers }: SpdyStream, name: string): string => {
  const value = headers[name] ?? headers[name.toLowerCase()] ?? '';
  return typeof value === 'string' ? value : (value[0] ?? '');
};
