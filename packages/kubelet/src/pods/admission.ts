import type { Node, Pod } from '@geobuk/api';
import { bytesOf, cpuMillis, matchesNodeAffinity } from '@geobuk/api';
import type { Verdict } from './pod-status.js';
import { isCritical } from '../eviction/ranking.js';
import { podRequests, qosClassOf } from './resources.js';
import { allContainersOf } from './pod-containers.js';

/** Sysctls that live in a namespace of the pod's own and hurt nobody else. Follows: safe sysctls. */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

export interface AdmissionFacts {
  readonly node: Node | undefined;
  /** Those that were let in and have not ended. */
  readonly others: readonly Pod[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly allowedUnsafeSysctls: readonly string[];
  /** Such as `MemoryPressure`. */
  readonly pressures: ReadonlySet<string>;
  /** The machine goes down. */
  readonly goesDown: boolean;
  /** The kernel confines by AppArmor. */
  readonly appArmor: boolean;
}

const affinityRefusal: Verdict = {
  reason: 'NodeAffinity',
  message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
};

/** What this node cannot do is refused, never left out in silence. Follows: the admit handlers of the kubelet. */
function securityRefusal(pod: Pod, appArmor: boolean): Verdict | undefined {
  const { securityContext } = pod.spec;
  if (securityContext?.supplementalGroupsPolicy === 'Strict') {
    const message = 'SupplementalGroupsPolicy=Strict is not supported in this node';
    return { reason: 'SupplementalGroupsPolicyNotSupported', message };
  }
  const profiles = [
    securityContext?.appArmorProfile,
    ...allContainersOf(pod).map(({ spec }) => spec.securityContext?.appArmorProfile),
  ];
  if (!appArmor && profiles.some((one) => one !== undefined && one.type !== 'Unconfined'))
    return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  return undefined;
}

const hostPortsOf = (pod: Pod): readonly string[] =>
  pod.spec.containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort = 0 }) => hostPort > 0)
    .map(({ hostPort, protocol = 'TCP' }) => `${protocol}/${hostPort}`);

const outOf = (resource: string, requested: number, used: number, capacity: number): Verdict => ({
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
});

/** Only for memory: who can bear to be evicted again may come. */
const toleratesPressure = ({ spec }: Pod, types: readonly string[]): boolean =>
  types.every((type) => type === 'MemoryPressure') &&
  (spec.tolerations ?? []).some(
    ({ key, effect }) =>
      key === 'node.kubernetes.io/memory-pressure' && (effect === undefined || effect === 'NoSchedule'),
  );

/** Whether this node can take the pod after all. Follows: lifecycle predicate and sysctl admission. @returns why not. */
export function admissionRefusal(
  pod: Pod,
  { node, others, allocatable, allowedUnsafeSysctls, pressures, goesDown, appArmor }: AdmissionFacts,
): Verdict | undefined {
  if (goesDown) return { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
  const worries = [...pressures].filter((type) => type !== 'MemoryPressure' || qosClassOf(pod) === 'BestEffort');
  if (worries.length > 0 && !isCritical(pod) && !toleratesPressure(pod, worries))
    return { reason: 'Evicted', message: `The node had condition: [${worries.join(', ')}]. ` };
  const os = pod.spec.os?.name;
  if (os !== undefined && os !== 'linux') {
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  }
  const { name = '', labels } = node?.metadata ?? {};
  if (labels !== undefined && !matchesNodeAffinity({ name, labels }, pod.spec)) return affinityRefusal;
  const insecure = securityRefusal(pod, appArmor);
  if (insecure !== undefined) return insecure;
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const allowed = allowedUnsafeSysctls.some((one) =>
      one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one,
    );
    if (!safeSysctls.has(name) && !allowed)
      return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" not allowlisted` };
  }
  const taken = new Set(others.flatMap(hostPortsOf));
  if (hostPortsOf(pod).some((port) => taken.has(port))) {
    return {
      reason: 'NodePorts',
      message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    };
  }

  const podsLimit = Number(allocatable['pods'] ?? '110');
  if (others.length + 1 > podsLimit) return outOf('pods', 1, others.length, podsLimit);
  const wanted = podRequests(pod);
  const used = others.map(podRequests);
  const usedCpu = used.reduce((sum, one) => sum + one.cpuMillis, 0);
  const cpu = cpuMillis(allocatable['cpu'] ?? '0');
  if (wanted.cpuMillis > 0 && wanted.cpuMillis + usedCpu > cpu) return outOf('cpu', wanted.cpuMillis, usedCpu, cpu);
  const usedMemory = used.reduce((sum, one) => sum + one.memoryBytes, 0);
  const memory = bytesOf(allocatable['memory'] ?? '0');
  if (wanted.memoryBytes > 0 && wanted.memoryBytes + usedMemory > memory) {
    return outOf('memory', wanted.memoryBytes, usedMemory, memory);
  }
  return undefined;
}
