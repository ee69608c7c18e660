import { ApiError } from '@geobuk/api';
import { deadline } from '@geobuk/client';
import type { WatchCaches } from '../../../watch-cache/watch-cache.js';
import { serviceAddress } from '../../proxying/proxy-target.js';
import { callUpstream } from '../../proxying/upstream.js';
import type { UpstreamTarget, UpstreamTrust } from '../../proxying/upstream.js';

const answerBytes = 7 * 1024 * 1024;

/** Follows: WebhookClientConfig. */
export interface ClientConfig {
  readonly url?: string | undefined;
  readonly service?:
    | {
        readonly namespace: string;
        readonly name: string;
        readonly path?: string | undefined;
        readonly port?: number | undefined;
      }
    | undefined;
  readonly caBundle?: string | undefined;
}

export interface WebhookClientDeps {
  readonly caches: WatchCaches;
  random(): number;
}

/** A webhook did not do its part; the text says what happened. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
}

/** Posts a review to a webhook, by URL or to a Service's endpoint. @throws {WebhookError} Follows: checklist 2.8.9. */
export async function callWebhook(
  deps: WebhookClientDeps,
  config: ClientConfig,
  review: object,
  { timeoutSeconds, signal }: { readonly timeoutSeconds: number; readonly signal: AbortSignal },
): Promise<unknown> {
  using limit = deadline(signal, timeoutSeconds * 1000);
  const { service } = config;
  const shown = `${
    service === undefined
      ? (config.url ?? '')
      : `https://${service.name}.${service.namespace}.svc:${service.port ?? 443}${service.path ?? '/'}`
  }?timeout=${timeoutSeconds}s`;
  try {
    const { target, trust } = await resolve(deps, config, timeoutSeconds, limit.signal);
    const body = Buffer.from(JSON.stringify(review));
    const headers = { 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length };
    const response = await callUpstream(target, { method: 'POST', headers, body, trust, signal: limit.signal });
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      if ((bytes += piece.length) > answerBytes) throw new Error('the answer is too long');
    }
    const text = Buffer.concat(pieces).toString();
    if (response.statusCode !== 200)
      throw new Error(text.trim() === '' ? `status ${response.statusCode}` : text.trim());
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (signal.aborted) throw cause;
    const why = limit.signal.aborted ? 'context deadline exceeded' : (cause as Error).message;
    throw new WebhookError(`failed to call webhook: Post ${JSON.stringify(shown)}: ${why}`, { cause });
  }
}

async function resolve(
  { caches, random }: WebhookClientDeps,
  { url, service, caBundle }: ClientConfig,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<{ readonly target: UpstreamTarget; readonly trust: UpstreamTrust }> {
  const caPem = caBundle === undefined || caBundle === '' ? undefined : Buffer.from(caBundle, 'base64').toString();
  const query = `timeout=${timeoutSeconds}s`;
  if (service !== undefined) {
    const { namespace, name, path = '/', port = 443 } = service;
    const address = await serviceAddress(
      caches,
      { namespace },
      { scheme: 'https', name, port: String(port) },
      random,
      signal,
    );
    return {
      target: { ...address, scheme: 'https', path: `${path}?${query}` },
      trust: { caPem, serverName: `${name}.${namespace}.svc` },
    };
  }
  const parsed = new URL(url ?? '');
  if (parsed.protocol !== 'https:') throw ApiError.badRequest('the URL of a webhook must begin with https://');
  const host = parsed.hostname.replaceAll(/^\[|\]$/g, '');
  return {
    target: {
      scheme: 'https',
      host,
      port: parsed.port === '' ? 443 : Number(parsed.port),
      path: `${parsed.pathname}?${query}`,
    },
    trust: { caPem },
  };
}
