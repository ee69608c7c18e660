import type { Container, ContainerStatus, ObjectKey, Pod, Probe } from '@geobuk/api';
import { formatKey, keyOf, pods } from '@geobuk/api';
import { openSession } from '../actions/sessions.js';
import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import type { Threshold } from '../config/k9s-config.js';
import type { PaintName } from '../screen/paint.js';
import { parseTime } from '../table/age.js';
import type { ColumnShape } from '../table/row.js';
import { containerState } from '../views/container-state.js';
import { containerAmounts, inMi, percent, sharePaint } from '../views/resource-amounts.js';
import { ListPage } from './list-page.js';
import type { ListRow } from './list-page.js';
import { LogPage } from './log-page.js';

export interface ContainersPageOptions {
  readonly cluster: Cluster;
  readonly key: ObjectKey;
}

const columns: readonly ColumnShape[] = [
  { title: 'IDX', drop: 3 },
  { title: 'NAME' },
  { title: 'READY', drop: 1 },
  { title: 'STATE', drop: 1 },
  { title: 'RESTARTS', align: 'right', kind: 'number', drop: 2 },
  { title: 'CPU', align: 'right', kind: 'number', drop: 7 },
  { title: 'CPU/RL', align: 'right', drop: 21 },
  { title: '%CPU/R', align: 'right', kind: 'number', drop: 25 },
  { title: '%CPU/L', align: 'right', kind: 'number', drop: 23 },
  { title: 'MEM', align: 'right', kind: 'number', drop: 8 },
  { title: 'MEM/RL', align: 'right', drop: 22 },
  { title: '%MEM/R', align: 'right', kind: 'number', drop: 26 },
  { title: '%MEM/L', align: 'right', kind: 'number', drop: 24 },
  { title: 'PROBES(L:R:S)', drop: 20 },
  { title: 'PORTS', drop: 19 },
  { title: 'IMAGE', drop: 5 },
  { title: 'AGE', kind: 'time', drop: 0 },
];

interface Item {
  readonly container: Container;
  readonly status: ContainerStatus | undefined;
  readonly pod: Pod;
}

/** Containers of one pod, init containers first, followed live by a watch of that pod alone. */
export class ContainersPage extends ListPage<Item> {
  constructor({ cluster, key }: ContainersPageOptions, services: Services) {
    let pod: Pod | undefined;
    super(
      {
        crumb: 'containers',
        title: () => `containers(${formatKey(key)})`,
        cluster,
        columns,
        unsorted: true,
        rows: () => (pod === undefined ? [] : containerRows(pod, services, cluster)),
        empty: () => 'the pod is gone',
        actions: (item) => containerActions(item, { cluster, key }, services),
        plugPoint: (item) => ({
          names: ['containers', 'container', 'co'],
          variables: {
            RESOURCE_NAME: 'containers',
            NAMESPACE: key.namespace ?? '',
            POD: key.name,
            NAME: item.container.name,
            CONTAINER: item.container.name,
          },
        }),
        run: (signal) =>
          cluster.follow<Pod>(
            (connection) =>
              objectSource(connection, pods, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}` }),
            {
              relisting: () => undefined,
              synced: () => services.invalidate(),
              set: (now) => {
                pod = now;
                services.invalidate();
              },
              removed: () => {
                pod = undefined;
                services.invalidate();
              },
            },
            (error) => services.flash('alert', error.message),
            signal,
          ),
      },
      services,
    );
  }
}

const probeWord = (probe: Probe | undefined): string => {
  if (probe === undefined) return 'off';
  if (probe.httpGet !== undefined) return 'http';
  return probe.exec !== undefined ? 'exec' : probe.tcpSocket !== undefined ? 'tcp' : 'grpc';
};

/** A percentage with the colour of its threshold. */
interface Share {
  readonly percent: number | undefined;
  readonly paint: PaintName | undefined;
}

function containerRows(pod: Pod, services: Services, cluster: Cluster): readonly ListRow<Item>[] {
  const facts = services.facts(cluster);
  const { cpu, memory } = services.personal.k9s;
  const parts: readonly (readonly [string, readonly Container[], readonly ContainerStatus[]])[] = [
    ['I', pod.spec.initContainers ?? [], pod.status?.initContainerStatuses ?? []],
    ['M', pod.spec.containers, pod.status?.containerStatuses ?? []],
    ['E', (pod.spec.ephemeralContainers ?? []) as readonly Container[], pod.status?.ephemeralContainerStatuses ?? []],
  ];
  return parts.flatMap(([letter, containers, statuses]) =>
    containers.map((container, index) => {
      const status = statuses.find(({ name }) => name === container.name);
      const { word, health } = containerState(status);
      const { cpuRequest, cpuLimit, memoryRequest, memoryLimit } = containerAmounts(container);
      const restarts = status?.restartCount ?? 0;
      const usage = facts.usage(`${formatKey(keyOf(pod))}/${container.name}`);
      const share = (used: number | undefined, of: number, threshold: Threshold): Share => {
        const part = percent(used, of);
        return { percent: part, paint: sharePaint(part, threshold) };
      };
      const shares: readonly (readonly [number, Share])[] = [
        [7, share(usage?.cpuMillis, cpuRequest, cpu)],
        [8, share(usage?.cpuMillis, cpuLimit, cpu)],
        [11, share(usage?.memoryBytes, memoryRequest, memory)],
        [12, share(usage?.memoryBytes, memoryLimit, memory)],
      ];
      const shareOf = (column: number): Share => shares.find(([at]) => at === column)![1];
      const shareText = (column: number): string => String(shareOf(column).percent ?? 'n/a');
      const memoryMi = usage === undefined ? undefined : Math.round(usage.memoryBytes / 1024 / 1024);
      return {
        id: `${letter}${container.name}`,
        cells: [
          `${letter}${index + 1}`,
          container.name,
          String(status?.ready ?? false),
          word,
          String(restarts),
          String(usage?.cpuMillis ?? 'n/a'),
          `${cpuRequest}:${cpuLimit}`,
          shareText(7),
          shareText(8),
          String(memoryMi ?? 'n/a'),
          `${inMi(memoryRequest)}:${inMi(memoryLimit)}`,
          shareText(11),
          shareText(12),
          [container.livenessProbe, container.readinessProbe, container.startupProbe].map(probeWord).join(':'),
          (container.ports ?? [])
            .map(({ containerPort, protocol = 'TCP' }) => `${containerPort}${protocol === 'TCP' ? '' : `/${protocol}`}`)
            .join(','),
          container.image ?? '',
          '',
        ],
        values: [
          ...new Array<undefined>(4).fill(undefined),
          restarts,
          usage?.cpuMillis,
          undefined,
          shareOf(7).percent,
          shareOf(8).percent,
          memoryMi,
          undefined,
          shareOf(11).percent,
          shareOf(12).percent,
          undefined,
          undefined,
          undefined,
          parseTime(status?.state?.running?.startedAt),
        ],
        cellPaints: new Map(shares.flatMap(([at, { paint }]) => (paint === undefined ? [] : [[at, paint] as const]))),
        health,
        problem: health === 'error' ? word : '',
        item: { container, status, pod },
      };
    }),
  );
}

function containerActions(
  item: Item | undefined,
  { cluster, key }: ContainersPageOptions,
  services: Services,
): Actions {
  if (item === undefined) return {};
  const { container, pod } = item;
  const logs = (previous: boolean): void =>
    services.open(
      new LogPage(
        {
          cluster,
          title: `${formatKey(key)}:${container.name}`,
          sources: [{ pod: key, container: container.name, label: container.name }],
          previous,
        },
        services,
      ),
    );
  const enter = (kind: 'exec' | 'attach') => (): Promise<void> =>
    services.act((signal) => openSession({ cluster, services, key, pod, container: container.name, kind }, signal));
  const reading: Actions = {
    open: () => logs(false),
    logs: () => logs(false),
    previousLogs: () => logs(true),
    copy: () => services.terminal.copy(container.name),
  };
  return cluster.readOnly ? reading : { ...reading, shell: enter('exec'), attach: enter('attach') };
}
