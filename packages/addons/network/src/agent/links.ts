import { CommandError, runCommand } from '@geobuk/addon-sdk';
import type { Route } from './routes.js';

/** Marks our routes among the others of the machine (a number of no known routing protocol). */
const routeProtocol = '186';

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

const ipJson = async <T>(args: readonly string[], { signal }: Options): Promise<readonly T[]> => {
  const text = await runCommand('ip', ['-j', ...args], { signal });
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
};

/** The kernel's links and routes, by the `ip` command. */
export const links = {
  /** Of the link that leads to the world; 1500 on a machine that leads nowhere. */
  async defaultMtu(options: Options): Promise<number> {
    const [route] = await ipJson<JsonRoute>(['route', 'show', 'default'], options);
    if (route?.dev === undefined) return 1500;
    const [link] = await ipJson<JsonLink>(['link', 'show', 'dev', route.dev], options);
    return link?.mtu ?? 1500;
  },

  /** Those that this addon set. */
  async routes(options: Options): Promise<readonly Route[]> {
    const all = await ipJson<JsonRoute>(['route', 'show', 'proto', routeProtocol], options);
    return all.flatMap(({ dst, gateway }) =>
      dst === undefined || gateway === undefined ? [] : [{ destination: dst, via: gateway }],
    );
  },

  async replaceRoute({ destination, via }: Route, { signal }: Options): Promise<void> {
    await runCommand('ip', ['route', 'replace', destination, 'via', via, 'proto', routeProtocol], { signal });
  },

  async removeRoute({ destination }: Route, { signal }: Options): Promise<void> {
    await runCommand('ip', ['route', 'del', destination, 'proto', routeProtocol], { signal }).catch(ignoringAbsence);
  },

  /** Links attached to a bridge: the host ends of running pods. */
  async portsOf(bridge: string, options: Options): Promise<readonly string[]> {
    const ports = await ipJson<JsonLink>(['link', 'show', 'master', bridge], options).catch(ignoringAbsence);
    return (ports ?? []).map(({ ifname }) => ifname);
  },

  async remove(link: string, { signal }: Options): Promise<void> {
    await runCommand('ip', ['link', 'del', link], { signal }).catch(ignoringAbsence);
  },
};

/** What should go has gone already. */
function ignoringAbsence(error: unknown): undefined {
  if (error instanceof CommandError && /does not exist|Cannot find device|No such process/.test(error.stderr))
    return undefined;
  throw error;
}
