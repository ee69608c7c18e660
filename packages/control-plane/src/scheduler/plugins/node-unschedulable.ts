import { tolerates } from '@geobuk/api';
import type { SchedulerPlugin } from '../plugin.js';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Keeps pods off cordoned nodes. Follows: NodeUnschedulable. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  filter({ pod }, node) {
    if (node.node.spec.unschedulable !== true) return undefined;
    if (pod.spec.tolerations?.some((toleration) => tolerates(toleration, taint))) return undefined;
    return { reason: 'node(s) were unschedulable', preemptionHelps: false };
  },
};
