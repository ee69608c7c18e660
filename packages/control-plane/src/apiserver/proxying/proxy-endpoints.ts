import { pipeline } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { Endpoint } from '../endpoints/endpoint.js';
import { logTarget } from './pod-target.js';
import { proxyTarget } from './proxy-target.js';
import { callUpstream, passedOn } from './upstream.js';
import type { UpstreamTrust } from './upstream.js';

export interface ProxyDeps {
  readonly caches: WatchCaches;
  /** How the API server shows itself to kubelets. */
  readonly kubelet: UpstreamTrust;
  random(): number;
}

const errorBytes = 64 * 1024;

/** What another server said when it refused, as an API error. */
export async function refusalOf(response: IncomingMessage): Promise<ApiError> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    if ((bytes += piece.length) > errorBytes) break;
  }
  const text = Buffer.concat(pieces).toString();
  try {
    const status = JSON.parse(text) as { readonly kind?: unknown; readonly code?: unknown };
    if (status.kind === 'Status' && typeof status.code === 'number') return new ApiError(status as ApiError['status']);
  } catch {
    // Plain words: they become the message.
  }
  const message = text.trim() === '' ? `the server answered with ${response.statusCode}` : text.trim();
  switch (response.statusCode) {
    case 400:
      return ApiError.badRequest(message);
    case 403:
      return ApiError.of(403, 'Forbidden', message);
    case 404:
      return ApiError.of(404, 'NotFound', message);
    default:
      return ApiError.internal(message);
  }
}

/** A container's log, as it comes. Follows: checklist 1.14.5. */
export const logEndpoint =
  ({ caches, kubelet }: ProxyDeps): Endpoint =>
  async ({ info, search, reply, signal }) => {
    const target = logTarget(caches, info, search);
    const response = await callUpstream(target, { method: 'GET', headers: {}, trust: kubelet, signal });
    if (response.statusCode !== 200) throw await refusalOf(response);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), 'content-type': 'text/plain' });
    raw.flushHeaders();
    await pipeline(response, raw).catch(() => raw.destroy()); // either side may leave at any moment
    return reply;
  };

/** Passes a request on to a node, pod or Service. Follows: checklist 1.14.7. */
export const proxyEndpoint =
  ({ caches, kubelet, random }: ProxyDeps): Endpoint =>
  async ({ info, search, request, reply, signal }) => {
    if (info.subpath === '') {
      const query = search.toString();
      return reply.redirect(`${info.path}/${query === '' ? '' : `?${query}`}`, 301);
    }
    const target = await proxyTarget(caches, info, search, random, signal);
    const body = request.body as Buffer | undefined;
    const response = await callUpstream(target, {
      method: request.method,
      headers: {
        ...passedOn(request.headers),
        'x-forwarded-uri': info.path,
        'x-forwarded-host': String(request.headers.host ?? request.headers[':authority'] ?? ''),
        ...(body === undefined ? {} : { 'content-length': body.length }),
      },
      body,
      trust: info.resource === 'nodes' ? kubelet : undefined,
      signal,
    });
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(response.statusCode ?? 502, passedOn(response.headers) as Record<string, string>);
    raw.flushHeaders();
    await pipeline(response, raw).catch(() => raw.destroy());
    return reply;
  };
