import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { ApiError } from '@geobuk/api';

/** Where a request is passed on to. */
export interface UpstreamTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
}

/** Whom to believe, and how to show oneself. */
export interface UpstreamTrust {
  /** PEM, or `'any'`: whoever answers. Absent: the authorities that the system knows. */
  readonly caPem?: string | undefined;
  readonly keyPem?: string | undefined;
  readonly certPem?: string | undefined;
  /** The name that the certificate must bear, when it is not the host's. */
  readonly serverName?: string | undefined;
}

export interface UpstreamRequest {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Buffer | Readable | undefined;
  /** Kubelets show a certificate of the cluster's CA and know ours; what runs in pods is not asked for any. */
  readonly trust: UpstreamTrust | undefined;
  readonly signal: AbortSignal;
}

const connectMs = 10_000;

function open(target: UpstreamTarget, { method, headers, trust, signal }: UpstreamRequest): ClientRequest {
  const { scheme, host, port, path } = target;
  const options = { method, host, port, path, headers, signal, agent: false };
  const request =
    scheme === 'http'
      ? httpRequest(options)
      : httpsRequest({
          ...options,
          ...(trust === undefined
            ? { rejectUnauthorized: false }
            : {
                ...(trust.caPem === undefined || trust.caPem === 'any' ? {} : { ca: trust.caPem }),
                ...(trust.keyPem === undefined ? {} : { key: trust.keyPem, cert: trust.certPem }),
                ...(trust.serverName === undefined ? {} : { servername: trust.serverName }),
                rejectUnauthorized: trust.caPem !== 'any',
              }),
        });
  // Only until the connection stands: what follows may be silent for hours.
  const timer = setTimeout(() => request.destroy(new Error(`no connection within ${connectMs / 1000} s`)), connectMs);
  request.once('socket', (socket) =>
    socket.once(scheme === 'https' ? 'secureConnect' : 'connect', () => clearTimeout(timer)),
  );
  request.once('close', () => clearTimeout(timer));
  return request;
}

const unreachable = ({ host, port }: UpstreamTarget, cause: Error): ApiError =>
  ApiError.of(
    503,
    'ServiceUnavailable',
    `error trying to reach service: dial tcp ${host}:${port}: ${cause.message}`,
    undefined,
    { cause },
  );

/** @throws {ApiError} ServiceUnavailable. */
export function callUpstream(target: UpstreamTarget, options: UpstreamRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = open(target, options);
    request.once('response', resolve);
    request.once('error', (error) =>
      reject(options.signal.aborted ? (options.signal.reason as Error) : unreachable(target, error)),
    );
    const { body } = options;
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else body.pipe(request);
  });
}

export type UpgradeOutcome =
  | { readonly kind: 'upgraded'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly kind: 'refused'; readonly response: IncomingMessage };

/** Asks for an upgrade. @throws {ApiError} ServiceUnavailable. */
export function upgradeUpstream(target: UpstreamTarget, options: UpstreamRequest): Promise<UpgradeOutcome> {
  return new Promise((resolve, reject) => {
    const request = open(target, options);
    request.once('upgrade', (response, socket, head) => resolve({ kind: 'upgraded', response, socket, head }));
    request.once('response', (response) => resolve({ kind: 'refused', response }));
    request.once('error', (error) =>
      reject(options.signal.aborted ? (options.signal.reason as Error) : unreachable(target, error)),
    );
    request.end();
  });
}

/** Headers of one connection only. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What may be passed on: no credentials, nothing that is of one connection only. */
export function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (
      name.startsWith(':') ||
      hopByHop.has(name) ||
      name === 'host' ||
      name === 'authorization' ||
      name === 'content-length'
    )
      continue;
    if (name.startsWith('impersonate-') || value === undefined) continue;
    kept[name] = value;
  }
  return kept;
}
