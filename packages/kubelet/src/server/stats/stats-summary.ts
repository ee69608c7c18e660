import { rfc3339 } from '../../pods/rfc3339.js';
import type { CgroupStats } from './cgroup-stats.js';
import type { FileStats } from './file-stats.js';
import type { InterfaceStats } from './network-stats.js';
import type { NodeDetails } from './node-stats.js';
import type { PodDetails } from './pod-details.js';
import type { ContainerUsage, NodeUsage } from './usage.js';

type Json = Readonly<Record<string, unknown>>;

/** Follows: stats/v1alpha1 Summary. Pure. */
export function statsSummary(
  nodeName: string,
  node: NodeUsage,
  details: NodeDetails,
  pods: readonly PodDetails[],
): Json {
  const time = rfc3339(node.timestampMs);
  const { nodeFs, imageFs, interfaces, defaultInterface, processes, maxProcesses } = details;
  const booted = rfc3339(details.bootedAtMs);
  return {
    node: {
      nodeName,
      systemContainers: systemContainers(details, time),
      startTime: booted,
      cpu: { time, ...cpuOf(node.cpuNanoCores), usageCoreNanoSeconds: Math.round(node.cpuUsageNanos) },
      memory: {
        time,
        availableBytes: node.memoryAvailableBytes,
        usageBytes: node.memoryUsageBytes,
        workingSetBytes: node.memoryWorkingSetBytes,
        rssBytes: details.rssBytes,
        pageFaults: details.pageFaults,
        majorPageFaults: details.majorPageFaults,
      },
      ...(interfaces.length === 0 ? {} : { network: networkOf(interfaces, defaultInterface, time) }),
      ...(nodeFs === undefined ? {} : { fs: filesOf(nodeFs) }),
      ...(imageFs === undefined ? {} : { runtime: { imageFs: filesOf(imageFs), containerFs: filesOf(imageFs) } }),
      rlimit: { time, maxpid: maxProcesses, curproc: processes },
    },
    pods: pods.map((pod) => podOf(pod, imageFs, time)),
  };
}

function systemContainers({ kubelet, pods, bootedAtMs }: NodeDetails, time: string): readonly Json[] {
  const startTime = rfc3339(bootedAtMs);
  const own = {
    name: 'kubelet',
    startTime,
    cpu: { time, usageCoreNanoSeconds: kubelet.cpuNanos },
    memory: { time, usageBytes: kubelet.rssBytes, workingSetBytes: kubelet.rssBytes, rssBytes: kubelet.rssBytes },
  };
  if (pods === undefined) return [own];
  const cpu = { time, usageCoreNanoSeconds: pods.cpuNanos };
  return [own, { name: 'pods', startTime, cpu, memory: memoryOf(pods, time) }];
}

const cpuOf = (nanoCores: number | undefined): Json => (nanoCores === undefined ? {} : { usageNanoCores: nanoCores });

const filesOf = ({ timestampMs, ...files }: FileStats): Json => ({ time: rfc3339(timestampMs), ...files });

const memoryOf = (stats: CgroupStats, time: string): Json => ({
  time,
  ...(stats.memoryLimitBytes === undefined
    ? {}
    : { availableBytes: Math.max(0, stats.memoryLimitBytes - stats.workingSetBytes) }),
  usageBytes: stats.memoryBytes,
  workingSetBytes: stats.workingSetBytes,
  rssBytes: stats.rssBytes,
  pageFaults: stats.pageFaults,
  majorPageFaults: stats.majorPageFaults,
});

const interfaceOf = ({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceStats): Json => ({
  name,
  rxBytes,
  rxErrors,
  txBytes,
  txErrors,
});

function networkOf(interfaces: readonly InterfaceStats[], usual: string | undefined, time: string): Json {
  const first = interfaces.find(({ name }) => name === usual) ?? interfaces[0];
  return { time, ...(first === undefined ? {} : interfaceOf(first)), interfaces: interfaces.map(interfaceOf) };
}

function podOf(pod: PodDetails, imageFs: FileStats | undefined, time: string): Json {
  const { usage, cgroup, volumes, interfaces, logs } = pod;
  const { containers } = usage;
  const sum = (value: (one: ContainerUsage) => number): number =>
    containers.reduce((total, one) => total + value(one), 0);
  const rates = containers.map(({ cpuNanoCores }) => cpuNanoCores).filter((rate) => rate !== undefined);
  const nanoCores = rates.length < containers.length ? undefined : rates.reduce((total, rate) => total + rate, 0);
  return {
    podRef: { name: usage.pod.name, namespace: usage.pod.namespace, uid: usage.pod.uid },
    startTime: usage.startTime,
    containers: containers.map((one) => containerOf(one, pod, imageFs)),
    cpu: {
      time,
      ...cpuOf(nanoCores),
      usageCoreNanoSeconds: cgroup?.cpuNanos ?? sum((one) => one.cpuUsageNanos),
    },
    memory:
      cgroup === undefined
        ? {
            time,
            usageBytes: sum((one) => one.memoryUsageBytes),
            workingSetBytes: sum((one) => one.memoryWorkingSetBytes),
            rssBytes: sum((one) => one.memoryRssBytes),
          }
        : memoryOf(cgroup, time),
    ...(interfaces.length === 0 ? {} : { network: networkOf(interfaces, 'eth0', time) }),
    volume: volumes.map(({ name, claim, timestampMs, abnormal, ephemeral: _, ...files }) => ({
      time: rfc3339(timestampMs),
      ...files,
      name,
      ...(claim === undefined ? {} : { pvcRef: { name: claim, namespace: usage.pod.namespace } }),
      ...(abnormal === undefined ? {} : { volumeHealthStats: { abnormal } }),
    })),
    'ephemeral-storage': ephemeralStorage(pod, time),
    ...(cgroup?.processes === undefined ? {} : { process_stats: { process_count: cgroup.processes } }),
    ...(logs.size === 0 ? {} : { swap: { time, swapUsageBytes: cgroup?.swapBytes ?? 0 } }),
  };
}

/** What goes with the pod: writable layers, logs, volumes on the node's disk. */
function ephemeralStorage({ usage, logs, volumes }: PodDetails, time: string): Json {
  const local = volumes.filter(({ ephemeral }) => ephemeral);
  const files = [...logs.values(), ...local];
  const total = (ofLayers: (one: ContainerUsage) => number, ofFiles: (one: Omit<FileStats, 'timestampMs'>) => number) =>
    usage.containers.reduce((sum, one) => sum + ofLayers(one), 0) + files.reduce((sum, one) => sum + ofFiles(one), 0);
  const [disk] = logs.values();
  const whole = disk === undefined ? {} : pick(disk, ['availableBytes', 'capacityBytes', 'inodesFree', 'inodes']);
  return {
    time,
    ...whole,
    usedBytes: total(
      ({ rootfsUsedBytes }) => rootfsUsedBytes,
      ({ usedBytes }) => usedBytes,
    ),
    inodesUsed: total(
      ({ rootfsInodes }) => rootfsInodes,
      ({ inodesUsed }) => inodesUsed,
    ),
  };
}

const pick = <T extends object>(from: T, names: readonly (keyof T)[]): Json =>
  Object.fromEntries(names.map((name) => [name, from[name]]));

function containerOf(one: ContainerUsage, { containers, logs }: PodDetails, imageFs: FileStats | undefined): Json {
  const time = rfc3339(one.timestampMs);
  const stats = containers.get(one.container.id);
  const log = logs.get(one.name);
  const disk = imageFs === undefined ? {} : pick(imageFs, ['availableBytes', 'capacityBytes', 'inodesFree', 'inodes']);
  return {
    name: one.name,
    startTime: rfc3339(one.container.startedAt ?? one.container.createdAt),
    cpu: { time, ...cpuOf(one.cpuNanoCores), usageCoreNanoSeconds: one.cpuUsageNanos },
    memory: {
      time,
      ...(stats?.memoryLimitBytes === undefined
        ? {}
        : { availableBytes: Math.max(0, stats.memoryLimitBytes - one.memoryWorkingSetBytes) }),
      usageBytes: one.memoryUsageBytes,
      workingSetBytes: one.memoryWorkingSetBytes,
      rssBytes: one.memoryRssBytes,
      ...(stats === undefined ? {} : pick(stats, ['pageFaults', 'majorPageFaults'])),
    },
    rootfs: { time, ...disk, usedBytes: one.rootfsUsedBytes, inodesUsed: one.rootfsInodes },
    ...(log === undefined ? {} : { logs: filesOf(log) }),
    ...(stats?.swapBytes === undefined ? {} : { swap: { time, swapUsageBytes: stats.swapBytes } }),
  };
}
