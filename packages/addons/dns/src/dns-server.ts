import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Resolver } from './resolver.js';

export interface DnsServerDeps {
  readonly resolver: Resolver;
  readonly log: Logger;
}

const idleTimeoutMs = 10_000;
const maxConnections = 1_000;
/** Questions of one connection that may be answered at the same time. */
const maxPipelined = 100;
const receiveBufferBytes = 4 * 1024 * 1024;

/** Speaks DNS over UDP and TCP on one address and port. Follows: RFC 1035, RFC 7766 (several queries on a connection). */
export class DnsServer {
  readonly #deps: DnsServerDeps;
  readonly #stop = new AbortController();
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;
  readonly #connections = new Set<Socket>();

  constructor(deps: DnsServerDeps) {
    this.#deps = deps;
  }

  /** @returns the port, for those who asked for any. @throws {Error} the port is taken. */
  async listen(address: string, port: number): Promise<number> {
    this.#tcp = createServer((socket) => this.#accept(socket));
    this.#tcp.maxConnections = maxConnections;
    const tcp = this.#tcp;
    await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen({ host: address, port }, resolve));
    const bound = tcp.address();
    const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
    const family = isIPv6(address) ? 6 : 4;
    const udp = createSocket({
      type: `udp${family}`,
      recvBufferSize: receiveBufferBytes,
      // Answers go to addresses that questions came from: there is nothing to look up, which would cost a turn each.
      lookup: (host, _options, callback) => callback(null, host, family),
    });
    this.#udp = udp;
    udp.on('message', (message, peer) => {
      const ready = this.#deps.resolver.answerReady(message, 'udp');
      if (ready !== undefined) udp.send(ready, peer.port, peer.address);
      else this.#answer(message, 'udp', (reply) => udp.send(reply, peer.port, peer.address));
    });
    await new Promise<void>((resolve, reject) => udp.once('error', reject).bind({ address, port: chosen }, resolve));
    udp.removeAllListeners('error');
    udp.on('error', (error) => this.#deps.log.warn({ err: error }, 'UDP socket'));
    return chosen;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the server stops'));
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([
      new Promise<void>((resolve) => (this.#udp === undefined ? resolve() : this.#udp.close(() => resolve()))),
      new Promise<void>((resolve) => (this.#tcp === undefined ? resolve() : this.#tcp.close(() => resolve()))),
    ]);
  }

  #answer(message: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer) => void): void {
    this.#deps.resolver.answer(message, transport, this.#stop.signal).then(
      (reply) => {
        if (reply !== undefined && !this.#stop.signal.aborted) send(reply);
      },
      (error: unknown) => {
        if (!this.#stop.signal.aborted) this.#deps.log.error({ err: error }, 'a query could not be answered');
      },
    );
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    let received = Buffer.alloc(0);
    let open = 0;
    socket.setTimeout(idleTimeoutMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const message = received.subarray(2, end);
        received = received.subarray(end);
        if (open >= maxPipelined) {
          socket.destroy();
          return;
        }
        open += 1;
        this.#answer(Buffer.from(message), 'tcp', (reply) => {
          open -= 1;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          if (!socket.destroyed) socket.write(Buffer.concat([length, reply]));
        });
      }
    });
  }
}
