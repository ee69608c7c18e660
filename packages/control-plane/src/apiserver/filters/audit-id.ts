import { randomUUID } from 'node:crypto';
import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync } from 'fastify';

/** Marks each answer, so that a request can be found again. Follows: checklist 1.1.16. */
export function auditId(): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.addHook('onRequest', async (request, reply) => {
        const given = request.headers['audit-id'];
        reply.header('audit-id', typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID());
        reply.header('cache-control', 'no-cache, private');
      });
    },
    { name: 'audit-id', dependencies: ['request-info'] },
  );
}
