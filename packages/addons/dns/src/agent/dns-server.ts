import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { DnsMetrics } from './dns-metrics.js';
import { parseQuery } from './query.js';
import type { Resolver } from './resolver.js';
import type { ResponseBody } from './response.js';
import { codeAlone, refusal, respond, sizeLimit } from './response.js';

export interface DnsServerOptions {
  readonly host: string;
  /** 0: any free one (UDP and TCP get the same). */
  readonly port: number;
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly metrics: DnsMetrics;
  readonly log: Logger;
  /** Called once both listen. */
  readonly listening?: ((port: number) => void) | undefined;
}

const tcpIdleMs = 10_000;
const mostTcpConnections = 1_000;
const mostPipelined = 100;
const receiveBufferBytes = 4 << 20;

/** Serves UDP and TCP until the signal fires. @throws {Error} the port is taken. */
export async function runDnsServer(options: DnsServerOptions, signal: AbortSignal): Promise<void> {
  const { host, port, listening } = options;
  const udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes });
  const connections = new Set<Socket>();
  const tcp = createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(options, socket);
  });
  tcp.maxConnections = mostTcpConnections;
  udp.on('message', (packet, from) => {
    answer(options, packet, 'udp', (response) => udp.send(response, from.port, from.address));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      udp.once('error', reject);
      tcp.listen(port, host, () => {
        const bound = tcp.address();
        udp.bind(typeof bound === 'object' && bound !== null ? bound.port : port, host, resolve);
      });
    });
    udp.on('error', (error) => options.log.warn({ err: error }, 'UDP socket'));
    listening?.(udp.address().port);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    const closed = new Promise<void>((resolve) => (tcp.listening ? tcp.close(() => resolve()) : resolve()));
    udp.close();
    for (const socket of connections) socket.destroy();
    await closed;
  }
}

/** Answers in the same turn whatever is known here: no promise, no timer. */
function answer(
  { resolver, metrics, log }: DnsServerOptions,
  packet: Buffer,
  transport: 'udp' | 'tcp',
  send: (response: Buffer) => void,
): void {
  const startedAt = performance.now();
  const parsed = parseQuery(packet);
  if (!('query' in parsed)) {
    if (parsed.refuse !== undefined) send(refusal(packet, parsed.refuse));
    return;
  }
  const { query } = parsed;
  const finish = (body: ResponseBody): void => {
    send(respond(packet, query, body, sizeLimit(query, transport)));
    metrics.answered(transport, query.type, body.rcode, performance.now() - startedAt);
  };
  try {
    const body = resolver.resolve(query, packet);
    if (!(body instanceof Promise)) {
      finish(body);
      return;
    }
    body.then(finish, (error: unknown) => {
      log.error({ name: query.name, err: error }, 'question not answered');
      finish(codeAlone('SERVFAIL'));
    });
  } catch (error) {
    log.error({ name: query.name, err: error }, 'question not answered');
    finish(codeAlone('SERVFAIL'));
  }
}

/** Follows: RFC 7766 (several questions on a connection, answers in any order). */
function serveConnection(options: DnsServerOptions, socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  let waiting = 0;
  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const end = pending.readUInt16BE(0) + 2;
      if (pending.length < end) break;
      if (waiting >= mostPipelined) {
        socket.destroy();
        return;
      }
      waiting += 1;
      answer(options, pending.subarray(2, end), 'tcp', (response) => {
        waiting -= 1;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(response.length);
        if (socket.writable) socket.write(Buffer.concat([length, response]));
      });
      pending = pending.subarray(end);
    }
  });
}
