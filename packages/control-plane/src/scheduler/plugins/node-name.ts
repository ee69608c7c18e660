import type { SchedulerPlugin } from '../plugin.js';

/** Keeps a pod that names its node to that node. Follows: NodeName. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  filter: ({ pod }, node) =>
    pod.spec.nodeName === undefined || pod.spec.nodeName === '' || pod.spec.nodeName === node.name
      ? undefined
      : { reason: "node(s) didn't match the requested node name", preemptionHelps: false },
};
