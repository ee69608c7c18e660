import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync } from 'fastify';
import type { AggregatedApis } from '../aggregation/aggregated-apis.js';
import { mediaTypeOf } from '../http/request-body.js';
import type { Metrics } from '../metrics.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import { isLongRunning } from './request-info.js';
import type { RequestInfo } from './request-info.js';

export interface RequestMetricsDeps {
  readonly metrics: Metrics;
  readonly catalog: ResourceCatalog;
  readonly aggregated: Pick<AggregatedApis, 'serves'>;
}

/** Counts and times requests. Follows: checklist 1.16.4. */
export function requestMetrics({ metrics, catalog, aggregated }: RequestMetricsDeps): FastifyPluginAsync {
  const isKnown = ({ isResource, group, version, resource, subresource }: RequestInfo): boolean => {
    if (!isResource) return false;
    const found = catalog.find(group, version, resource);
    if (found === undefined) return subresource === '' && aggregated.serves(group, version) && isPlain(resource);
    return subresource === '' || found.type.subresources[subresource] !== undefined;
  };
  return fastifyPlugin(
    async (server) => {
      server.addHook('onRequest', (request, { raw }, done) => {
        const { info, method } = request;
        const over = metrics.begun({
          info,
          method,
          isApply:
            method === 'PATCH' && mediaTypeOf(request.headers['content-type']) === 'application/apply-patch+yaml',
          isKnown: isKnown(info),
          isLongRunning: isLongRunning(info),
        });
        const since = performance.now();
        raw.once('close', () => over(raw.statusCode, (performance.now() - since) / 1000));
        done();
      });
    },
    { name: 'metrics', dependencies: ['request-info'] },
  );
}

/** What another server calls its resources cannot be known here; it is bounded by what a name may be. */
const isPlain = (resource: string): boolean => /^[a-z]{1,40}$/.test(resource);
