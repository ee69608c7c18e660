import type { Event, Namespace, Node } from '@geobuk/api';
import { events, namespaces, nodes } from '@geobuk/api';
import { parseTime } from '../table/age.js';
import { orNone } from './make-rows.js';
import { cpuOf, gpusOf, inMi, memoryOf, percent, sharePaint } from './resource-amounts.js';
import type { Column, LiveFacts } from './view.js';
import { tableView } from './view.js';

const nodeReady = (node: Node): string | undefined =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;

/** Follows: kubectl's node printer (Ready, NotReady, Unknown, then SchedulingDisabled). */
export function nodeStatus(node: Node): string {
  const ready = nodeReady(node);
  const word = ready === 'True' ? 'Ready' : ready === undefined || ready === 'Unknown' ? 'Unknown' : 'NotReady';
  return node.spec.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

export function nodeRoles(node: Node): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(node.metadata.labels ?? {}).flatMap((label) =>
    label.startsWith(prefix) ? [label.slice(prefix.length)] : [],
  );
  const named = node.metadata.labels?.['kubernetes.io/role'];
  return orNone([...roles, ...(named === undefined ? [] : [named])].sort().join(','));
}

const addressOf = (node: Node, kind: string): string =>
  orNone(node.status?.addresses?.find(({ type }) => type === kind)?.address);

/** Pressure conditions that hold, in words. */
export function nodeProblem(node: Node): string {
  if (nodeReady(node) !== 'True')
    return node.status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? 'not ready';
  const pressures = node.status?.conditions?.filter(({ type, status }) => type !== 'Ready' && status === 'True') ?? [];
  return pressures.map(({ type }) => type).join(',');
}

const measured = (
  title: string,
  value: (node: Node, facts: LiveFacts) => number | undefined,
  threshold?: 'cpu' | 'memory',
): Column<Node> => ({
  title,
  align: 'right',
  kind: 'number',
  value,
  cell: (node, facts) => String(value(node, facts) ?? 'n/a'),
  ...(threshold === undefined
    ? {}
    : { paint: (node, facts) => sharePaint(value(node, facts), facts.thresholds[threshold]) }),
});

/** `:nodes`. Enter shows the pods on it. */
export const nodesView = tableView<Node>({
  resource: nodes,
  live: true,
  countsPods: true,
  columns: [
    { title: 'STATUS', drop: 1, cell: nodeStatus },
    { title: 'ROLE', drop: 30, cell: nodeRoles },
    { title: 'ARCH', wide: true, cell: (n) => n.status?.nodeInfo?.architecture ?? '' },
    measured('TAINTS', (n) => n.spec.taints?.length ?? 0),
    { title: 'VERSION', drop: 5, cell: (n) => n.status?.nodeInfo?.kubeletVersion ?? '' },
    { title: 'OS-IMAGE', wide: true, cell: (n) => n.status?.nodeInfo?.osImage ?? '' },
    { title: 'KERNEL', wide: true, cell: (n) => n.status?.nodeInfo?.kernelVersion ?? '' },
    { title: 'INTERNAL-IP', wide: true, cell: (n) => addressOf(n, 'InternalIP') },
    { title: 'EXTERNAL-IP', wide: true, cell: (n) => addressOf(n, 'ExternalIP') },
    measured('PODS', (n, facts) => facts.podsOnNode(n.metadata.name ?? '')),
    { ...measured('CPU', (n, facts) => facts.usage(n.metadata.name ?? '')?.cpuMillis), metric: true },
    { ...measured('CPU/A', (n) => cpuOf(n.status?.allocatable?.['cpu'])), drop: 22 },
    {
      ...measured(
        '%CPU',
        (n, facts) => percent(facts.usage(n.metadata.name ?? '')?.cpuMillis, cpuOf(n.status?.allocatable?.['cpu'])),
        'cpu',
      ),
      metric: true,
    },
    {
      title: 'MEM',
      metric: true,
      align: 'right',
      kind: 'number',
      value: (n, facts) => facts.usage(n.metadata.name ?? '')?.memoryBytes,
      cell: (n, facts) => {
        const usage = facts.usage(n.metadata.name ?? '');
        return usage === undefined ? 'n/a' : inMi(usage.memoryBytes);
      },
    },
    {
      title: 'MEM/A',
      align: 'right',
      kind: 'number',
      value: (n) => memoryOf(n.status?.allocatable?.['memory']),
      cell: (n) => inMi(memoryOf(n.status?.allocatable?.['memory'])),
    },
    {
      ...measured(
        '%MEM',
        (n, facts) =>
          percent(facts.usage(n.metadata.name ?? '')?.memoryBytes, memoryOf(n.status?.allocatable?.['memory'])),
        'memory',
      ),
      metric: true,
    },
    { ...measured('GPU/A', (n) => gpusOf(n.status?.allocatable, false)), wide: true },
    { ...measured('GPU/C', (n) => gpusOf(n.status?.capacity, false)), wide: true },
    { ...measured('SH-GPU/A', (n) => gpusOf(n.status?.allocatable, true)), wide: true },
    { ...measured('SH-GPU/C', (n) => gpusOf(n.status?.capacity, true)), wide: true },
  ],
  health: (n) =>
    nodeReady(n) !== 'True' ? 'error' : n.spec.unschedulable === true || nodeProblem(n) !== '' ? 'pending' : 'ok',
  problem: nodeProblem,
  opens: 'pods',
  capabilities: { pods: () => ({ by: 'node' }), cordonable: true },
  slim: ({ status, ...node }) => ({
    ...node,
    status: status === undefined ? undefined : { ...status, images: undefined },
  }),
});

/** `:namespaces`. Enter switches to it and shows its pods; `(*)` is the one in use, `+` is on a number key by choice. */
export const namespacesView = tableView<Namespace>({
  resource: namespaces,
  live: true,
  columns: [
    {
      title: 'NAME',
      cell: ({ metadata: { name = '' } }, facts) => `${name}${facts.namespaceMark(name)}`,
    },
    { title: 'STATUS', cell: (n) => n.status?.phase ?? 'Active' },
  ],
  health: (n) => (n.status?.phase === 'Terminating' ? 'killing' : 'ok'),
  opens: 'namespace',
});

export const eventTime = (event: Event): number | undefined =>
  parseTime(
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp,
  );

export const eventObject = ({ involvedObject }: Event): string =>
  `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}`;

/** `:events`, the latest first. Messages are the point: they get the room. */
export const eventsView = tableView<Event>({
  resource: events,
  columns: [
    { title: 'LAST SEEN', kind: 'time', drop: 2, cell: () => '', value: eventTime },
    { title: 'TYPE', drop: 3, cell: (e) => e.type ?? '' },
    { title: 'REASON', drop: 2, least: 16, cell: (e) => e.reason ?? '' },
    { title: 'OBJECT', drop: 1, least: 14, cell: eventObject },
    { title: 'MESSAGE', drop: 0, least: 30, cell: (e) => (e.message ?? '').replaceAll('\n', ' ') },
    {
      title: 'COUNT',
      wide: true,
      align: 'right',
      kind: 'number',
      value: (e) => e.series?.count ?? e.count ?? 1,
      cell: (e) => String(e.series?.count ?? e.count ?? 1),
    },
    { title: 'SOURCE', wide: true, cell: (e) => e.reportingComponent ?? e.source?.component ?? '' },
    {
      title: 'FIRST SEEN',
      kind: 'time',
      wide: true,
      cell: () => '',
      value: (e) => parseTime(e.firstTimestamp ?? e.eventTime),
    },
    { title: 'NAME', wide: true, cell: (e) => e.metadata.name ?? '' },
  ],
  health: (e) => (e.type === 'Warning' ? 'pending' : 'ok'),
  problem: (e) => (e.type === 'Warning' ? (e.reason ?? 'Warning') : ''),
  ageIsWide: true,
  sort: { title: 'LAST SEEN' },
});
