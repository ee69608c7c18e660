import type { Ip } from './ip-command.js';
import type { Route } from './routes.js';

/** Marks our routes among the others of the machine (a number of no known routing protocol). */
const routeProtocol = '147';

interface Options {
  readonly signal: AbortSignal;
}

interface JsonRoute {
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
}
interface JsonLink {
  readonly ifname: string;
  readonly mtu: number;
}

/** The kernel's links and routes. */
export interface Links {
  /** MTU of the link that leads to the world; 1500 on a machine that leads nowhere. */
  defaultMtu(options: Options): Promise<number>;
  /** Networks whose addresses answer on a link of this machine. */
  onLinkNetworks(options: Options): Promise<readonly string[]>;
  /** Those that this addon set. */
  routes(options: Options): Promise<readonly Route[]>;
  replaceRoute(route: Route, options: Options): Promise<void>;
  removeRoute(route: Route, options: Options): Promise<void>;
  /** Links attached to a bridge: the host ends of running pods. */
  portsOf(bridge: string, options: Options): Promise<readonly string[]>;
  remove(link: string, options: Options): Promise<void>;
}

/** @param tunnel the link that tunnelled routes lead through. */
export function createLinks(ip: Ip, tunnel: string): Links {
  return {
    async defaultMtu(options) {
      const [route] = await ip.json<JsonRoute>(['route', 'show', 'default'], options);
      if (route?.dev === undefined) return 1500;
      const [link] = await ip.json<JsonLink>(['link', 'show', 'dev', route.dev], options);
      return link?.mtu ?? 1500;
    },

    async onLinkNetworks(options) {
      const all = await ip.json<JsonRoute>(['route', 'show', 'scope', 'link'], options);
      return all.flatMap(({ dst }) => (dst === undefined ? [] : [dst]));
    },

    async routes(options) {
      const all = await ip.json<JsonRoute>(['route', 'show', 'proto', routeProtocol], options);
      return all.flatMap(({ dst, gateway, dev }) =>
        dst === undefined || gateway === undefined
          ? []
          : [{ destination: dst, via: gateway, tunnelled: dev === tunnel }],
      );
    },

    async replaceRoute({ destination, via, tunnelled }, options) {
      const way = ['via', via, ...(tunnelled ? ['dev', tunnel, 'onlink'] : [])];
      await ip.run(['route', 'replace', destination, ...way, 'proto', routeProtocol], options);
    },

    removeRoute: ({ destination }, options) =>
      ip.runIfThere(['route', 'del', destination, 'proto', routeProtocol], options),

    async portsOf(bridge, options) {
      const ports = await ip.jsonIfThere<JsonLink>(['link', 'show', 'master', bridge], options);
      return ports.map(({ ifname }) => ifname);
    },

    remove: (link, options) => ip.runIfThere(['link', 'del', link], options),
  };
}
