import type { Command } from 'commander';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { bytesOf, cpuMillis, nodes } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import type { KubectlIo } from './io.js';
import { textColumns } from './printing/text-columns.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, isSet, text } from './verb.js';

interface Usage {
  readonly cpu: string;
  readonly memory: string;
}
interface PodMetrics extends KubernetesObject {
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}
interface NodeMetrics extends KubernetesObject {
  readonly usage: Usage;
}

const metrics = (kind: string, plural: string, namespaced: boolean): ResourceType => ({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind,
  plural,
  singular: plural.slice(0, -1),
  namespaced,
  verbs: ['get', 'list'],
  shortNames: [],
  categories: [],
  subresources: {},
});

/** Follows: kubectl top pods, top nodes. */
export function addTop(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'top', 'cpu and memory in use: top pods|nodes [NAME]', io, top)
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'by labels')
    .option('--containers', 'a row for each container')
    .option('--sort-by <what>', 'cpu or memory')
    .option('--no-headers', 'no titles');
}

async function top(session: Session, [what, name]: readonly string[], flags: Flags): Promise<void> {
  const sortBy = text(flags, 'sortBy');
  if (sortBy !== undefined && sortBy !== 'cpu' && sortBy !== 'memory')
    throw new CliError('--sort-by accepts only cpu or memory', 2);
  const { resources } = await session.discovery();
  if (!resources.some(({ group }) => group === 'metrics.k8s.io'))
    throw new CliError('Metrics API not available; enable an addon that provides it');
  switch (what) {
    case 'pod':
    case 'pods':
    case 'po':
      return topPods(session, name, flags, sortBy);
    case 'node':
    case 'nodes':
    case 'no':
      return topNodes(session, name, flags, sortBy);
    default:
      throw new CliError('use top pods or top nodes', 2);
  }
}

interface Row {
  readonly cells: readonly string[];
  readonly cpu: number;
  readonly memory: number;
}

function show(
  session: Session,
  titles: readonly string[],
  rows: readonly Row[],
  flags: Flags,
  sortBy: string | undefined,
): void {
  const sorted =
    sortBy === undefined ? rows : [...rows].sort((a, b) => (sortBy === 'cpu' ? b.cpu - a.cpu : b.memory - a.memory));
  const cells = sorted.map((row) => row.cells);
  session.print(textColumns(flags['headers'] === false ? cells : [titles, ...cells]));
}

const shownCpu = (millis: number): string => `${Math.ceil(millis)}m`;
const shownMemory = (bytes: number): string => `${Math.floor(bytes / (1 << 20))}Mi`;
const share = (used: number, all: number): string => (all > 0 ? `${Math.floor((used / all) * 100)}%` : '<unknown>');

async function itemsOf<T extends KubernetesObject>(
  session: Session,
  type: ResourceType,
  name: string | undefined,
  flags: Flags,
): Promise<readonly T[]> {
  const namespace = isSet(flags, 'allNamespaces') ? undefined : session.namespaceFor(type);
  const { signal } = session;
  if (name !== undefined) return [(await session.client.read(type, { namespace, name }, { signal })) as T];
  const labelSelector = text(flags, 'selector');
  const { items } = await session.client.list(type, { namespace, labelSelector, signal });
  return items as unknown as readonly T[];
}

async function topPods(
  session: Session,
  name: string | undefined,
  flags: Flags,
  sortBy: string | undefined,
): Promise<void> {
  const items = await itemsOf<PodMetrics>(session, metrics('PodMetrics', 'pods', true), name, flags);
  if (items.length === 0) {
    session.note(
      isSet(flags, 'allNamespaces') ? 'No resources found' : `No resources found in ${session.namespace} namespace.`,
    );
    return;
  }
  const everywhere = isSet(flags, 'allNamespaces');
  const single = isSet(flags, 'containers');
  const rows = items.flatMap(({ metadata, containers }) => {
    const place = everywhere ? [metadata.namespace ?? ''] : [];
    const parts = single ? containers.map((container) => [container]) : [containers];
    return parts.map((part) => {
      const cpu = part.reduce((sum, { usage }) => sum + cpuMillis(usage.cpu), 0);
      const memory = part.reduce((sum, { usage }) => sum + bytesOf(usage.memory), 0);
      const named = single ? [part[0]?.name ?? ''] : [];
      return { cells: [...place, metadata.name ?? '', ...named, shownCpu(cpu), shownMemory(memory)], cpu, memory };
    });
  });
  const titles = [
    ...(everywhere ? ['NAMESPACE'] : []),
    single ? 'POD' : 'NAME',
    ...(single ? ['NAME'] : []),
    'CPU(cores)',
    'MEMORY(bytes)',
  ];
  show(session, titles, rows, flags, sortBy);
}

async function topNodes(
  session: Session,
  name: string | undefined,
  flags: Flags,
  sortBy: string | undefined,
): Promise<void> {
  const items = await itemsOf<NodeMetrics>(session, metrics('NodeMetrics', 'nodes', false), name, flags);
  const known = new Map(
    (await session.client.list(nodes, { signal: session.signal })).items.map((node) => [node.metadata.name, node]),
  );
  const rows = items.map(({ metadata, usage }) => {
    const room = known.get(metadata.name)?.status?.allocatable ?? {};
    const [cpu, memory] = [cpuMillis(usage.cpu), bytesOf(usage.memory)];
    const [allCpu, allMemory] = [cpuMillis(String(room['cpu'] ?? '0')), bytesOf(String(room['memory'] ?? '0'))];
    const cells = [
      metadata.name ?? '',
      shownCpu(cpu),
      share(cpu, allCpu),
      shownMemory(memory),
      share(memory, allMemory),
    ];
    return { cells, cpu, memory };
  });
  show(session, ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'], rows, flags, sortBy);
}
