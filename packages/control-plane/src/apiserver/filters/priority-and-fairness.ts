import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { FlowControl, Seats } from '../flow-control/flow-control.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import { isLongRunning } from './request-info.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What flow control has given; a watch gives it back once it has begun. */
    seats: Seats | undefined;
  }
}

export interface PriorityAndFairnessDeps {
  readonly flowControl: FlowControl;
  readonly catalog: ResourceCatalog;
  readonly caches: WatchCaches;
}

/**
 * Lets in as many requests at a time as there are seats; streams and proxies need none, a watch only until it has begun.
 * Follows: WithPriorityAndFairness, checklist 1.17.3.
 */
export function priorityAndFairness(deps: PriorityAndFairnessDeps): FastifyPluginAsync {
  const { flowControl } = deps;
  return fastifyPlugin(
    async (server) => {
      server.decorateRequest('seats');
      server.addHook('onRequest', (request, reply, done) => {
        const { info, user } = request;
        if (isLongRunning(info) && info.verb !== 'watch') return done();
        const flow = flowControl.classify(user, info);
        if (flow === undefined) return done();
        reply.header('x-kubernetes-pf-flowschema-uid', flow.schemaUid);
        reply.header('x-kubernetes-pf-prioritylevel-uid', flow.level.shape.uid);
        let entered: Seats | Promise<Seats>;
        try {
          entered = flowControl.enter(flow, objectsOf(deps, request), () => clientGone(reply));
        } catch (error) {
          return done(error as Error);
        }
        if (!(entered instanceof Promise)) {
          hold(request, reply, entered);
          return done();
        }
        entered.then(
          (seats) => {
            hold(request, reply, seats);
            done();
          },
          (error: unknown) => done(error as Error),
        );
      });
    },
    { name: 'priority-and-fairness', dependencies: ['request-info', 'authentication', 'impersonation'] },
  );
}

function hold(request: FastifyRequest, { raw }: FastifyReply, seats: Seats): void {
  request.seats = seats;
  if (raw.destroyed || raw.closed) seats.release();
  else raw.once('close', () => seats.release());
}

function clientGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

/** How many objects a list may go through: it takes more seats. */
function objectsOf({ catalog, caches }: PriorityAndFairnessDeps, { info, search }: FastifyRequest): number {
  if (info.verb !== 'list' || info.name !== '') return 1;
  const resource = catalog.find(info.group, info.version, info.resource);
  if (resource === undefined) return 1;
  const { size } = caches.cache(resource.prefix);
  const limit = Number(search.get('limit') ?? 0);
  return limit > 0 ? Math.min(size, limit) : size;
}
