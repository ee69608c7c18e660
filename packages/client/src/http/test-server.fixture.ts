import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { ClusterConfig } from '../config/cluster-config.js';
import { bearerToken } from '../config/credentials.js';
import { createHttpClient } from './http-client.js';
import type { HttpClient } from './http-client.js';
import { localhostCertificate } from './localhost-certificate.fixture.js';

export interface TestServer extends AsyncDisposable {
  readonly client: HttpClient;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: number;
}

export interface TestServerParts {
  /** Answers a request; the body has been read. */
  readonly answer?: (request: IncomingMessage, reply: ServerResponse, body: string) => void;
  readonly protocols?: readonly string[];
  readonly socket?: (socket: WebSocket, request: IncomingMessage) => void;
  readonly config?: Partial<ClusterConfig>;
}

/** An HTTPS server on a free port of this machine, and a client for it. */
export async function openTestServer(parts: TestServerParts): Promise<TestServer> {
  const { answer, protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'], socket: onSocket, config } = parts;
  const server = createServer(localhostCertificate, (request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (answer === undefined) reply.writeHead(404).end();
      else answer(request, reply, Buffer.concat(chunks).toString('utf8'));
    });
  });
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('secureConnection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  const websockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  server.on('upgrade', (request, socket, head) => {
    if (onSocket === undefined) {
      const body = JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        message: 'no',
        reason: 'Forbidden',
        code: 403,
      });
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    } else websockets.handleUpgrade(request, socket, head, (websocket) => onSocket(websocket, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createHttpClient({
    server: `https://127.0.0.1:${port}`,
    ca: localhostCertificate.cert,
    credentials: bearerToken('secret'),
    ...config,
  });
  return {
    client,
    port,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      websockets.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendJson(
  reply: ServerResponse,
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  reply.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
