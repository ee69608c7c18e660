import type { Pod } from '@geobuk/api';
import { formatKey, keyOf, pods } from '@geobuk/api';
import { parseTime } from '../table/age.js';
import { orNone } from './make-rows.js';
import { podHealth, podProblem, podReadiness, podRestarts, podStatus } from './pod-status.js';
import { gpusOf, inMi, percent, podAmounts, sharePaint } from './resource-amounts.js';
import type { Column, LiveFacts, Usage } from './view.js';
import { tableView } from './view.js';

const usageOf = (pod: Pod, facts: LiveFacts): Usage | undefined => facts.usage(formatKey(keyOf(pod)));

/** A number that may be unknown: `n/a` is said once, by the column. */
function numeric(
  title: string,
  value: (pod: Pod, facts: LiveFacts) => number | undefined,
  more: Partial<Column<Pod>> = {},
): Column<Pod> {
  return {
    title,
    align: 'right',
    kind: 'number',
    value,
    cell: (pod, facts) => {
      const known = value(pod, facts);
      return known === undefined ? 'n/a' : String(known);
    },
    ...more,
  };
}

function share(title: string, of: (pod: Pod, facts: LiveFacts) => number | undefined): Column<Pod> {
  const paint: Column<Pod>['paint'] = (pod, facts) =>
    sharePaint(of(pod, facts), title.startsWith('%CPU') ? facts.thresholds.cpu : facts.thresholds.memory);
  return numeric(title, of, { wide: true, metric: true, paint });
}

const memoryMi = (pod: Pod, facts: LiveFacts): number | undefined => {
  const usage = usageOf(pod, facts);
  return usage === undefined ? undefined : Math.round(usage.memoryBytes / 1024 / 1024);
};

const lastRestart = (pod: Pod): number | undefined =>
  pod.status?.containerStatuses
    ?.map(({ lastState }) => parseTime(lastState?.terminated?.finishedAt))
    .reduce((latest, at) => (at === undefined ? latest : Math.max(latest ?? 0, at)), undefined);

const qosShort: Readonly<Record<string, string>> = { Guaranteed: 'GA', Burstable: 'BU', BestEffort: 'BE' };

/** `:pods`. READY counts ready containers, STATUS is kubectl's word. */
export const podsView = tableView<Pod>({
  resource: pods,
  live: true,
  columns: [
    { title: 'NAME', cell: (pod) => pod.metadata.name ?? '' },
    {
      title: 'PF',
      drop: 40,
      cell: (pod, facts) => (facts.isForwarded(formatKey(keyOf(pod))) ? 'Ⓕ' : ''),
    },
    {
      title: 'READY',
      drop: 2,
      align: 'right',
      cell: (pod) => {
        const { ready, total } = podReadiness(pod);
        return `${ready}/${total}`;
      },
    },
    { title: 'STATUS', drop: 1, cell: podStatus },
    numeric('RESTARTS', podRestarts, { drop: 6 }),
    { title: 'LAST-RESTART', kind: 'time', wide: true, cell: () => '', value: lastRestart },
    numeric('CPU', (pod, facts) => usageOf(pod, facts)?.cpuMillis, { drop: 20, metric: true }),
    {
      title: 'CPU/RL',
      wide: true,
      align: 'right',
      cell: (pod) => {
        const { cpuRequest, cpuLimit } = podAmounts(pod);
        return `${cpuRequest}:${cpuLimit}`;
      },
    },
    share('%CPU/R', (pod, facts) => percent(usageOf(pod, facts)?.cpuMillis, podAmounts(pod).cpuRequest)),
    share('%CPU/L', (pod, facts) => percent(usageOf(pod, facts)?.cpuMillis, podAmounts(pod).cpuLimit)),
    numeric('MEM', memoryMi, { drop: 21, metric: true }),
    {
      title: 'MEM/RL',
      wide: true,
      align: 'right',
      cell: (pod) => {
        const { memoryRequest, memoryLimit } = podAmounts(pod);
        return `${inMi(memoryRequest)}:${inMi(memoryLimit)}`;
      },
    },
    share('%MEM/R', (pod, facts) => percent(usageOf(pod, facts)?.memoryBytes, podAmounts(pod).memoryRequest)),
    share('%MEM/L', (pod, facts) => percent(usageOf(pod, facts)?.memoryBytes, podAmounts(pod).memoryLimit)),
    {
      title: 'GPU/RL',
      wide: true,
      align: 'right',
      cell: ({ spec }) => {
        const sum = (part: 'requests' | 'limits'): number =>
          spec.containers.reduce((all, { resources }) => all + gpusOf(resources?.[part], false), 0);
        return `${sum('requests')}:${sum('limits')}`;
      },
    },
    { title: 'IP', drop: 30, cell: (pod) => orNone(pod.status?.podIP) },
    { title: 'NODE', drop: 10, cell: (pod) => orNone(pod.spec.nodeName) },
    { title: 'SERVICE-ACCOUNT', wide: true, cell: (pod) => orNone(pod.spec.serviceAccountName) },
    { title: 'NOMINATED-NODE', wide: true, cell: (pod) => orNone(pod.status?.nominatedNodeName) },
    {
      title: 'READINESS-GATES',
      wide: true,
      cell: (pod) => {
        const gates = pod.spec.readinessGates ?? [];
        const met = gates.filter(({ conditionType }) =>
          pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
        );
        return gates.length === 0 ? '<none>' : `${met.length}/${gates.length}`;
      },
    },
    { title: 'QOS', wide: true, cell: (pod) => qosShort[pod.status?.qosClass ?? ''] ?? '' },
  ],
  health: podHealth,
  problem: podProblem,
  opens: 'containers',
  capabilities: {
    pods: () => ({ by: 'name' }),
    loggable: true,
    shellable: true,
    forwardable: true,
    killable: true,
    hasImages: true,
    explainable: true,
  },
  slim: slimPod,
});

/** Environment, mounts and volumes are half of a pod and in no column. */
function slimPod(pod: Pod): Pod {
  return {
    metadata: { ...pod.metadata, managedFields: undefined, annotations: keptAnnotations(pod) },
    spec: {
      nodeName: pod.spec.nodeName,
      serviceAccountName: pod.spec.serviceAccountName,
      readinessGates: pod.spec.readinessGates,
      containers: pod.spec.containers.map(({ name, image, ports, resources }) => ({ name, image, ports, resources })),
      initContainers: pod.spec.initContainers?.map(({ name, image, restartPolicy }) => ({
        name,
        image,
        restartPolicy,
      })),
      os: pod.spec.os,
    },
    status: pod.status,
  };
}

const shown = ['kubectl.kubernetes.io/default-container'];

function keptAnnotations({ metadata }: Pod): Readonly<Record<string, string>> | undefined {
  const kept = Object.entries(metadata.annotations ?? {}).filter(([name]) => shown.includes(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
