import type { Taint, Toleration } from '@geobuk/api';
import { tolerates } from '@geobuk/api';
import { nodeChanged } from '../cluster-event.js';
import type { SchedulerPlugin } from '../plugin.js';
import { invertTo100 } from '../plugin.js';

const covered = (taint: Taint, tolerations: readonly Toleration[] | undefined): boolean => {
  if (tolerations !== undefined) for (const toleration of tolerations) if (tolerates(toleration, taint)) return true;
  return false;
};

/**
 * Keeps pods off nodes whose taints they do not tolerate; prefers nodes with fewer soft taints.
 * Follows: TaintToleration (Filter: NoSchedule, NoExecute; Score: PreferNoSchedule).
 */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,

  /** `undefined` means "fits". Runs pods × nodes times: allocates only when it refuses. */
  filter({ pod }, node) {
    for (const taint of node.hardTaints) {
      if (covered(taint, pod.spec.tolerations)) continue;
      return { reason: `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`, preemptionHelps: false };
    }
    return undefined;
  },

  /** Raw score: the number of intolerable soft taints, so lower is better until normalised. */
  score({ pod }, node) {
    let count = 0;
    for (const taint of node.softTaints) {
      // A toleration of hard effects alone says nothing about soft ones.
      const tolerations = pod.spec.tolerations?.filter(
        ({ effect }) => (effect ?? '') === '' || effect === taint.effect,
      );
      if (!covered(taint, tolerations)) count += 1;
    }
    return count;
  },

  /** To 0–100 in place; 100 is the node with the fewest. */
  normalize: invertTo100,
  wokenBy: (event) => nodeChanged(event, 'added', 'taints'),
};
