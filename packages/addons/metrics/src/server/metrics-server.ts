import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { ApiError, parseFieldSelector, parseLabelSelector } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { Logger } from 'pino';
import { apiGroup, apiGroupList, apiResourceList } from '../api/discovery.js';
import { historyReply } from '../api/history-reply.js';
import type { MetricsCatalogue, Selection } from '../api/metrics-catalogue.js';
import type { NodeMetrics, PodMetrics } from '../api/metrics-objects.js';
import { metricsApiVersion } from '../api/metrics-objects.js';
import { encodeMetrics, encodeMetricsList } from '../api/metrics-protobuf.js';
import { metricsTable } from '../api/metrics-table.js';
import { mediaTypeFor } from '../api/negotiation.js';
import type { History } from '../samples/history.js';
import type { Authentication } from './authentication.js';
import type { Authorization } from './authorization.js';
import type { Requested } from './requested.js';
import { attributesOf, parseRequested } from './requested.js';
import type { ServingCertificate } from './serving-certificate.js';

export interface MetricsServerDeps {
  readonly catalogue: MetricsCatalogue;
  readonly history: History;
  readonly historyStepMs: number;
  readonly authentication: Authentication;
  readonly authorization: Authorization;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is missing, or undefined. */
  notReady(): string | undefined;
  /** Prometheus text. */
  prometheus(): Promise<string>;
}

const requestTimeoutMs = 30_000;
const protobufType = 'application/vnd.kubernetes.protobuf';
const defaultHistoryMs = 3_600_000;

/**
 * The HTTPS server behind the APIService of metrics.k8s.io, with history and Prometheus text besides.
 * Follows: extension API servers; metrics.k8s.io/v1beta1.
 */
export class MetricsServer implements AsyncDisposable {
  readonly #deps: MetricsServerDeps;
  readonly #stop = new AbortController();
  #server: Server | undefined;

  constructor(deps: MetricsServerDeps) {
    this.#deps = deps;
  }

  /** Known once it listens. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @param clientCas PEM of the authorities whose certificates are asked for. @throws {Error} EADDRINUSE. */
  async listen(host: string, port: number, certificate: ServingCertificate, clientCas: string): Promise<void> {
    const server = createServer(
      { ...contextOf(certificate, clientCas), requestCert: true, rejectUnauthorized: false },
      (request, response) => void this.#answer(request, response),
    );
    server.requestTimeout = requestTimeoutMs;
    server.headersTimeout = requestTimeoutMs;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#server = server;
  }

  /** New connections see the new certificate. */
  renew(certificate: ServingCertificate, clientCas: string): void {
    this.#server?.setSecureContext(contextOf(certificate, clientCas));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server stops'));
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, log } = this.#deps;
    using limit = deadline(this.#stop.signal, requestTimeoutMs, clock);
    try {
      const url = new URL(request.url ?? '/', 'https://metrics');
      const requested = parseRequested(url.pathname);
      if (requested.kind === 'health') return this.#answerHealth(requested.check, response);
      await this.#admit(request, requested, url.pathname, limit.signal);
      if (request.method !== 'GET' && request.method !== 'HEAD') throw ApiError.methodNotAllowed();
      await this.#route(requested, url.searchParams, request.headers.accept, response);
    } catch (error) {
      if (response.destroyed || this.#stop.signal.aborted) return void response.destroy();
      if (!(error instanceof ApiError)) log.error({ path: request.url, err: error }, 'request failed');
      const { status } = error instanceof ApiError ? error : ApiError.internal('the server could not answer');
      sendJson(response, status, status.code ?? 500);
    }
  }

  #answerHealth(check: 'live' | 'ready', response: ServerResponse): void {
    const wrong = check === 'ready' ? this.#deps.notReady() : undefined;
    send(response, wrong ?? 'ok', 'text/plain; charset=utf-8', wrong === undefined ? 200 : 503);
  }

  async #admit(request: IncomingMessage, requested: Requested, path: string, signal: AbortSignal): Promise<void> {
    const { authentication, authorization } = this.#deps;
    const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
    const user = await authentication.userOf({ certificate, headers: request.headersDistinct }, signal);
    if (user === undefined) throw ApiError.unauthorized();
    if (await authorization.allows(user, attributesOf(requested, path), signal)) return;
    const what = requested.kind === 'metrics' || requested.kind === 'history' ? requested.resource : path;
    throw ApiError.of(403, 'Forbidden', `${what} is forbidden: User "${user.name}" cannot read it`);
  }

  async #route(
    requested: Exclude<Requested, { readonly kind: 'health' }>,
    query: URLSearchParams,
    accept: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const { history, historyStepMs, clock, prometheus } = this.#deps;
    switch (requested.kind) {
      case 'discovery':
        return sendJson(
          response,
          { groups: apiGroupList, group: apiGroup, resources: apiResourceList }[requested.document],
        );
      case 'prometheus':
        return send(response, await prometheus(), 'text/plain; version=0.0.4; charset=utf-8');
      case 'history': {
        const { resource, namespace, name } = requested;
        const of = resource === 'nodes' ? { node: name } : { namespace, pod: name };
        const sinceMs = historySpan(query);
        return sendJson(response, historyReply(history, { of, sinceMs, nowMs: clock.now(), stepMs: historyStepMs }));
      }
      case 'metrics':
        return this.#sendMetrics(requested, query, accept, response);
      default:
        return requested satisfies never;
    }
  }

  #sendMetrics(
    { resource, namespace, name }: Extract<Requested, { readonly kind: 'metrics' | 'history' }>,
    query: URLSearchParams,
    accept: string | undefined,
    response: ServerResponse,
  ): void {
    if (query.get('watch') === 'true' || query.get('watch') === '1') throw ApiError.methodNotAllowed();
    const { catalogue } = this.#deps;
    const mediaType = mediaTypeFor(accept);
    if (mediaType === 'none') {
      throw ApiError.of(
        406,
        'NotAcceptable',
        `only the following media types are accepted: application/json, ${protobufType}`,
      );
    }
    if (name !== undefined) {
      const one = resource === 'nodes' ? catalogue.node(name) : catalogue.pod(namespace ?? '', name);
      if (mediaType === 'table') return sendJson(response, metricsTable([one], query.get('includeObject')));
      return mediaType === 'protobuf' ? send(response, encodeMetrics(one), protobufType) : sendJson(response, one);
    }
    const selection = selectionIn(query);
    const items = resource === 'nodes' ? catalogue.nodes(selection) : catalogue.pods(namespace, selection);
    const kind = resource === 'nodes' ? 'NodeMetricsList' : 'PodMetricsList';
    if (mediaType === 'table') return sendJson(response, metricsTable(items, query.get('includeObject')));
    if (mediaType === 'protobuf') return send(response, encodeMetricsList(kind, items), protobufType);
    return sendJson(response, { kind, apiVersion: metricsApiVersion, metadata: {}, items: items.map(untyped) });
  }
}

const contextOf = ({ cert, key }: ServingCertificate, ca: string) =>
  ({ cert, key, ca, minVersion: 'TLSv1.2' }) as const;

/** Items of a list do not repeat what the list says. */
const untyped = ({ kind: _kind, apiVersion: _apiVersion, ...rest }: NodeMetrics | PodMetrics): object => rest;

const selectionIn = (query: URLSearchParams): Selection => ({
  labels: parseLabelSelector(query.get('labelSelector') ?? ''),
  fields: parseFieldSelector(query.get('fieldSelector') ?? ''),
});

/** @throws {ApiError} BadRequest. */
function historySpan(query: URLSearchParams): number {
  const text = query.get('sinceSeconds');
  if (text === null) return defaultHistoryMs;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds <= 0) throw ApiError.badRequest(`sinceSeconds: no number above 0: ${text}`);
  return seconds * 1000;
}

function send(response: ServerResponse, body: string | Buffer, type: string, code = 200): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(code, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
}

const sendJson = (response: ServerResponse, body: unknown, code = 200): void =>
  send(response, JSON.stringify(body), 'application/json', code);
