import { tolerates } from '@geobuk/api';
import type { SchedulerPlugin } from '../plugin.js';
import { invertTo100 } from '../plugin.js';

/**
 * Keeps pods off nodes whose taints they do not tolerate; prefers nodes with fewer soft taints.
 * Follows: TaintToleration (Filter: NoSchedule, NoExecute; Score: PreferNoSchedule).
 */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,

  /** `undefined` means "fits". Runs pods × nodes times: allocates only when it refuses. */
  filter({ pod }, node) {
    const { tolerations = [] } = pod.spec;
    const taint = node.hardTaints.find(
      (candidate) => !tolerations.some((toleration) => tolerates(toleration, candidate)),
    );
    if (taint === undefined) return undefined;
    return { reason: `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`, preemptionHelps: false };
  },

  /** Raw score: the number of intolerable soft taints, so lower is better until normalised. */
  score: ({ pod }, node) =>
    node.softTaints.filter((taint) => !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)))
      .length,

  /** To 0–100 in place; 100 is the node with the fewest. */
  normalize: invertTo100,
};
