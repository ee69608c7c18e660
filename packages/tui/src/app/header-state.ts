import { actionInfo } from '../actions/action-table.js';
import type { ActionId } from '../actions/action-table.js';
import { keyLabel } from '../actions/key-map.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespaceText } from '../command/parse-command.js';
import type { Page } from '../pages/page.js';
import { formatAge } from '../table/age.js';
import { sharePaint } from '../views/resource-amounts.js';
import type { HeaderState, Hint } from './draw-header.js';
import type { Services } from './services.js';

/** What the header tells of a cluster, of the namespaces on the number keys, and of the keys of a page. */
export function headerState(
  services: Services,
  cluster: Cluster,
  namespaces: readonly string[],
  programVersion: string,
  hints: readonly Hint[],
): HeaderState {
  const { identity } = cluster;
  return {
    context: identity.context,
    cluster: identity.cluster,
    user: identity.user,
    programVersion,
    clusterVersion: cluster.version,
    readOnly: cluster.readOnly,
    badge: services.personal.of(identity.context).badge,
    load: loadOf(services, cluster),
    link: linkOf(cluster, services.clock.now()),
    namespaces: [{ key: '0', label: 'all' }, ...namespaces.map((label, index) => ({ key: String(index + 1), label }))],
    activeNamespace: namespaceText(services.namespaces()),
    hints,
    logo: services.personal.k9s.logoless !== true,
  };
}

/** The load of the whole cluster, coloured where it passes a threshold. */
function loadOf(services: Services, cluster: Cluster): HeaderState['load'] {
  const { load } = services.facts(cluster);
  if (load === undefined) return undefined;
  const { cpu, memory } = services.personal.k9s;
  const paints = [sharePaint(load.cpu, cpu), sharePaint(load.memory, memory)];
  return { ...load, paint: paints.find((paint) => paint === 'error') ?? paints.find((paint) => paint !== undefined) };
}

function linkOf({ state, identity }: Cluster, now: number): HeaderState['link'] {
  switch (state.kind) {
    case 'connected':
      return { text: '● connected', paint: 'diffAdd' };
    case 'connecting':
      return { text: `◐ connecting to ${identity.server}`, paint: 'pending' };
    case 'lost':
      return { text: `✖ out of reach for ${formatAge(now - state.since)}: ${state.reason}`, paint: 'alert' };
    default:
      return state satisfies never;
  }
}

/** The keys of a page that are worth showing always; help has the others. */
export function hintsOf(services: Services, page: Page | undefined, plugins: readonly Hint[]): readonly Hint[] {
  const ids = [
    ...Object.keys(page?.actions() ?? {}),
    'command',
    ...(page?.filter === undefined ? [] : ['filter']),
    'help',
  ] as ActionId[];
  const own = [...new Set(ids)].flatMap((id) => {
    const info = actionInfo(id);
    const key = services.keyMap.keysOf(id)[0];
    return info.quiet === true || key === undefined ? [] : [{ key: keyLabel(key), label: info[services.language] }];
  });
  return [...own, ...plugins];
}
