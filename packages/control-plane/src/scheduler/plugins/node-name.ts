import { nodeChanged } from '../cluster-event.js';
import type { SchedulerPlugin } from '../plugin.js';

const refused = { reason: "node(s) didn't match the requested node name", preemptionHelps: false } as const;

/** Keeps a pod that names its node to that node. Follows: NodeName. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  preFilter: ({ pod }) => (pod.spec.nodeName === undefined || pod.spec.nodeName === '' ? 'skip' : { state: undefined }),
  filter: ({ pod }, node) => (pod.spec.nodeName === node.name ? undefined : refused),
  wokenBy: (event) => nodeChanged(event, 'added'),
};
