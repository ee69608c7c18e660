import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '@geobuk/api';
import { followSignal } from '@geobuk/client';
import type { Logger } from 'pino';
import type { AggregatedApis } from '../aggregation/aggregated-apis.js';
import { withUserHeaders } from '../aggregation/user-headers.js';
import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../audit/audit-record.js';
import type { Auditor } from '../audit/auditor.js';
import type { Authenticator } from '../authentication/authenticator.js';
import type { Authorizer } from '../authorization/authorizer.js';
import type { User } from '../authentication/user.js';
import { serveWebsocketWatch, wantsWebsocket } from '../endpoints/websocket-watch.js';
import type { WebsocketWatchDeps } from '../endpoints/websocket-watch.js';
import { authorizeOrThrow } from '../filters/authorization.js';
import { impersonate } from '../filters/impersonation.js';
import { parseRequestInfo } from '../filters/request-info.js';
import type { RequestInfo } from '../filters/request-info.js';
import { statusOf } from '../http/respond.js';
import { portForwardTarget, streamTarget } from './pod-target.js';
import { refusalOf } from './proxy-endpoints.js';
import type { ProxyDeps } from './proxy-endpoints.js';
import { proxyTarget } from './proxy-target.js';
import { passedOn, upgradeUpstream } from './upstream.js';
import type { UpstreamTarget } from './upstream.js';

export interface UpgradeDeps extends ProxyDeps {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly aggregated: AggregatedApis;
  readonly watches: WebsocketWatchDeps;
  /** Absent: no audit log. */
  readonly auditor: Auditor | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const tokenProtocol = /^base64url\.bearer\.authorization\.k8s\.io\./;

/**
 * Connections that change their protocol: exec, attach, port-forward and what runs through proxies, by SPDY or
 * websocket. Both ends speak to each other; here bytes are only passed on, but for watches, which are answered here. The same filters as for every request.
 * Follows: checklist 1.15.
 */
export function upgradeListener(deps: UpgradeDeps): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    void serve(deps, request, socket, head).catch((error: unknown) => {
      const refusal = statusOf(error);
      if (refusal.status.code >= 500)
        deps.log.warn({ err: refusal.cause ?? error, path: request.url }, 'upgrade failed');
      refuse(socket, refusal);
    });
  };
}

/** @throws {ApiError} a refusal, which the audit log has heard of. */
async function serve(deps: UpgradeDeps, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const search = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const info = parseRequestInfo(request.method ?? 'GET', mark < 0 ? url : url.slice(0, mark), search);
  const begin = (user: User | undefined) =>
    deps.auditor?.begin(user, {
      auditId: randomUUID(),
      uri: url,
      info,
      headers: request.headers,
      remoteAddress: request.socket.remoteAddress ?? '',
    });
  let record: AuditRecord | undefined;
  try {
    const caller = await deps.authenticator
      .authenticate(request.headers, request.socket, info.path)
      .catch((error: unknown) => {
        record = begin(undefined);
        throw error;
      });
    record = begin(caller);
    const user = impersonate(deps.authorizer, caller, request.headers);
    if (user !== caller) record?.impersonates(user);
    authorizeOrThrow(deps.authorizer, user, info, record);
    await passOn(deps, { request, socket, head, url, search, info, user, record });
    record?.complete(101);
  } catch (error) {
    const { status } = statusOf(error);
    record?.refused(status);
    record?.complete(status.code);
    throw error;
  }
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly url: string;
  readonly search: URLSearchParams;
  readonly info: RequestInfo;
  readonly user: User;
  readonly record: AuditRecord | undefined;
}

async function passOn(deps: UpgradeDeps, upgrade: Upgrade): Promise<void> {
  const { request, socket, head, url, search, info, user, record } = upgrade;

  using linked = followSignal(deps.signal);
  const { signal } = linked;
  socket.once('close', () => linked.abort(new Error('the client closed the connection')));
  const foreign = info.isResource && deps.aggregated.serves(info.group, info.version);
  if (!foreign && info.isResource && info.verb === 'watch' && wantsWebsocket(request)) {
    const onStarted = (): void => record?.started(101);
    await serveWebsocketWatch(deps.watches, { request, socket, head, info, search, signal, onStarted });
    return;
  }
  const { target, trust } = foreign
    ? await deps.aggregated.target(info.group, info.version, url, signal)
    : { target: await targetOf(deps, info, search, signal), trust: trustFor(deps, info) };
  const headers = { ...upgradeHeaders(request), host: `${target.host}:${target.port}` };
  const outcome = await upgradeUpstream(target, {
    method: request.method ?? 'GET',
    headers: foreign ? withUserHeaders(headers, user) : headers,
    trust,
    signal,
  });
  if (outcome.kind === 'refused') throw await refusalOf(outcome.response);

  record?.started(101);
  const lines = [`HTTP/1.1 101 ${outcome.response.statusMessage ?? 'Switching Protocols'}`];
  const { rawHeaders } = outcome.response;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (outcome.head.length > 0) socket.write(outcome.head);
  if (head.length > 0) outcome.socket.write(head);
  await join(socket, outcome.socket, signal);
}

const trustFor = ({ kubelet }: ProxyDeps, info: RequestInfo) =>
  info.resource === 'nodes' || info.subresource !== 'proxy' ? kubelet : undefined;

/** @throws {ApiError} NotFound: nothing there changes protocols. */
async function targetOf(
  deps: UpgradeDeps,
  info: RequestInfo,
  search: URLSearchParams,
  signal: AbortSignal,
): Promise<UpstreamTarget> {
  const { caches, random } = deps;
  const isCore = info.isResource && info.group === '' && info.version === 'v1';
  if (isCore && info.resource === 'pods') {
    switch (info.subresource) {
      case 'exec':
      case 'attach':
        return streamTarget(caches, info, search);
      case 'portforward':
        return portForwardTarget(caches, info, search);
    }
  }
  const proxied = ['nodes', 'pods', 'services'];
  if (isCore && info.subresource === 'proxy' && proxied.includes(info.resource)) {
    return proxyTarget(caches, info, search, random, signal);
  }
  throw ApiError.badRequest('this path does not change protocols');
}

/** The upgrade itself is passed on, a token among the subprotocols is not (2.1.8). */
function upgradeHeaders({ headers }: IncomingMessage) {
  const protocols = headers['sec-websocket-protocol']
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => !tokenProtocol.test(name))
    .join(', ');
  const { 'sec-websocket-protocol': _protocols, 'sec-websocket-extensions': _extensions, ...rest } = passedOn(headers);
  return {
    ...rest,
    connection: 'Upgrade',
    upgrade: headers.upgrade ?? '',
    ...(protocols === undefined || protocols === '' ? {} : { 'sec-websocket-protocol': protocols }),
  };
}

/** Passes bytes both ways until both have ended, or one is gone. */
function join(left: Duplex, right: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let open = 2;
    const closed = (): void => {
      left.destroy();
      right.destroy();
      if (--open === 0) resolve();
    };
    left.once('close', closed);
    right.once('close', closed);
    right.on('error', () => right.destroy());
    signal.addEventListener('abort', () => left.destroy(), { once: true });
    left.pipe(right);
    right.pipe(left);
  });
}

function refuse(socket: Duplex, { status }: ApiError): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(status);
  socket.end(
    `HTTP/1.1 ${status.code} ${status.reason ?? 'Error'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
