import type { AddonCluster, Node } from '@geobuk/api';
import { nodes } from '@geobuk/api';
import type { Controller, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped } from '@geobuk/client';
import type { NetworkConfig } from '../config.js';
import type { Links } from './links.js';
import type { Paths, Route } from './routes.js';
import { diffRoutes, insideOf, internalAddressOf, podCIDRof, wantedPaths } from './routes.js';
import type { TunnelLink } from './tunnel-link.js';
import { diffNeighbours, neighbourOf, tunnelOverheadBytes, vniOf } from './tunnel.js';

export interface NodeRoutesDeps {
  readonly nodeName: string;
  /** Its pod network tells our routes from those of another cluster on the same machine. */
  readonly cluster: Pick<AddonCluster, 'id' | 'podCIDR'>;
  readonly config: Pick<NetworkConfig, 'backend' | 'vxlanPort' | 'vxlanId'>;
  readonly nodeLister: Lister<Node>;
  readonly links: Links;
  readonly tunnel: TunnelLink;
}

interface Options {
  readonly signal: AbortSignal;
}

/** Routes can be taken away by anybody, and nobody is told. */
const lookAgainMs = 30_000;

/** Keeps the way to the pods of every other node: a route where it is a neighbour, the tunnel where a router is between. */
export class NodeRoutes implements Controller<'routes'> {
  readonly name = 'node-routes';
  readonly watches;
  readonly concurrency = 1;
  readonly #deps: NodeRoutesDeps;

  constructor(deps: NodeRoutesDeps) {
    this.#deps = deps;
    this.watches = [mapped(nodes, (now, before) => (isSamePlace(now, before) ? [] : (['routes'] as const)))];
  }

  /** What pods must leave of a link's MTU, in bytes. */
  async overheadBytes(options: Options): Promise<number> {
    if (this.#deps.config.backend === 'vxlan') return tunnelOverheadBytes;
    return (await this.#wanted(options)).peers.length > 0 ? tunnelOverheadBytes : 0;
  }

  async reconcile(_key: 'routes', { signal, log, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { links } = this.#deps;
    const { routes, peers } = await this.#wanted({ signal });
    await this.#tunnel(peers, { signal }); // before the routes that lead through it
    const present = await this.#present(signal); // check
    const { replace, remove } = diffRoutes(present, routes); // diff
    let failure: unknown;
    for (const route of replace) {
      try {
        await links.replaceRoute(route, { signal }); // act
        trace.did(`route to ${route.destination} by ${route.via}`);
      } catch (error) {
        log.error({ ...route, err: error }, 'no route: a node behind a router needs the backend auto or vxlan');
        failure = error;
      }
    }
    for (const route of remove) await links.removeRoute(route, { signal });
    if (failure !== undefined) throw failure as Error;
    return { requeueAfterMs: lookAgainMs };
  }

  async remove(signal: AbortSignal): Promise<void> {
    for (const route of await this.#present(signal)) await this.#deps.links.removeRoute(route, { signal });
    await this.#deps.tunnel.remove({ signal });
  }

  async #wanted(options: Options): Promise<Paths> {
    const { config, links, nodeLister, nodeName } = this.#deps;
    const { backend } = config;
    const isOnLink = backend === 'auto' ? insideOf(await links.onLinkNetworks(options)) : () => backend === 'routes';
    return wantedPaths(nodeLister.list(), nodeName, { backend, isOnLink });
  }

  async #tunnel(peers: Paths['peers'], options: Options): Promise<void> {
    const { cluster, config, links, nodeLister, nodeName, tunnel } = this.#deps;
    const own = nodeLister.get({ name: nodeName });
    const podCIDR = own === undefined ? undefined : podCIDRof(own);
    const nodeAddress = own === undefined ? undefined : internalAddressOf(own);
    if (peers.length === 0) {
      await tunnel.remove(options);
      return;
    }
    if (podCIDR === undefined || nodeAddress === undefined) return; // their arrival is an event
    const mtu = (await links.defaultMtu(options)) - tunnelOverheadBytes;
    const vni = vniOf(config.vxlanId, cluster.id);
    await tunnel.ensure({ podCIDR, nodeAddress, vni, port: config.vxlanPort, mtu }, options);
    const { set, forget } = diffNeighbours(await tunnel.neighbours(options), peers.map(neighbourOf));
    for (const neighbour of forget) await tunnel.forgetNeighbour(neighbour, options);
    for (const neighbour of set) await tunnel.setNeighbour(neighbour, options);
  }

  async #present(signal: AbortSignal): Promise<readonly Route[]> {
    const isOurs = insideOf([this.#deps.cluster.podCIDR]);
    return (await this.#deps.links.routes({ signal })).filter(({ destination }) => isOurs(destination));
  }
}

/** Most changes of a node are heartbeats. */
export const isSamePlace = (now: Node | undefined, before: Node | undefined): boolean =>
  now !== undefined &&
  before !== undefined &&
  podCIDRof(now) === podCIDRof(before) &&
  internalAddressOf(now) === internalAddressOf(before);
