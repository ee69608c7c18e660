import { createRequire } from 'node:module';
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { RuntimeError } from '../runtime.js';

/** The few things of spdy-transport that are used; it ships no types. */
interface SpdyStream extends Duplex {
  readonly _spdyState: { needResponse: boolean };
  abort(): void;
}
interface FlowControlSide {
  current: number;
  max: number;
  limit: number;
}
interface SpdyConnection {
  readonly _spdyState: {
    readonly parser: NodeJS.WritableStream;
    readonly window: { readonly send: FlowControlSide };
    readonly streamWindow: { readonly send: FlowControlSide };
  };
  start(version: number): void;
  request(
    head: { method: string; path: string; host: string; headers: Readonly<Record<string, string>> },
    sent: (error: Error | null) => void,
  ): SpdyStream;
  on(event: 'error', listener: (error: Error) => void): void;
  once(event: 'close', listener: () => void): void;
}
interface SpdyTransport {
  readonly connection: {
    create(socket: Socket, options: { protocol: 'spdy'; isServer: boolean }): SpdyConnection;
  };
}

const upgradeTimeoutMs = 30_000;
/** What an engine may answer instead of the upgrade; more is cut. */
const refusalBytes = 4096;

/**
 * Client side of a SPDY/3.1 connection to the streaming server of a CRI engine.
 * Follows: the dialect of Go's spdystream, which differs from the standard in two ways that are adapted here.
 */
export class SpdySession implements Disposable {
  readonly #connection: SpdyConnection;
  readonly #socket: Socket;
  #failure: Error | undefined;
  #paused = false;

  constructor(socket: Socket) {
    const { connection: spdy } = createRequire(import.meta.url)('spdy-transport') as SpdyTransport;
    this.#socket = socket;
    this.#connection = spdy.create(socket, { protocol: 'spdy', isServer: false });
    this.#connection.on('error', (error) => (this.#failure ??= error));
    // The engine never sends WINDOW_UPDATE: with the standard's windows the sender stalls after 64 KiB. TCP does the rest.
    for (const side of [this.#connection._spdyState.window.send, this.#connection._spdyState.streamWindow.send]) {
      side.limit = Infinity;
      side.max = Infinity;
      side.current = Infinity;
    }
    this.#connection.start(3.1);
  }

  /** Resolves once the stream's head is on its way; streams reach the other side in the order of these calls. */
  open(headers: Readonly<Record<string, string>>): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const stream = this.#connection.request({ method: 'POST', path: '/', host: '', headers }, (error) => {
        if (error === null) resolve(stream);
        else reject(error);
      });
      // The engine's SYN_REPLY has no `:status`, which spdy-transport would take for a broken protocol.
      stream._spdyState.needResponse = false;
      stream.on('error', (error) => (this.#failure ??= error));
    });
  }

  /** Stops reading from the engine (it does not look at our windows), until `resume`. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.unpipe(this.#connection._spdyState.parser);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.pipe(this.#connection._spdyState.parser);
  }

  /** Resolves when the connection has ended, with the error that ended it. */
  closed(): Promise<Error | undefined> {
    if (this.#socket.destroyed) return Promise.resolve(this.#failure);
    return new Promise((resolve) => this.#connection.once('close', () => resolve(this.#failure)));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** @throws {RuntimeError} Internal when the engine refuses the upgrade, Unavailable when it cannot be reached. */
export function connectSpdy(url: string, protocol: string, signal: AbortSignal): Promise<SpdySession> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method: 'POST',
      agent: false,
      signal,
      timeout: upgradeTimeoutMs,
      headers: {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': protocol,
        'content-length': 0,
      },
    });
    request.on('upgrade', (_response, socket, head) => {
      const tcp = socket as Socket;
      tcp.setTimeout(0);
      if (head.length > 0) tcp.unshift(head);
      resolve(new SpdySession(tcp));
    });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text = (text + chunk).slice(0, refusalBytes)));
      response.on('close', () =>
        reject(new RuntimeError('Internal', `the container runtime refused to stream: ${text.trim()}`)),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${upgradeTimeoutMs / 1000} s`)));
    request.on('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else {
        const message = `cannot reach the streaming server of the container runtime: ${error.message}`;
        reject(new RuntimeError('Unavailable', message, { cause: error }));
      }
    });
    request.end();
  });
}
