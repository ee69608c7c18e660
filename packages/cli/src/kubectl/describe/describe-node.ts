import type { Node, Pod } from '@geobuk/api';
import { ageOf, bytesOf, cpuMillis } from '@geobuk/api';
import { Page, shownTime } from './page.js';

/** Follows: kubectl describe node. */
export function describeNode(node: Node, pods: readonly Pod[], now: number): string {
  const page = new Page();
  const { metadata, spec, status = {} } = node;
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
  page.line(0, 'Name:', metadata.name ?? '');
  page.line(0, 'Roles:', roles.length === 0 ? '<none>' : roles.sort().join(','));
  page.labels(node);
  page.line(0, 'CreationTimestamp:', shownTime(metadata.creationTimestamp));
  page.values(
    0,
    'Taints',
    (spec?.taints ?? []).map(
      ({ key, value, effect }) => `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`,
    ),
  );
  page.line(0, 'Unschedulable:', String(spec?.unschedulable ?? false));
  page.line(0, 'Conditions:');
  page.line(1, 'Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message');
  page.line(1, '----', '------', '-----------------', '------------------', '------', '-------');
  for (const { type, status: is, lastHeartbeatTime, lastTransitionTime, reason, message } of status.conditions ?? []) {
    page.line(
      1,
      `${type} `,
      `${is} `,
      `${shownTime(lastHeartbeatTime)} `,
      `${shownTime(lastTransitionTime)} `,
      `${reason ?? ''} `,
      message ?? '',
    );
  }
  page.line(0, 'Addresses:');
  for (const { type, address } of status.addresses ?? []) page.line(1, `${type}:`, address);
  for (const [title, amounts] of [
    ['Capacity', status.capacity],
    ['Allocatable', status.allocatable],
  ] as const) {
    page.line(0, `${title}:`);
    for (const [name, amount] of Object.entries(amounts ?? {})) page.line(1, `${name}:`, String(amount));
  }
  page.line(0, 'System Info:');
  for (const [field, value] of Object.entries(status.nodeInfo ?? {})) {
    const title = field.replace(/([a-z])([A-Z])/g, '$1 $2');
    if (typeof value === 'string' && value !== '')
      page.line(1, `${title.slice(0, 1).toUpperCase()}${title.slice(1)}:`, value);
  }
  if (spec?.podCIDR !== undefined) {
    page.line(0, 'PodCIDR:', spec.podCIDR);
    page.line(0, 'PodCIDRs:', (spec.podCIDRs ?? []).join(','));
  }
  const running = pods.filter(({ status: is }) => is?.phase !== 'Succeeded' && is?.phase !== 'Failed');
  page.line(0, 'Non-terminated Pods:', `(${running.length} in total)`);
  page.line(1, 'Namespace', 'Name', '', 'CPU Requests', 'CPU Limits', 'Memory Requests', 'Memory Limits', 'Age');
  page.line(1, '---------', '----', '', '------------', '----------', '---------------', '-------------', '---');
  const room = {
    cpu: cpuMillis(String(status.allocatable?.['cpu'] ?? '0')),
    memory: bytesOf(String(status.allocatable?.['memory'] ?? '0')),
  };
  const total = { cpuRequests: 0, cpuLimits: 0, memoryRequests: 0, memoryLimits: 0 };
  for (const pod of running) {
    const sums = sumsOf(pod);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += sums[key];
    page.line(
      1,
      pod.metadata.namespace ?? '',
      pod.metadata.name ?? '',
      '',
      cpuText(sums.cpuRequests, room.cpu),
      cpuText(sums.cpuLimits, room.cpu),
      memoryText(sums.memoryRequests, room.memory),
      memoryText(sums.memoryLimits, room.memory),
      ageOf(pod.metadata.creationTimestamp, now),
    );
  }
  page.line(0, 'Allocated resources:');
  page.line(1, '(Total limits may be over 100 percent, i.e., overcommitted.)');
  page.line(1, 'Resource', 'Requests', 'Limits');
  page.line(1, '--------', '--------', '------');
  page.line(1, 'cpu', cpuText(total.cpuRequests, room.cpu), cpuText(total.cpuLimits, room.cpu));
  page.line(1, 'memory', memoryText(total.memoryRequests, room.memory), memoryText(total.memoryLimits, room.memory));
  return page.text();
}

function sumsOf({ spec }: Pod): {
  cpuRequests: number;
  cpuLimits: number;
  memoryRequests: number;
  memoryLimits: number;
} {
  const sum = (kind: 'requests' | 'limits', name: string, read: (text: string) => number): number =>
    spec.containers.reduce((all, { resources }) => {
      const amount = resources?.[kind]?.[name];
      return amount === undefined ? all : all + read(String(amount));
    }, 0);
  return {
    cpuRequests: sum('requests', 'cpu', cpuMillis),
    cpuLimits: sum('limits', 'cpu', cpuMillis),
    memoryRequests: sum('requests', 'memory', bytesOf),
    memoryLimits: sum('limits', 'memory', bytesOf),
  };
}

const share = (used: number, all: number): string => `(${all > 0 ? Math.floor((used / all) * 100) : 0}%)`;
const cpuText = (millis: number, all: number): string =>
  `${millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`} ${share(millis, all)}`;

function memoryText(bytes: number, all: number): string {
  const units = [
    [1 << 30, 'Gi'],
    [1 << 20, 'Mi'],
    [1 << 10, 'Ki'],
  ] as const;
  const fit = units.find(([size]) => bytes > 0 && bytes % size === 0);
  return `${fit === undefined ? String(bytes) : `${bytes / fit[0]}${fit[1]}`} ${share(bytes, all)}`;
}
