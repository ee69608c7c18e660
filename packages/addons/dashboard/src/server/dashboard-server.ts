import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { Logger } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import type { ApiAddress } from './api-proxy.js';
import { ApiProxy } from './api-proxy.js';
import { codeLifetimeMs, LoginCodes } from './login-codes.js';
import { LoginLimit } from './login-limit.js';
import { ruleOf } from './proxy-rules.js';
import { backgroundHeader, refusalOf } from './request-guard.js';
import { sendJson, sendStatus } from './send-status.js';
import type { Session, SessionLimits } from './session-store.js';
import { SessionStore } from './session-store.js';
import type { StaticFile } from './static-files.js';

export interface DashboardServerDeps {
  readonly api: ApiAddress;
  readonly bind: string;
  /** 0: any free one. */
  readonly port: number;
  readonly hosts: readonly string[];
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly session: SessionLimits;
  readonly cluster: { readonly id: string; readonly version: string };
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A ServiceAccount's token has about a kilobyte. */
const loginLimitBytes = 32 << 10;
const loginTimeoutMs = 10_000;
const sweepMs = 15_000;
const mostStreams = 64;

/** Scripts only from here; styles inline, since editor and terminal write theirs at run time. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
} as const;

/** Serves the page, keeps the log-ins, and passes the API through as whoever is logged in. */
export class DashboardServer {
  readonly #deps: DashboardServerDeps;
  readonly #sessions: SessionStore;
  readonly #codes: LoginCodes;
  readonly #limit: LoginLimit;
  readonly #proxy: ApiProxy;
  readonly #registry = new Registry();
  readonly #requests: Counter<'code'>;
  readonly #streams = new WeakMap<Session, number>();
  /** Cookies know no ports: clusters of one machine must not take each other's. */
  readonly #cookieName: string;
  #address: AddressInfo | undefined;

  constructor(deps: DashboardServerDeps) {
    this.#deps = deps;
    this.#sessions = new SessionStore(deps.session, deps.clock);
    this.#codes = new LoginCodes(deps.clock);
    this.#limit = new LoginLimit(deps.clock);
    this.#proxy = new ApiProxy(deps.api);
    this.#cookieName = `geobuk-dashboard-${deps.cluster.id}`;
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'geobuk_dashboard_requests_total',
      help: 'Answers by code',
      labelNames: ['code'],
      registers,
    });
    const sessions: Gauge = new Gauge({
      name: 'geobuk_dashboard_sessions',
      help: 'Log-ins',
      registers,
      collect: (): void => sessions.set(this.#sessions.size),
    });
  }

  /** Undefined before it listens. */
  get url(): string | undefined {
    if (this.#address === undefined) return undefined;
    const { address, port, family } = this.#address;
    return `${this.#deps.tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Serves until the signal fires. @throws {Error} the port is taken. */
  async run(signal: AbortSignal, onReady?: () => void): Promise<void> {
    const { tls, bind, port, log, clock } = this.#deps;
    const listener: RequestListener = (request, reply) => {
      reply.on('finish', () => this.#requests.inc({ code: String(reply.statusCode) }));
      this.#answer(request, reply, signal).catch((error: unknown) => {
        log.error({ err: error, path: pathOf(request) }, 'request failed');
        sendStatus(reply, 500, 'InternalError', 'the dashboard failed; its log says why');
      });
    };
    const limits = { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 32 << 10 };
    const server: Server & { closeAllConnections(): void } =
      tls === undefined ? createServer(limits, listener) : createSecureServer({ ...limits, ...tls }, listener);
    const sockets = new Set<Duplex>();
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      this.#upgrade(request, socket, head);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, bind, resolve);
    });
    this.#address = server.address() as AddressInfo;
    log.info({ url: this.url }, 'serving');
    onReady?.();
    try {
      for (;;) {
        await clock.after(sweepMs, { signal });
        this.#sessions.sweep();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#sessions.closeAll();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      });
      this.#proxy.close();
    }
  }

  async #answer(request: IncomingMessage, reply: ServerResponse, signal: AbortSignal): Promise<void> {
    const path = pathOf(request);
    if (path === '/healthz') {
      reply.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
      return;
    }
    const method = request.method ?? 'GET';
    const refusal = refusalOf({ method, headers: request.headers, isUpgrade: false }, this.#deps.hosts);
    if (refusal !== undefined) sendStatus(reply, 403, 'Forbidden', refusal);
    else if (path === '/session') await this.#session(request, reply, signal);
    else if (path === '/session/codes' && method === 'POST') await this.#issueCode(request, reply, signal);
    else if (path.startsWith('/k8s/')) await this.#forward(request, reply);
    else if (path === '/metrics')
      reply.writeHead(200, { 'content-type': this.#registry.contentType }).end(await this.#registry.metrics());
    else if (method === 'GET' || method === 'HEAD') this.#file(request, reply, path);
    else sendStatus(reply, 404, 'NotFound', `${path} is not there`);
  }

  async #session(request: IncomingMessage, reply: ServerResponse, signal: AbortSignal): Promise<void> {
    const cookie = this.#cookieOf(request);
    switch (request.method) {
      case 'GET': {
        const session = this.#sessions.find(cookie, { touch: !isBackground(request) });
        if (session === undefined) sendStatus(reply, 401, 'Unauthorized', 'not logged in');
        else this.#sendSession(reply, session);
        return;
      }
      case 'POST': {
        const { token, code } = await readLogin(request);
        const login = await this.#prove(
          request,
          reply,
          token ?? (code === undefined ? undefined : this.#codes.redeem(code)),
          signal,
        );
        if (login === undefined) return;
        this.#sessions.close(cookie);
        const value = this.#sessions.open(login);
        const secure = this.#deps.tls === undefined ? '' : '; Secure';
        reply.setHeader('set-cookie', `${this.#cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}`);
        this.#deps.log.info({ user: login.user }, 'logged in');
        const session = this.#sessions.find(value, { touch: true });
        if (session === undefined) sendStatus(reply, 401, 'Unauthorized', 'the token has expired');
        else this.#sendSession(reply, session);
        return;
      }
      case 'DELETE':
        this.#sessions.close(cookie);
        reply.setHeader('set-cookie', `${this.#cookieName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`);
        sendJson(reply, 200, {});
        return;
      default:
        sendStatus(reply, 405, 'MethodNotAllowed', 'GET, POST or DELETE');
    }
  }

  async #issueCode(request: IncomingMessage, reply: ServerResponse, signal: AbortSignal): Promise<void> {
    const { token } = await readLogin(request);
    const login = await this.#prove(request, reply, token, signal);
    if (login === undefined) return;
    const code = this.#codes.issue(login.token);
    sendJson(reply, 201, { code, path: `/#code=${code}`, expiresInSeconds: codeLifetimeMs / 1000, user: login.user });
  }

  /** Asks the API server whose token it is; answers the request itself when it is nobody's. */
  async #prove(request: IncomingMessage, reply: ServerResponse, token: string | undefined, signal: AbortSignal) {
    const address = request.socket.remoteAddress ?? '';
    if (this.#limit.isBlocked(address)) {
      sendStatus(reply, 429, 'TooManyRequests', 'too many failed log-ins; try again in a minute');
      return undefined;
    }
    try {
      using limit = deadline(signal, loginTimeoutMs);
      const who = token === undefined || !isToken(token) ? undefined : await this.#proxy.whoIs(token, limit.signal);
      if (token !== undefined && who !== undefined) return { token, ...who };
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'the API server cannot be asked who this is');
      sendStatus(reply, 502, 'ServiceUnavailable', `the API server cannot be reached: ${(error as Error).message}`);
      return undefined;
    }
    this.#limit.failed(address);
    sendStatus(reply, 401, 'Unauthorized', 'the token or code is not valid (any more)');
    return undefined;
  }

  #sendSession(reply: ServerResponse, { user, groups, expiresAt }: Session): void {
    const { cluster, session } = this.#deps;
    sendJson(reply, 200, { user, groups, expiresAt, idleSeconds: session.idleMs / 1000, cluster });
  }

  async #forward(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const rule = ruleOf(request.url ?? '', false);
    const session = this.#sessions.find(this.#cookieOf(request), { touch: !isBackground(request) });
    if (session === undefined) sendStatus(reply, 401, 'Unauthorized', 'not logged in');
    else if (rule.kind === 'refuse') sendStatus(reply, 404, 'NotFound', rule.reason);
    else if (!rule.isStream) await this.#proxy.forward(request, reply, { ...rule, session });
    else if (!this.#addStream(session, 1))
      sendStatus(reply, 429, 'TooManyRequests', `more than ${mostStreams} streams`);
    else await this.#proxy.forward(request, reply, { ...rule, session }).finally(() => this.#addStream(session, -1));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (code: number, text: string): void => {
      socket.end(`HTTP/1.1 ${code} ${text}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    const guard = { method: request.method ?? 'GET', headers: request.headers, isUpgrade: true };
    const rule = ruleOf(request.url ?? '', true);
    const session = this.#sessions.find(this.#cookieOf(request), { touch: true });
    if (refusalOf(guard, this.#deps.hosts) !== undefined) refuse(403, 'Forbidden');
    else if (session === undefined) refuse(401, 'Unauthorized');
    else if (rule.kind === 'refuse') refuse(404, 'Not Found');
    else if (!this.#addStream(session, 1)) refuse(429, 'Too Many Requests');
    else {
      socket.on('close', () => this.#addStream(session, -1));
      this.#proxy.upgrade(request, socket, head, rule.path, session);
    }
  }

  /** @returns false when there would be too many. */
  #addStream(session: Session, change: 1 | -1): boolean {
    const count = (this.#streams.get(session) ?? 0) + change;
    if (count > mostStreams) return false;
    this.#streams.set(session, count);
    return true;
  }

  #file(request: IncomingMessage, reply: ServerResponse, path: string): void {
    const file = this.#deps.files.get(path === '/' ? '/index.html' : path);
    if (file === undefined) {
      sendStatus(reply, 404, 'NotFound', `${path} is not there`);
      return;
    }
    const headers = {
      ...pageHeaders,
      'content-type': file.contentType,
      'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
    };
    if (request.headers['if-none-match'] === file.etag) {
      reply.writeHead(304, headers).end();
      return;
    }
    const isCompressed = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '');
    const body = isCompressed ? file.gzipped : file.body;
    reply.writeHead(200, {
      ...headers,
      'content-length': body.length,
      ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
    });
    reply.end(request.method === 'HEAD' ? undefined : body);
  }

  #cookieOf(request: IncomingMessage): string | undefined {
    const wanted = `${this.#cookieName}=`;
    const found = request.headers.cookie?.split(/;\s*/).find((each) => each.startsWith(wanted));
    return found?.slice(wanted.length);
  }
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] ?? '/';
const isBackground = (request: IncomingMessage): boolean => request.headers[backgroundHeader] !== undefined;
/** What may stand in a header at all. */
const isToken = (token: string): boolean => /^[\x21-\x7e]+$/.test(token);

/** A body that is no log-in is one with neither token nor code. */
async function readLogin(request: IncomingMessage): Promise<{ readonly token?: string; readonly code?: string }> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > loginLimitBytes) return {};
  }
  try {
    const body = JSON.parse(text) as { readonly token?: unknown; readonly code?: unknown } | null;
    const { token, code } = body ?? {};
    return {
      ...(typeof token === 'string' ? { token: token.trim() } : {}),
      ...(typeof code === 'string' ? { code } : {}),
    };
  } catch {
    return {};
  }
}
