import { pipeline } from 'node:stream/promises';
import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { AggregatedApis } from '../aggregation/aggregated-apis.js';
import { withUserHeaders } from '../aggregation/user-headers.js';
import { requestSignal } from '../http/request-signal.js';
import { callUpstream, passedOn } from '../proxying/upstream.js';

export interface AggregationDeps {
  readonly aggregated: AggregatedApis;
  /** Aborts when the server stops. */
  readonly signal: AbortSignal;
}

/** `/apis/<group>/<version>` and what is below it, also of the OpenAPI documents. */
const aggregatedPath = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)(?:\/|$)/;

/**
 * Passes requests on to the servers that APIServices name, before their body is read: it streams, and so does the
 * answer. Follows: kube-aggregator's proxy, checklist 3.5.3.
 */
export function aggregation({ aggregated, signal }: AggregationDeps): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.addHook('onRequest', async (request, reply) => {
        const [, group = '', version = ''] = aggregatedPath.exec(request.info.path) ?? [];
        if (group === '' || !aggregated.serves(group, version)) return;
        using gone = requestSignal(request, signal);
        const { target, trust } = await aggregated.target(group, version, request.raw.url ?? '/', gone.signal);
        const response = await callUpstream(target, {
          method: request.method,
          headers: withUserHeaders(
            { ...passedOn(request.headers), ...lengthOf(request), 'x-forwarded-for': request.ip },
            request.user,
          ),
          ...(hasBody(request) ? { body: request.raw } : {}),
          trust,
          signal: gone.signal,
        });
        reply.hijack();
        const { raw } = reply;
        raw.writeHead(response.statusCode ?? 502, {
          ...(reply.getHeaders() as Record<string, string>),
          ...(passedOn(response.headers) as Record<string, string>),
        });
        raw.flushHeaders();
        await pipeline(response, raw).catch(() => raw.destroy()); // either side may leave at any moment
      });
    },
    { name: 'aggregation', dependencies: ['request-info', 'authentication', 'impersonation', 'authorization'] },
  );
}

const hasBody = ({ method }: FastifyRequest): boolean => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';

const lengthOf = ({ headers }: FastifyRequest) =>
  headers['content-length'] === undefined ? {} : { 'content-length': headers['content-length'] };
