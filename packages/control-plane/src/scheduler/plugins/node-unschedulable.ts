import { tolerates } from '@geobuk/api';
import { nodeChanged } from '../cluster-event.js';
import type { SchedulerPlugin } from '../plugin.js';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
const refused = { reason: 'node(s) were unschedulable', preemptionHelps: false } as const;

/** Keeps pods off cordoned nodes. Follows: NodeUnschedulable. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  filter({ pod }, node) {
    if (node.node.spec.unschedulable !== true) return undefined;
    return pod.spec.tolerations?.some((toleration) => tolerates(toleration, taint)) === true ? undefined : refused;
  },
  wokenBy: (event) => nodeChanged(event, 'added', 'unschedulable', 'taints'),
  helps: (event) => event.kind !== 'node' || event.node.spec.unschedulable !== true,
};
