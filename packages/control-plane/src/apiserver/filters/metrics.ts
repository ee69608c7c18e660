import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync } from 'fastify';
import type { Metrics } from '../metrics.js';
import { isLongRunning } from './request-info.js';

/** Counts and times requests. Follows: checklist 1.16.4. */
export function requestMetrics({ metrics }: { readonly metrics: Metrics }): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.addHook('onResponse', async (request, reply) => {
        if (request.info === undefined) return;
        const { info } = request;
        metrics.observe(info, reply.statusCode, isLongRunning(info) ? undefined : reply.elapsedTime / 1000);
      });
    },
    { name: 'metrics', dependencies: ['request-info'] },
  );
}
