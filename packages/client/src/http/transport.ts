import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { ApiError } from '@geobuk/api';
import type { ClusterConfig } from '../config/cluster-config.js';
import type { Proof } from '../config/credentials.js';
import { ConnectionError } from '../connection-error.js';
import { onDemand } from '../on-demand.js';
import { errorOfReply } from './status-error.js';

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Below the server's address, query included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | Readable | undefined;
  /** The longest silence within the body; absent: a minute. 0: for ever. */
  readonly idleTimeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

export interface TransportReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** The server itself gives up after 60 s. */
const headersTimeoutMs = 65_000;
const bodyIdleTimeoutMs = 60_000;
const connectTimeoutMs = 10_000;
const errorBodyLimitBytes = 1 << 20;

/** TLS and headers of one cluster and user: connections that are kept, and made anew when the certificate changes. */
export class Transport {
  readonly #config: ClusterConfig;
  readonly #origin: string;
  readonly #prefix: string;
  #dispatcher: { readonly certificate: Proof['certificate']; readonly agent: Dispatcher } | undefined;

  constructor(config: ClusterConfig) {
    const url = new URL(config.server);
    this.#config = config;
    this.#origin = url.origin;
    this.#prefix = url.pathname === '/' ? '' : url.pathname.replace(/\/+$/, '');
  }

  /**
   * @throws {ApiError} any answer of 400 and above.
   * @throws {ConnectionError} no answer.
   */
  async send(options: TransportRequest): Promise<TransportReply> {
    const { signal } = options;
    signal.throwIfAborted();
    const { credentials } = this.#config;
    const proof = await credentials.current({ signal });
    let reply = await this.#exchange(options, proof);
    if (reply.status === 401 && credentials.refused !== undefined && !isStream(options.body)) {
      // A token may have been renewed a moment ago; one look tells.
      credentials.refused();
      const renewed = await credentials.current({ signal });
      if (renewed.authorization !== proof.authorization || renewed.certificate?.cert !== proof.certificate?.cert) {
        await drain(reply.body);
        reply = await this.#exchange(options, renewed);
      }
    }
    if (reply.status < 400) return reply;
    const text = await textOf(reply.body, errorBodyLimitBytes, signal);
    throw errorOfReply(reply.status, text, headerOf(reply, 'retry-after'));
  }

  /** Where and with what a websocket is to be opened. */
  async upgrade(path: string, signal: AbortSignal): Promise<UpgradeTarget> {
    const { ca, insecureSkipTlsVerify, tlsServerName, proxyUrl } = this.#config;
    const proof = await this.#config.credentials.current({ signal });
    return {
      url: `${this.#origin.replace(/^http/, 'ws')}${this.#prefix}${path}`,
      headers: this.#headers(proof),
      proxyUrl,
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(proof.certificate ?? {}),
        ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
        rejectUnauthorized: insecureSkipTlsVerify !== true,
      },
    };
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    const open = this.#dispatcher;
    this.#dispatcher = undefined;
    await open?.agent.destroy();
  }

  async #exchange(options: TransportRequest, proof: Proof): Promise<TransportReply> {
    const { method, path, headers, body, idleTimeoutMs = bodyIdleTimeoutMs, signal } = options;
    try {
      const {
        statusCode,
        headers: received,
        body: stream,
      } = await onDemand.undici.request(`${this.#origin}${this.#prefix}${path}`, {
        method,
        headers: { ...this.#headers(proof), ...headers },
        ...(body === undefined ? {} : { body }),
        signal,
        dispatcher: this.#agentFor(proof),
        bodyTimeout: idleTimeoutMs,
        headersTimeout: headersTimeoutMs,
      });
      return { status: statusCode, headers: received, body: stream };
    } catch (error) {
      throw this.asConnectionError(error, signal);
    }
  }

  /** What a broken call is to be known as. */
  asConnectionError(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof ConnectionError || error instanceof ApiError) return error;
    const { message, code } = error as { readonly message?: string; readonly code?: string };
    const why = message === undefined || message === '' ? (code ?? 'unknown reason') : message;
    return new ConnectionError(`cannot reach the API server ${this.#origin}: ${why}`, { cause: error });
  }

  #headers(proof: Proof): Record<string, string> {
    const { impersonate, userAgent = 'geobuk' } = this.#config;
    return {
      'user-agent': userAgent,
      ...(proof.authorization === undefined ? {} : { authorization: proof.authorization }),
      ...(impersonate === undefined ? {} : { 'impersonate-user': impersonate.user }),
      ...(impersonate?.uid === undefined ? {} : { 'impersonate-uid': impersonate.uid }),
      ...(impersonate?.groups === undefined || impersonate.groups.length === 0
        ? {}
        : { 'impersonate-group': impersonate.groups as unknown as string }),
    };
  }

  #agentFor({ certificate }: Proof): Dispatcher {
    const known = this.#dispatcher;
    if (known !== undefined && known.certificate?.cert === certificate?.cert) return known.agent;
    const { ca, insecureSkipTlsVerify, tlsServerName, proxyUrl } = this.#config;
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(certificate ?? {}),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      timeout: connectTimeoutMs,
    };
    const agent =
      proxyUrl === undefined
        ? new onDemand.undici.Agent({ connect: tls, keepAliveTimeout: 30_000 })
        : new onDemand.undici.ProxyAgent({ uri: proxyUrl, requestTls: tls });
    this.#dispatcher = { certificate, agent };
    // Lets what is under way over the old certificate end in its own time.
    known?.agent.close().catch(() => undefined);
    return agent;
  }
}

export interface UpgradeTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxyUrl: string | undefined;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
}

const isStream = (body: TransportRequest['body']): boolean =>
  body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);

export function headerOf(reply: Pick<TransportReply, 'headers'>, name: string): string | undefined {
  const value = reply.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** @throws {ConnectionError} more than the limit, or a break before the end. */
export async function textOf(body: Readable, limitBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) throw new ConnectionError(`the answer is larger than ${limitBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ConnectionError) throw error;
    throw new ConnectionError(`the connection broke within the answer: ${(error as Error).message}`, { cause: error });
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

/** Reads an answer nobody wants, so that its connection can be used again. */
async function drain(body: Readable): Promise<void> {
  body.on('error', () => undefined);
  body.resume();
  await new Promise<void>((resolve) => body.once('close', resolve));
}
