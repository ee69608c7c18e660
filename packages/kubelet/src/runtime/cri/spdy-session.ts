import { createRequire } from 'node:module';
import { request as httpRequest } from 'node:http';
import { Duplex } from 'node:stream';
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
  lowWaterMark: number;
}
interface FlowControl {
  readonly send: FlowControlSide;
  readonly recv: FlowControlSide;
}
interface SpdyConnection {
  readonly _spdyState: {
    readonly parser: NodeJS.WritableStream;
    readonly window: FlowControl;
    readonly streamWindow: FlowControl;
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
    create(socket: Duplex, options: { protocol: 'spdy'; isServer: boolean }): SpdyConnection;
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
  readonly #socket: Duplex;
  #failure: Error | undefined;
  #paused = false;

  constructor(socket: Socket) {
    const { connection: spdy } = createRequire(import.meta.url)('spdy-transport') as SpdyTransport;
    this.#socket = unhurried(socket, (error) => (this.#failure ??= error));
    this.#connection = spdy.create(this.#socket, { protocol: 'spdy', isServer: false });
    this.#connection.on('error', (error) => (this.#failure ??= error));
    // Everything that came is parsed and handed on: only now may the end of the connection end its streams.
    this.#connection._spdyState.parser.once('finish', () => setImmediate(() => this.#socket.destroy()));
    this.#connection.start(3.1);
    // The engine neither sends WINDOW_UPDATE nor looks at ours. With the standard's windows we would stall after 64 KiB;
    // and an update that it leaves unread when it closes resets the connection, and with it the end of its output.
    const { window, streamWindow } = this.#connection._spdyState;
    for (const side of [window.send, window.recv, streamWindow.send, streamWindow.recv]) {
      Object.assign(side, { limit: Infinity, max: Infinity, current: Infinity, lowWaterMark: -1 });
    }
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

/**
 * A socket whose close waits until it is destroyed here. spdy-transport aborts its streams on the close of a socket,
 * although what came before may still be in its parser: the last words of a command would be lost.
 */
function unhurried(socket: Socket, failed: (error: Error) => void): Duplex {
  const duplex = new Duplex({
    autoDestroy: false,
    read: () => void socket.resume(),
    // A failed write says that the engine is done listening; what it said before is still to be read.
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, () => done(null)),
    final: (done) => void socket.end(() => done()),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => {
    if (!duplex.push(chunk)) socket.pause();
  });
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    duplex.push(null);
  };
  socket.once('end', end).once('close', end);
  socket.on('error', failed);
  return duplex;
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
