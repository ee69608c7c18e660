import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '@geobuk/api';
import { followSignal } from '@geobuk/client';
import type { Logger } from 'pino';
import { WebSocketServer, createWebSocketStream } from 'ws';
import type { WebSocket } from 'ws';
import type { PodRuntimes } from '../pods/pod-runtimes.js';
import type { PodSource } from '../pods/pod-source.js';
import { findPod, runningContainer } from './pod-access.js';
import type { FoundPod } from './pod-access.js';
import { forwardOverSpdy, forwardOverWebsocket } from './port-forward.js';
import type { OpenPort } from './port-forward.js';
import { remoteOverSpdy } from './remote-over-spdy.js';
import { remoteOverWebsocket, remoteProtocols } from './remote-over-websocket.js';
import type { RemoteSession } from './remote-session.js';
import { exitStatus, failureStatus } from './remote-status.js';
import { wantedStreams } from './requests.js';

export interface StreamingDeps {
  readonly source: PodSource;
  readonly runtimes: PodRuntimes;
  readonly log: Logger;
}

const spdyRemoteProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const spdyForwardProtocol = 'portforward.k8s.io';
/** SPDY frames inside of websocket messages. Follows: PortForwardWebsockets. */
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';
/** Its name is no token of HTTP, which a websocket library minds: so it bears this one inside. */
const tunnelToken = 'spdy-3.1-portforward.k8s.io';
const websocketForwardProtocols = ['v4.channel.k8s.io'];
const largestMessageBytes = 8 << 20;

/** exec, attach and portForward: connections that stop being HTTP. The caller has asked who it is and whether it may. */
export class StreamingRoutes {
  readonly #deps: StreamingDeps;

  constructor(deps: StreamingDeps) {
    this.#deps = deps;
  }

  /** @throws {ApiError} what can be refused while it is still HTTP. */
  async upgrade(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer, signal: AbortSignal): Promise<void> {
    const [action = '', namespace = '', name = '', ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const found = await findPod(this.#deps, namespace, name, signal);
    switch (action) {
      case 'exec':
      case 'attach':
        // Between pod and container there may be the pod's uid.
        return this.#remote(action, found, rest.at(-1) ?? '', request, url, socket, head, signal);
      case 'portForward':
        return this.#forward(found, request, url, socket, head, signal);
      default:
        throw ApiError.noSuchResource();
    }
  }

  async #remote(
    action: 'exec' | 'attach',
    found: FoundPod,
    containerName: string,
    request: IncomingMessage,
    url: URL,
    socket: Duplex,
    head: Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = wantedStreams(url.searchParams);
    const container = runningContainer(found, containerName);
    const command = url.searchParams.getAll('command');
    if (action === 'exec' && command.length === 0) throw ApiError.badRequest('you must specify a command');
    let session: RemoteSession;
    if (isWebsocket(request))
      session = remoteOverWebsocket(await acceptWebsocket(request, socket, head, remoteProtocols), wanted);
    else {
      acceptSpdy(request, socket, head, spdyRemoteProtocols);
      session = await remoteOverSpdy(socket, wanted);
    }
    using own = followSignal(signal);
    const leave = (): void => own.abort(session.gone.reason);
    if (session.gone.aborted) leave();
    session.gone.addEventListener('abort', leave, { once: true });
    const { runtime } = found;
    try {
      let exitCode = 0;
      if (action === 'exec') exitCode = await runtime.exec(container.id, command, session.streams, own);
      else await runtime.attach(container.id, session.streams, own);
      await session.finish(exitStatus(exitCode));
    } catch (error) {
      if (own.signal.aborted) return;
      this.#deps.log.debug({ container: container.id, err: error }, 'remote command failed');
      await session.finish(failureStatus((error as Error).message));
    }
  }

  async #forward(
    { state, runtime }: FoundPod,
    request: IncomingMessage,
    url: URL,
    socket: Duplex,
    head: Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    const sandbox = state?.sandboxes.find((one) => one.state === 'ready');
    if (sandbox === undefined)
      throw ApiError.of(500, 'InternalError', 'pod is not running: it has no sandbox to connect to');
    const open: OpenPort = (port) => runtime.portForward(sandbox.id, port, { signal });
    if (!isWebsocket(request)) {
      acceptSpdy(request, socket, head, [spdyForwardProtocol]);
      return forwardOverSpdy(socket, open);
    }
    const accepted = await acceptWebsocket(request, socket, head, [tunnelToken, ...websocketForwardProtocols]);
    if (accepted.protocol === tunnelToken) return forwardOverSpdy(createWebSocketStream(accepted), open);
    const ports = url.searchParams
      .getAll('ports')
      .concat(url.searchParams.getAll('port'))
      .flatMap((text) => text.split(','))
      .map(Number);
    return forwardOverWebsocket(
      accepted,
      ports.filter((port) => port > 0 && port < 65536),
      open,
    );
  }
}

const isWebsocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

function acceptWebsocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocols: readonly string[],
): Promise<WebSocket> {
  const written = request.headers['sec-websocket-protocol'] ?? '';
  const offered = written.split(',').map((text) => text.trim().replace(tunnelProtocol, tunnelToken));
  request.headers['sec-websocket-protocol'] = offered.join(', ');
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  if (!protocols.some((protocol) => offered.includes(protocol))) {
    throw ApiError.badRequest(`none of the websocket protocols is supported: ${offered.join(', ')}`);
  }
  server.on('headers', (headers) => {
    headers.forEach((line, index) => (headers[index] = line.replace(tunnelToken, tunnelProtocol)));
  });
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve));
}

function acceptSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, protocols: readonly string[]): void {
  if (request.headers.upgrade?.toLowerCase() !== 'spdy/3.1')
    throw ApiError.badRequest('only SPDY/3.1 and websocket can be upgraded to');
  const header = request.headers['x-stream-protocol-version'] ?? [];
  const offered = (typeof header === 'string' ? [header] : header)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim());
  const protocol =
    protocols.find((one) => offered.includes(one)) ?? (offered.length === 0 ? protocols.at(-1) : undefined);
  if (protocol === undefined)
    throw ApiError.of(
      403,
      'Forbidden',
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocols.join(' ')}]`,
    );
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
}
