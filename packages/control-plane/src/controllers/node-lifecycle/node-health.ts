import type { Lease, Node, Taint } from '@geobuk/api';

export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';
export const unschedulableTaint = 'node.kubernetes.io/unschedulable';

/** Conditions and the NoSchedule taints that stand for them. Follows: TaintNodesByCondition. */
const conditionTaints: readonly { readonly type: string; readonly status: string; readonly key: string }[] = [
  { type: 'Ready', status: 'False', key: notReadyTaint },
  { type: 'Ready', status: 'Unknown', key: unreachableTaint },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
];
const managed = new Set([...conditionTaints.map(({ key }) => key), unschedulableTaint]);

export type NodeHealth =
  | { readonly state: 'heard'; readonly silentInMs: number }
  /** No heartbeat for the grace period. */
  | { readonly state: 'silent' };

/**
 * Whether a node was heard of within the grace period.
 * @param heardAt when this process last saw its lease or status change: clocks of other machines are not compared.
 */
export function nodeHealth(heardAt: number, now: number, gracePeriodMs: number): NodeHealth {
  const silentInMs = heardAt + gracePeriodMs - now;
  return silentInMs > 0 ? { state: 'heard', silentInMs } : { state: 'silent' };
}

/** What changes when a node beats; the lease for most, the status for those without one. */
export const heartbeatOf = (node: Node, lease: Lease | undefined): string =>
  `${lease?.spec.renewTime ?? ''}|${node.status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime ?? ''}`;

/** Whether pods are to be driven off a node that is not ready: `later` adds nothing, but leaves what is there. */
export type Emptying = 'now' | 'later' | 'never';

const isExecuting = ({ key, effect }: Taint): boolean =>
  effect === 'NoExecute' && (key === notReadyTaint || key === unreachableTaint);

/** Whether pods are being driven off it already. */
export const isBeingEmptied = ({ spec }: Node): boolean => spec.taints?.some(isExecuting) ?? false;

/** Whether it is heard of and says that it is ready. */
export const isWell = ({ status }: Node, silent: boolean): boolean =>
  !silent && status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

/** The taints a node should carry: its own, and those that follow from its conditions. Pure. */
export function wantedTaints(node: Node, silent: boolean, now: string, emptying: Emptying = 'now'): readonly Taint[] {
  const present = node.spec.taints ?? [];
  const wanted = present.filter((taint) => !managed.has(taint.key));
  const add = (key: string, effect: 'NoSchedule' | 'NoExecute'): void => {
    const known = present.find((taint) => taint.key === key && taint.effect === effect);
    wanted.push(known ?? { key, effect, ...(effect === 'NoExecute' ? { timeAdded: now } : {}) });
  };
  const executes = emptying === 'now' || (emptying === 'later' && isBeingEmptied(node));
  if (node.spec.unschedulable === true) add(unschedulableTaint, 'NoSchedule');
  const conditions = node.status?.conditions ?? [];
  for (const { type, status, key } of conditionTaints) {
    const found =
      type === 'Ready' && silent ? 'Unknown' : conditions.find((condition) => condition.type === type)?.status;
    if (found === status) {
      add(key, 'NoSchedule');
      if (type === 'Ready' && executes) add(key, 'NoExecute');
    }
  }
  return wanted;
}

/** Conditions of a node that nobody has heard of. Follows: tryUpdateNodeHealth. */
export function unknownConditions(node: Node, now: string): NonNullable<NonNullable<Node['status']>['conditions']> {
  const types = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
  const present = node.status?.conditions ?? [];
  const others = present.filter(({ type }) => !types.includes(type));
  return [
    ...others,
    ...types.map((type) => {
      const known = present.find((condition) => condition.type === type);
      if (known?.status === 'Unknown') return known;
      return {
        type,
        status: 'Unknown',
        reason: known === undefined ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
        message: known === undefined ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
        ...(known?.lastHeartbeatTime === undefined ? {} : { lastHeartbeatTime: known.lastHeartbeatTime }),
        lastTransitionTime: now,
      };
    }),
  ];
}
