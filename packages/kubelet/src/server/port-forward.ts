import { finished } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import type { WebSocket } from 'ws';
import { channelWriter } from './remote-over-websocket.js';
import { headerOfStream, serveSpdy } from './spdy-server.js';
import type { SpdyStream } from './spdy-server.js';

/** Opens a connection to a port inside the pod. */
export type OpenPort = (port: number) => Promise<Duplex>;

/** Streams whose partner does not come in this time are dropped. Follows: streamCreationTimeout. */
const partnerTimeoutMs = 30_000;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly timer: NodeJS.Timeout;
}

/** Each connection is a pair of streams, named by its request. Follows: portforward.k8s.io over SPDY. */
export function forwardOverSpdy(socket: Duplex, open: OpenPort): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connections = new Set<Duplex>();
  return new Promise((resolve) => {
    serveSpdy(socket, {
      stream: (stream) => {
        const id = headerOfStream(stream, 'requestid');
        const type = headerOfStream(stream, 'streamtype');
        const port = Number(headerOfStream(stream, 'port'));
        if ((type !== 'data' && type !== 'error') || !(port > 0 && port < 65536)) {
          stream.destroy();
          return;
        }
        let pair = pairs.get(id);
        if (pair === undefined) {
          const timer = setTimeout(() => pairs.delete(id), partnerTimeoutMs);
          pair = { timer };
          pairs.set(id, pair);
        }
        pair[type] = stream;
        const { data, error, timer } = pair;
        if (data === undefined || error === undefined) return;
        clearTimeout(timer);
        pairs.delete(id);
        void forward(data, error, port, open, connections);
      },
      closed: () => {
        for (const { timer } of pairs.values()) clearTimeout(timer);
        for (const connection of connections) connection.destroy();
        resolve();
      },
    });
  });
}

async function forward(
  data: SpdyStream,
  error: SpdyStream,
  port: number,
  open: OpenPort,
  connections: Set<Duplex>,
): Promise<void> {
  try {
    const connection = await open(port);
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    await copyBoth(data, connection);
    error.end();
  } catch (failure) {
    error.end(`error forwarding port ${port}: ${(failure as Error).message}`);
    data.end();
  }
}

/** Both directions; the end of one is handed on, and all is over when both have ended or one broke. */
async function copyBoth(client: Duplex, server: Duplex): Promise<void> {
  client.pipe(server);
  server.pipe(client);
  client.on('error', () => server.destroy());
  try {
    await Promise.all([finished(server, { writable: false }), finished(client, { readable: false })]);
  } finally {
    server.destroy();
  }
}

/**
 * Two channels for each port that the client named: data and errors; each starts with the port's number.
 * Follows: portforward over v4.channel.k8s.io.
 */
export async function forwardOverWebsocket(socket: WebSocket, ports: readonly number[], open: OpenPort): Promise<void> {
  const incoming = ports.map(() => new PassThrough());
  const connections: Duplex[] = [];
  socket.on('message', (message) => {
    const bytes = message as Buffer;
    incoming[(bytes[0] ?? 255) / 2]?.write(bytes.subarray(1));
  });
  socket.on('error', () => socket.terminate());
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  ports.forEach((port, index) => {
    const data = channelWriter(socket, index * 2);
    const errors = channelWriter(socket, index * 2 + 1);
    for (const stream of [data, errors]) stream.on('error', () => socket.terminate());
    const number = Buffer.from([port & 255, port >> 8]);
    data.write(number);
    errors.write(number);
    open(port).then(
      (connection) => {
        connections.push(connection);
        connection.on('error', (error) => errors.write(error.message));
        connection.pipe(data);
        (incoming[index] as PassThrough).pipe(connection);
      },
      (error: unknown) => errors.write(`error forwarding port ${port}: ${(error as Error).message}`),
    );
  });
  await closed;
  for (const connection of connections) connection.destroy();
}
