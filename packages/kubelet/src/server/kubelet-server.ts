import { setMaxListeners } from 'node:events';
import { stat } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError } from '@geobuk/api';
import { followSignal } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { KeyPair } from '../node/signed-certificate.js';
import type { PodRuntimes } from '../pods/pod-runtimes.js';
import type { PodProbes } from '../probes/pod-probes.js';
import type { PodSource } from '../pods/pod-source.js';
import type { StatusWriter } from '../pods/status-writer.js';
import { attributesOf } from './access.js';
import type { Access } from './access.js';
import { readContainerLog } from './container-log.js';
import { findPod, loggedContainer } from './pod-access.js';
import { logRequest } from './requests.js';
import { containerMetrics } from './stats/container-metrics.js';
import type { NodeDetails } from './stats/node-stats.js';
import { ownMetrics } from './stats/own-metrics.js';
import type { PodDetailsReader } from './stats/pod-details.js';
import { probeMetrics } from './stats/probe-metrics.js';
import { resourceMetrics } from './stats/resource-metrics.js';
import { statsSummary } from './stats/stats-summary.js';
import { StreamingRoutes } from './streaming-routes.js';
import type { Usage } from './stats/usage.js';
import type { VolumeStatsReader } from './stats/volume-stats.js';

export interface KubeletServerDeps {
  readonly access: Access;
  readonly source: PodSource;
  readonly runtimes: PodRuntimes;
  readonly status: StatusWriter;
  readonly usage: Usage;
  readonly details: PodDetailsReader;
  readonly volumeStats: VolumeStatsReader;
  readonly nodeDetails: (signal: AbortSignal) => Promise<NodeDetails>;
  readonly probes: Pick<PodProbes, 'totals'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** What /configz tells. */
  readonly configz: Readonly<Record<string, unknown>>;
}

export interface KubeletServerConfig {
  readonly port: number;
  readonly address: string | undefined;
  /** PEM; clients with a certificate of it are known by name. */
  readonly clientCa: string;
  readonly certificate: KeyPair;
}

const requestTimeoutMs = 60_000;

/**
 * The node's HTTPS endpoint: logs, commands, connections into pods, numbers.
 * Follows: kubelet server on 10250; who may do what is the API server's to decide.
 */
export class KubeletServer implements AsyncDisposable {
  readonly #deps: KubeletServerDeps;
  readonly #streaming: StreamingRoutes;
  readonly #stop = new AbortController();
  readonly #metrics = new Registry();
  #server: Server | undefined;

  constructor(deps: KubeletServerDeps) {
    this.#deps = deps;
    this.#streaming = new StreamingRoutes(deps);
    setMaxListeners(0, this.#stop.signal); // One for each request.
    collectDefaultMetrics({ register: this.#metrics });
  }

  /** Known once it listens. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @throws {Error} EADDRINUSE. */
  async listen({ port, address, clientCa, certificate }: KubeletServerConfig): Promise<void> {
    const server = createServer(
      { ...certificate, ca: clientCa, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' },
      (request, response) => void this.#answer(request, response),
    );
    server.requestTimeout = requestTimeoutMs;
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#server = server;
  }

  /** New connections see the new certificate; the old ones go on. */
  renew(certificate: KeyPair, clientCa: string): void {
    this.#server?.setSecureContext({ ...certificate, ca: clientCa, minVersion: 'TLSv1.2' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const server = this.#server;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #admit(request: IncomingMessage, url: URL, signal: AbortSignal): Promise<void> {
    const { access } = this.#deps;
    const user = await access.userOf(request.socket as TLSSocket, request.headers.authorization, signal);
    if (user === undefined) throw ApiError.unauthorized();
    const { method = 'GET' } = request;
    if (await access.allows(user, { method, path: url.pathname }, signal)) return;
    const { verb, subresources } = attributesOf({ method, path: url.pathname });
    const what = `resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
    throw ApiError.of(403, 'Forbidden', `Forbidden (user=${user.name}, verb=${verb}, ${what})`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    using own = followSignal(this.#stop.signal);
    response.on('close', () => own.abort(new Error('the client closed the connection')));
    try {
      const url = new URL(request.url ?? '/', 'https://kubelet');
      await this.#admit(request, url, own.signal);
      await this.#route(request, url, response, own.signal);
    } catch (error) {
      if (own.signal.aborted) {
        response.destroy();
        return;
      }
      this.#refuse(error, (code, text) => {
        if (response.headersSent) response.destroy();
        else response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
      });
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    using own = followSignal(this.#stop.signal);
    socket.on('error', () => socket.destroy());
    try {
      const url = new URL(request.url ?? '/', 'https://kubelet');
      await this.#admit(request, url, own.signal);
      await this.#streaming.upgrade(request, url, socket, head, own.signal);
    } catch (error) {
      this.#refuse(error, (code, text) => {
        if (!socket.writable) return;
        const headers = `content-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close`;
        socket.end(`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\n${headers}\r\n\r\n${text}`);
      });
    }
  }

  /** The API server hands the text on to people as it is. */
  #refuse(error: unknown, send: (code: number, text: string) => void): void {
    if (error instanceof ApiError) {
      send(error.status.code, error.message);
      return;
    }
    this.#deps.log.warn({ err: error }, 'request failed');
    send(500, (error as Error).message);
  }

  async #route(request: IncomingMessage, url: URL, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { method = 'GET' } = request;
    if (method !== 'GET' && method !== 'HEAD') throw ApiError.methodNotAllowed();
    const parts = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
    const [first = ''] = parts;
    const { usage, source, status, configz } = this.#deps;
    const text = (body: string, type = 'text/plain; charset=utf-8'): void =>
      void response.writeHead(200, { 'content-type': type }).end(body);
    const json = (body: unknown): void => text(JSON.stringify(body), 'application/json');
    const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
    switch (first === 'metrics' || first === 'stats' || first === 'healthz' ? parts.join('/') : first) {
      case 'healthz':
      case 'healthz/ping':
      case 'healthz/syncloop':
        return text('ok');
      case 'containerLogs':
        return this.#logs(parts, url, response, signal);
      case 'pods':
        return json({
          kind: 'PodList',
          apiVersion: 'v1',
          metadata: {},
          items: source.all().map((pod) => ({ ...pod, status: status.of(pod) })),
        });
      case 'runningpods':
        return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: await this.#runningPods(signal) });
      case 'configz':
        return json({ kubeletconfig: configz });
      case 'stats/summary':
        return json(await this.#summary(url.searchParams.get('only_cpu_and_memory') === 'true', signal));
      case 'metrics/resource':
        return text(resourceMetrics(await usage.node(), await usage.pods(signal)), metricsType);
      case 'metrics/cadvisor':
        return text(await this.#containerMetrics(signal), metricsType);
      case 'metrics/probes':
        return text(probeMetrics(this.#deps.probes.totals()), metricsType);
      case 'metrics':
        return text((await this.#metrics.metrics()) + (await this.#ownMetrics(signal)), metricsType);
      default:
        throw ApiError.of(404, 'NotFound', '404 page not found');
    }
  }

  async #summary(short: boolean, signal: AbortSignal): Promise<unknown> {
    const { usage, details, nodeDetails, nodeName } = this.#deps;
    const [node, pods, ofNode] = await Promise.all([usage.node(), usage.pods(signal), nodeDetails(signal)]);
    return statsSummary(nodeName, node, ofNode, await details.of(pods, { files: !short }, signal));
  }

  async #containerMetrics(signal: AbortSignal): Promise<string> {
    const { usage, details, nodeDetails } = this.#deps;
    const [node, pods, ofNode] = await Promise.all([usage.node(), usage.pods(signal), nodeDetails(signal)]);
    return containerMetrics(node, ofNode, await details.of(pods, { files: false }, signal));
  }

  async #ownMetrics(signal: AbortSignal): Promise<string> {
    const { runtimes, volumeStats, source, nodeName } = this.#deps;
    const states = await Promise.all(runtimes.all.map((runtime) => runtime.observeAll({ signal })));
    const volumes = [];
    for (const pod of source.all()) {
      const { namespace = '' } = pod.metadata;
      if (
        (pod.spec.volumes ?? []).every((one) => one.persistentVolumeClaim === undefined && one.ephemeral === undefined)
      )
        continue;
      for (const stats of await volumeStats.of(pod, signal))
        if (stats.claim !== undefined) volumes.push({ namespace, stats });
    }
    return ownMetrics({ nodeName, states: states.flat(), volumes });
  }

  async #runningPods(signal: AbortSignal): Promise<readonly unknown[]> {
    const states = await Promise.all(this.#deps.runtimes.all.map((runtime) => runtime.observeAll({ signal })));
    return states.flat().map(({ pod, containers }) => ({
      metadata: pod,
      spec: {
        containers: containers
          .filter(({ state }) => state === 'running')
          .map(({ name, image }) => ({ name, image, resources: {} })),
      },
      status: {},
    }));
  }

  async #logs(
    [, namespace = '', name = '', container = '']: readonly string[],
    url: URL,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#deps;
    const { options, previous } = logRequest(url.searchParams, clock.now());
    const found = await findPod(this.#deps, namespace, name, signal);
    const logged = loggedContainer(found, container, previous);
    const uid = found.pod.metadata.uid ?? '';
    const running = async (): Promise<boolean> => {
      if (previous) return false;
      const state = await found.runtime.observe(uid, { signal });
      return state?.containers.find(({ id }) => id === logged.id)?.state === 'running';
    };
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    // Who follows a silent container must know that it is being followed.
    response.flushHeaders();
    const missing = await stat(logged.logPath).then(
      () => false,
      () => true,
    );
    if (missing) {
      response.end();
      return;
    }
    const lines = readContainerLog({ path: logged.logPath, running }, options, clock, signal);
    await pipeline(Readable.from(lines), response, { signal });
  }
}
