import type { Node } from '@geobuk/api';
import { nodes } from '@geobuk/api';
import type { Controller, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped } from '@geobuk/client';
import { links } from './links.js';
import type { Route } from './routes.js';
import { diffRoutes, wantedRoutes } from './routes.js';

export interface NodeRoutesDeps {
  readonly nodeName: string;
  readonly nodeLister: Lister<Node>;
  /** Of this cluster; routes elsewhere belong to another one on the same machine. */
  readonly isOurs: (destination: string) => boolean;
}

/** Routes can be taken away by anybody, and nobody is told. */
const lookAgainMs = 30_000;

/** Keeps a route to the pods of every other node, by that node's address. Needs nodes on one L2. */
export class NodeRoutes implements Controller<'routes'> {
  readonly name = 'node-routes';
  readonly watches;
  readonly concurrency = 1;
  readonly #deps: NodeRoutesDeps;

  constructor(deps: NodeRoutesDeps) {
    this.#deps = deps;
    this.watches = [mapped(nodes, () => ['routes'] as const)];
  }

  async reconcile(_key: 'routes', { signal, log, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { nodeName, nodeLister } = this.#deps;
    const present = await this.#present(signal); // check
    const { replace, remove } = diffRoutes(present, wantedRoutes(nodeLister.list(), nodeName)); // diff
    let failure: unknown;
    for (const route of replace) {
      try {
        await links.replaceRoute(route, { signal }); // act
        trace.did(`route to ${route.destination} by ${route.via}`);
      } catch (error) {
        log.error({ ...route, err: error }, 'no route: is the node on the same network?');
        failure = error;
      }
    }
    for (const route of remove) await links.removeRoute(route, { signal });
    if (failure !== undefined) throw failure as Error;
    return { requeueAfterMs: lookAgainMs };
  }

  async remove(signal: AbortSignal): Promise<void> {
    for (const route of await this.#present(signal)) await links.removeRoute(route, { signal });
  }

  async #present(signal: AbortSignal): Promise<readonly Route[]> {
    return (await links.routes({ signal })).filter(({ destination }) => this.#deps.isOurs(destination));
  }
}
