import type { connect as connectTcp } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ClientOptions, WebSocket } from 'ws';
import { ConnectionError } from '../connection-error.js';
import { onDemand } from '../on-demand.js';
import { tunnelThrough } from './proxy-tunnel.js';
import { errorOfReply } from './status-error.js';
import { textOf } from './transport.js';
import type { Transport, UpgradeTarget } from './transport.js';

export interface OpenChannelsOptions {
  /** In order of preference, such as `v5.channel.k8s.io`, `v4.channel.k8s.io`. */
  readonly protocols: readonly string[];
  /** Closes everything when it fires. */
  readonly signal: AbortSignal;
}

/** A websocket whose messages start with the number of a channel. Dispose it when through with it. */
export interface Channels extends Disposable {
  /** What the server chose. */
  readonly protocol: string;
  /** What the server sends on a channel; ends when the channel or the connection does. */
  incoming(channel: number): Readable;
  /** Resolves when there is room for more. */
  send(channel: number, data: Uint8Array): Promise<void>;
  /** Tells the other side that nothing more comes. Only the v5 protocol can; others keep the channel open. */
  end(channel: number): Promise<void>;
  /** Resolves when the connection is closed; rejects with {@link ConnectionError} when it broke, or with the abort's reason. */
  readonly closed: Promise<void>;
}

const closeChannel = 255;
const pingEveryMs = 10_000;
/** Two pings without an answer. */
const silenceLimitMs = 25_000;
const largestMessageBytes = 8 << 20;
const sendBufferBytes = 1 << 20;
const handshakeTimeoutMs = 30_000;
const errorBodyLimitBytes = 1 << 20;

/**
 * Follows: Kubernetes websocket streaming, v5.channel.k8s.io and v4.channel.k8s.io; the server chooses among those offered.
 * @throws {ApiError} the server's refusal. @throws {ConnectionError} no websocket.
 */
export async function openChannels(
  transport: Transport,
  path: string,
  { protocols, signal }: OpenChannelsOptions,
): Promise<Channels> {
  signal.throwIfAborted();
  const target = await transport.upgrade(path, signal);
  const socket = new onDemand.ws.WebSocket(target.url, [...protocols], await optionsOf(target, signal));
  try {
    await opened(socket, signal);
  } catch (error) {
    socket.on('error', () => undefined);
    socket.terminate();
    throw transport.asConnectionError(error, signal);
  }
  return new SocketChannels(socket, signal);
}

async function optionsOf({ headers, tls, proxyUrl, url }: UpgradeTarget, signal: AbortSignal): Promise<ClientOptions> {
  const options: ClientOptions = {
    headers,
    ...tls,
    maxPayload: largestMessageBytes,
    perMessageDeflate: false,
    handshakeTimeout: handshakeTimeoutMs,
    followRedirects: false,
  };
  if (proxyUrl === undefined) return options;
  const { hostname, port, protocol } = new URL(url);
  const secure = protocol === 'wss:';
  const tunnel = await tunnelThrough(proxyUrl, hostname, port === '' ? (secure ? 443 : 80) : Number(port), signal);
  const createConnection = (): ReturnType<typeof connectTcp> =>
    secure ? connectTls({ servername: hostname, ...tls, socket: tunnel }) : tunnel;
  return {
    ...options,
    createConnection: createConnection as unknown as NonNullable<ClientOptions['createConnection']>,
  };
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    const settle =
      <A extends readonly unknown[]>(act: (...args: A) => void) =>
      (...args: A): void => {
        signal.removeEventListener('abort', aborted);
        act(...args);
      };
    socket.once('open', settle(resolve));
    socket.once('error', settle(reject));
    socket.once('unexpected-response', (_request, response) => {
      textOf(response, errorBodyLimitBytes, signal).then(
        settle((text) => reject(errorOfReply(response.statusCode ?? 500, text))),
        settle(reject),
      );
    });
  });
}

class SocketChannels implements Channels {
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #incoming = new Map<number, PassThrough>();
  #full = 0;
  #over = false;

  constructor(socket: WebSocket, signal: AbortSignal) {
    this.#socket = socket;
    let heardAt = Date.now();
    socket.on('message', (data, isBinary) => {
      heardAt = Date.now();
      this.#receive(asBuffer(data), isBinary);
    });
    socket.on('pong', () => {
      heardAt = Date.now();
    });
    // The server's silence is otherwise no sign of anything: a shell may be idle for hours.
    const ping = setInterval(() => {
      if (!socket.isPaused && Date.now() - heardAt > silenceLimitMs) socket.terminate();
      else socket.ping();
    }, pingEveryMs);
    this.closed = new Promise((resolve, reject) => {
      let failure: Error | undefined;
      const aborted = (): void => {
        failure = signal.reason as Error;
        socket.terminate();
      };
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
      socket.on('error', (error) => {
        failure ??= new ConnectionError(`the stream broke: ${error.message}`, { cause: error });
      });
      socket.on('close', (code, reason) => {
        clearInterval(ping);
        signal.removeEventListener('abort', aborted);
        // 1006: the connection went without a word; after our own close that is fine.
        if (code === 1006 && !this.#over) failure ??= new ConnectionError('the stream broke: connection lost');
        if (code === 1011) failure ??= new ConnectionError(`the stream failed: ${reason.toString('utf8')}`);
        this.#over = true;
        for (const stream of this.#incoming.values()) stream.end();
        if (failure === undefined) resolve();
        else reject(failure);
      });
    });
    // Whoever waits for the streams alone need not look at it.
    this.closed.catch(() => undefined);
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  incoming(channel: number): Readable {
    return this.#streamOf(channel);
  }

  async send(channel: number, data: Uint8Array): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) throw new ConnectionError('the stream is closed');
    const message = Buffer.allocUnsafe(data.length + 1);
    message[0] = channel;
    message.set(data, 1);
    await new Promise<void>((resolve, reject) => {
      const sent = (error?: Error | null): void => {
        if (error === undefined || error === null) resolve();
        else reject(new ConnectionError(`the stream broke: ${error.message}`, { cause: error }));
      };
      // Below the limit the caller may go on at once; above it, when this message has left.
      if (this.#socket.bufferedAmount + message.length < sendBufferBytes) {
        this.#socket.send(message);
        resolve();
      } else this.#socket.send(message, sent);
    });
  }

  async end(channel: number): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN || !this.#socket.protocol.startsWith('v5.')) return;
    await this.send(closeChannel, Uint8Array.of(channel));
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#socket.close(1000);
    for (const stream of this.#incoming.values()) stream.resume();
    // A peer that does not answer the close within the library's own time is cut off by it.
  }

  #receive(message: Buffer, isBinary: boolean): void {
    // An empty frame only announces a channel; text frames would be the base64 protocol, which is never offered.
    if (!isBinary || message.length === 0) return;
    const channel = message[0] as number;
    if (channel === closeChannel) {
      if (message.length === 2) this.#streamOf(message[1] as number).end();
      return;
    }
    if (message.length === 1) return;
    const stream = this.#streamOf(channel);
    if (stream.writableEnded || stream.destroyed || stream.write(message.subarray(1))) return;
    // A slow reader holds back the whole connection, so that memory does not grow.
    this.#full += 1;
    this.#socket.pause();
    const drained = (): void => {
      stream.off('drain', drained);
      stream.off('close', drained);
      this.#full -= 1;
      if (this.#full === 0) this.#socket.resume();
    };
    stream.once('drain', drained);
    stream.once('close', drained);
  }

  #streamOf(channel: number): PassThrough {
    const known = this.#incoming.get(channel);
    if (known !== undefined) return known;
    const stream = new PassThrough({ highWaterMark: 256 << 10 });
    this.#incoming.set(channel, stream);
    if (this.#over) stream.end();
    return stream;
  }
}

function asBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
