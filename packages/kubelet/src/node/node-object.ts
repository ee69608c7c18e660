import type { ContainerImage, Node, NodeCondition, NodeStatus, Taint } from '@geobuk/api';
import { canonicalQuantity } from '@geobuk/api';
import { rfc3339 } from '../pods/rfc3339.js';
import type { Machine } from './machine.js';
import type { RuntimeHealthState } from './runtime-health.js';

/** Stated to clients, who decide by it what a node can do. */
export const kubeletVersion = 'v1.34.0+geobuk';

export interface NodeStatusFacts {
  readonly nodeName: string;
  readonly hostname: string;
  readonly ips: readonly string[];
  readonly machine: Machine;
  /** What the node runs out of. */
  readonly pressures: ReadonlySet<string>;
  readonly health: RuntimeHealthState;
  readonly port: number;
  readonly maxPods: number;
  readonly hostRuntime: boolean;
  readonly images: readonly ContainerImage[];
  readonly reserved: Reserved;
  readonly volumesInUse: readonly string[];
  /** The machine goes down. */
  readonly goesDown: boolean;
  readonly now: number;
}

/** What pods cannot have: before that is gone, they are evicted. Follows: hard eviction as part of node allocatable. */
export interface Reserved {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** Follows: pressure is told for this long after it has passed, so that a node does not flap. */
const pressureHeldMs = 300_000;

export function newNode(
  nodeName: string,
  machine: Machine,
  labels: Readonly<Record<string, string>>,
  taints: readonly Taint[],
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: wantedLabels(nodeName, machine, labels),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: taints.length === 0 ? {} : { taints },
  };
}

export const wantedLabels = (
  nodeName: string,
  { architecture }: Machine,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => ({
  'beta.kubernetes.io/arch': architecture,
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture,
  'kubernetes.io/hostname': nodeName,
  'kubernetes.io/os': 'linux',
  ...labels,
});

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

/** What the node has, and what pods may have of it. Foreign entries, extended resources, are kept. Pure. */
export function nodeResources(
  before: NodeStatus,
  { machine, maxPods, reserved }: Pick<NodeStatusFacts, 'machine' | 'maxPods' | 'reserved'>,
): { readonly capacity: Readonly<Record<string, string>>; readonly allocatable: Readonly<Record<string, string>> } {
  const hugePages = Object.entries({ 'hugepages-1Gi': 0, 'hugepages-2Mi': 0, ...machine.hugePages });
  const common = {
    cpu: String(machine.cpus),
    pods: String(maxPods),
    ...Object.fromEntries(
      hugePages.map(([name, bytes]) => [name, bytes === 0 ? '0' : canonicalQuantity(`${bytes / 1024}Ki`)]),
    ),
  };
  const hugeBytes = hugePages.reduce((sum, [, bytes]) => sum + bytes, 0);
  const own = { ...common, memory: kibibytes(machine.memoryBytes), 'ephemeral-storage': kibibytes(machine.diskBytes) };
  const foreign = Object.fromEntries(Object.entries(before.capacity ?? {}).filter(([name]) => !(name in own)));
  // Memory in huge pages is set aside for those who ask for them.
  const free = Math.max(0, machine.memoryBytes - reserved.memoryBytes - hugeBytes);
  const disk = Math.max(0, machine.diskBytes - reserved.diskBytes);
  return {
    capacity: { ...foreign, ...own },
    allocatable: {
      ...foreign,
      ...common,
      memory: kibibytes(free),
      'ephemeral-storage': canonicalQuantity(String(disk)),
    },
  };
}

/** Follows: nodestatus setters. Heartbeat times are left to the writer: they alone are no change. Pure. */
export function nodeStatus(before: NodeStatus, facts: NodeStatusFacts): NodeStatus {
  const { machine, health, hostname, ips, port, images, hostRuntime, volumesInUse } = facts;
  const handlers = health.handlers.map((name) => ({
    name,
    features: { recursiveReadOnlyMounts: false, userNamespaces: false },
  }));
  const all = hostRuntime
    ? [...handlers, { name: 'host', features: { recursiveReadOnlyMounts: false, userNamespaces: false } }]
    : handlers;
  return {
    ...before,
    ...nodeResources(before, facts),
    addresses: [...ips.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: hostname }],
    conditions: conditionsOf(before.conditions ?? [], facts),
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    images,
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      // Clients split this at `://`; a node without an engine has host processes only.
      containerRuntimeVersion: health.version === '' ? 'host://1.0.0' : health.version,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    runtimeHandlers: all,
    // An empty list, once there was one: a patch takes nothing away by saying nothing.
    volumesInUse: volumesInUse.length === 0 && before.volumesInUse === undefined ? undefined : volumesInUse,
  };
}

interface Wanted {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

function conditionsOf(before: readonly NodeCondition[], facts: NodeStatusFacts): readonly NodeCondition[] {
  const { pressures, now } = facts;
  const wanted = [
    pressureCondition(
      'MemoryPressure',
      pressures.has('MemoryPressure'),
      'KubeletHasInsufficientMemory',
      'kubelet has insufficient memory available',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ),
    pressureCondition(
      'DiskPressure',
      pressures.has('DiskPressure'),
      'KubeletHasDiskPressure',
      'kubelet has disk pressure',
      'KubeletHasNoDiskPressure',
      'kubelet has no disk pressure',
    ),
    pressureCondition(
      'PIDPressure',
      pressures.has('PIDPressure'),
      'KubeletHasInsufficientPID',
      'kubelet has insufficient PID available',
      'KubeletHasSufficientPID',
      'kubelet has sufficient PID available',
    ),
  ].map((one) => held(one, before, now));
  const own = [...wanted, readyCondition(facts)].map((one) => dated(one, before, now));
  const types = new Set(own.map(({ type }) => type));
  return [...before.filter(({ type }) => !types.has(type)), ...own];
}

const pressureCondition = (
  type: string,
  under: boolean,
  badReason: string,
  badMessage: string,
  goodReason: string,
  goodMessage: string,
): Wanted =>
  under
    ? { type, status: 'True', reason: badReason, message: badMessage }
    : { type, status: 'False', reason: goodReason, message: goodMessage };

/** Pressure that was told lately is told a while longer. */
function held(wanted: Wanted, before: readonly NodeCondition[], now: number): Wanted {
  const old = before.find(({ type }) => type === wanted.type);
  if (wanted.status === 'True' || old?.status !== 'True') return wanted;
  const since = Date.parse(old.lastTransitionTime ?? '');
  if (!(now - since < pressureHeldMs)) return wanted;
  return { type: wanted.type, status: 'True', reason: old.reason ?? '', message: old.message ?? '' };
}

function readyCondition({ health, goesDown }: NodeStatusFacts): Wanted {
  const problems: string[] = [];
  if (!health.runtimeReady) problems.push(`container runtime is down: ${health.message}`);
  else if (!health.networkReady) {
    problems.push(
      `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${health.message}`,
    );
  }
  if (goesDown) problems.push('node is shutting down');
  if (problems.length > 0)
    return { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problems.join('; ') };
  return { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
}

function dated(wanted: Wanted, before: readonly NodeCondition[], now: number): NodeCondition {
  const old = before.find(({ type }) => type === wanted.type);
  const since = old?.status === wanted.status ? (old.lastTransitionTime ?? rfc3339(now)) : rfc3339(now);
  const heartbeat = old?.lastHeartbeatTime ?? rfc3339(now);
  return {
    type: wanted.type,
    status: wanted.status,
    lastHeartbeatTime: heartbeat,
    lastTransitionTime: since,
    reason: wanted.reason,
    message: wanted.message,
  };
}

/** As it is written when it is written: the heartbeat is now. */
export const withHeartbeat = (status: NodeStatus, now: number): NodeStatus => ({
  ...status,
  conditions: (status.conditions ?? []).map((one) =>
    ownConditions.has(one.type) ? { ...one, lastHeartbeatTime: rfc3339(now) } : one,
  ),
});

const ownConditions = new Set(['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']);
