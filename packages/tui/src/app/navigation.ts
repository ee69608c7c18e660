import { addons, deployments } from '@geobuk/api';
import type { ResourceType } from '@geobuk/api';
import type { Cluster } from '../cluster/cluster.js';
import { parseNamespaces } from '../command/parse-command.js';
import type { Command } from '../command/parse-command.js';
import { contextsPage } from '../pages/contexts-page.js';
import { DirectoryPage } from '../pages/directory-page.js';
import { dumpsPage } from '../pages/dumps-page.js';
import { forwardsPage } from '../pages/forwards-page.js';
import { aliasesPage, journalPage } from '../pages/own-lists.js';
import { FleetPage } from '../pages/fleet-page.js';
import { LoopsPage } from '../pages/loops-page.js';
import { PulsesPage } from '../pages/pulses-page.js';
import type { Page } from '../pages/page.js';
import { HelmPage } from '../pages/helm-page.js';
import { SubjectsPage, subjectPage } from '../pages/subjects-page.js';
import { WorkloadsPage } from '../pages/workloads-page.js';
import { XrayPage } from '../pages/xray-page.js';
import { TablePage } from '../pages/table-page.js';
import type { Services } from './services.js';

export interface OwnView {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly open: (cluster: Cluster, services: Services) => Page;
}

/** Views that are no resource. */
export const ownViews: readonly OwnView[] = [
  {
    name: 'fleet',
    aliases: ['fl', 'home'],
    description: 'the cluster as a fleet: a ship per node, its crew of pods',
    open: (cluster, services) => new FleetPage(cluster, services),
  },
  {
    name: 'pulses',
    aliases: ['pu', 'pulse', 'hz'],
    description: 'charts: CPU, memory, pods, events',
    open: (cluster, services) => new PulsesPage(cluster, services),
  },
  {
    name: 'loops',
    aliases: ['loop', 'controllers'],
    description: 'what each control loop found and did',
    open: (cluster, services) => new LoopsPage(cluster, services),
  },
  { name: 'contexts', aliases: ['ctx', 'context'], description: 'contexts of the kubeconfig', open: contextsPage },
  { name: 'aliases', aliases: ['alias', 'a'], description: 'every name of every resource', open: aliasesPage },
  { name: 'portforwards', aliases: ['portforward', 'pf'], description: 'open port-forwards', open: forwardsPage },
  {
    name: 'screendumps',
    aliases: ['screendump', 'sd'],
    description: 'what was saved with ^s',
    open: dumpsPage,
  },
  { name: 'journal', aliases: ['undo', 'changes'], description: 'changes made from here, to undo', open: journalPage },
  {
    name: 'workloads',
    aliases: ['workload', 'wk'],
    description: 'everything that runs, of all kinds',
    open: (cluster, services) => new WorkloadsPage(cluster, services),
  },
  {
    name: 'helm',
    aliases: ['hm', 'charts'],
    description: 'Helm releases, from their Secrets',
    open: (cluster, services) => new HelmPage(cluster, services),
  },
  {
    name: 'users',
    aliases: ['usr'],
    description: 'users that bindings name, and what they may do',
    open: (cluster, services) => new SubjectsPage('User', cluster, services),
  },
  {
    name: 'groups',
    aliases: ['grp'],
    description: 'groups that bindings name, and what they may do',
    open: (cluster, services) => new SubjectsPage('Group', cluster, services),
  },
  {
    name: 'xray',
    aliases: ['x', 'xr'],
    description: 'a kind as a tree: pods, containers, what they need',
    open: (cluster, services) => new XrayPage(cluster, deployments as ResourceType, services),
  },
];

/** Short names for kinds whose own alias is something else here. */
const kindAliases: Readonly<Record<string, string>> = { addon: 'addons', ns: 'namespaces' };

/** The page a command asks for; undefined: nothing is called that. */
export function pageOf(command: Command, clusters: readonly Cluster[], services: Services): Page | undefined {
  const cluster = clusters[0]!;
  const own = ownViews.find(({ name, aliases }) => name === command.name || aliases.includes(command.name));
  const [argument] = command.args;
  if (own?.name === 'xray' && argument !== undefined) return xrayOf(argument, command.args[1], cluster, services);
  if (command.name === 'can' && argument !== undefined) return rightsOf(argument, cluster, services);
  if (own !== undefined) return own.open(cluster, services);
  if (command.name === 'dir') return new DirectoryPage(argument ?? '.', cluster, services);
  if (/^(ns|namespaces?)$/.test(command.name) && argument !== undefined) {
    return pageOf({ ...command, name: 'pods' }, clusters, services);
  }
  const type = typeOf(command.name, cluster);
  if (type === undefined) return undefined;
  if (argument !== undefined && type.namespaced) services.useNamespaces(parseNamespaces(argument));
  return new TablePage(
    {
      clusters,
      type,
      namespaces: services.namespaces(),
      labelSelector: command.labelSelector,
      filter: command.filter,
    },
    services,
  );
}

function xrayOf(name: string, namespace: string | undefined, cluster: Cluster, services: Services): Page | undefined {
  const type = typeOf(name, cluster);
  if (type === undefined || !type.namespaced) return undefined;
  if (namespace !== undefined) services.useNamespaces(parseNamespaces(namespace));
  return new XrayPage(cluster, type, services);
}

/** `can u:NAME`, `can g:NAME`, `can s:NAMESPACE:NAME`. Differs: k9s takes no names with dots or at-signs. */
function rightsOf(subject: string, cluster: Cluster, services: Services): Page | undefined {
  const [, letter, rest = ''] = /^([ugs]):(.+)$/.exec(subject) ?? [];
  if (letter === 'u') return subjectPage({ kind: 'User', name: rest }, cluster, services);
  if (letter === 'g') return subjectPage({ kind: 'Group', name: rest }, cluster, services);
  const [namespace, name] = rest.split(':', 2);
  if (letter !== 's' || namespace === undefined || name === undefined) return undefined;
  return subjectPage({ kind: 'ServiceAccount', namespace, name }, cluster, services);
}

function typeOf(name: string, cluster: Cluster): ResourceType | undefined {
  const found = cluster.catalog.find(kindAliases[name] ?? name);
  // The addon view is ours on any server; a server without addons says so when asked.
  return found ?? (name === 'addons' || name === 'addon' ? (addons as ResourceType) : undefined);
}
