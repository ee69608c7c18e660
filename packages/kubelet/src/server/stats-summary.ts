import { rfc3339 } from '../pods/rfc3339.js';
import type { ContainerUsage, NodeUsage, PodUsage } from './usage.js';

/** Follows: stats/v1alpha1 Summary. Pure. */
export function statsSummary(nodeName: string, node: NodeUsage, pods: readonly PodUsage[]): unknown {
  const time = rfc3339(node.timestampMs);
  return {
    node: {
      nodeName,
      startTime: time,
      cpu: { time, ...cpuOf(node.cpuNanoCores), usageCoreNanoSeconds: Math.round(node.cpuUsageNanos) },
      memory: {
        time,
        availableBytes: node.memoryAvailableBytes,
        usageBytes: node.memoryUsageBytes,
        workingSetBytes: node.memoryWorkingSetBytes,
      },
      fs: {
        time,
        availableBytes: node.fsAvailableBytes,
        capacityBytes: node.fsCapacityBytes,
        usedBytes: node.fsCapacityBytes - node.fsAvailableBytes,
      },
    },
    pods: pods.map((pod) => podOf(pod, time)),
  };
}

const cpuOf = (nanoCores: number | undefined): object => (nanoCores === undefined ? {} : { usageNanoCores: nanoCores });

function podOf({ pod, startTime, containers }: PodUsage, time: string): unknown {
  const sum = (value: (one: ContainerUsage) => number): number =>
    containers.reduce((total, one) => total + value(one), 0);
  const rates = containers.map(({ cpuNanoCores }) => cpuNanoCores).filter((rate) => rate !== undefined);
  const nanoCores = rates.length < containers.length ? undefined : rates.reduce((total, rate) => total + rate, 0);
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    startTime,
    containers: containers.map((one) => ({
      name: one.name,
      startTime: rfc3339(one.container.startedAt ?? one.container.createdAt),
      cpu: { time: rfc3339(one.timestampMs), ...cpuOf(one.cpuNanoCores), usageCoreNanoSeconds: one.cpuUsageNanos },
      memory: {
        time: rfc3339(one.timestampMs),
        usageBytes: one.memoryUsageBytes,
        workingSetBytes: one.memoryWorkingSetBytes,
        rssBytes: one.memoryRssBytes,
      },
      rootfs: { time: rfc3339(one.timestampMs), usedBytes: one.rootfsUsedBytes, inodesUsed: one.rootfsInodes },
    })),
    cpu: { time, ...cpuOf(nanoCores), usageCoreNanoSeconds: sum((one) => one.cpuUsageNanos) },
    memory: {
      time,
      usageBytes: sum((one) => one.memoryUsageBytes),
      workingSetBytes: sum((one) => one.memoryWorkingSetBytes),
    },
  };
}
