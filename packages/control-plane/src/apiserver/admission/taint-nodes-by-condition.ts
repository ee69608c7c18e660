import type { KubernetesObject, Node } from '@geobuk/api';
import type { AdmissionPlugin } from './admission.js';
import { isNode } from './kinds.js';

const key = 'node.kubernetes.io/not-ready';

/** A new node takes no pods before it has said that it is ready. Follows: TaintNodesByCondition, checklist 2.7.7. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit(object, request) {
    if (!isNode(request) || request.operation !== 'CREATE') return object;
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule')) return object;
    return { ...node, spec: { ...node.spec, taints: [...taints, { key, effect: 'NoSchedule' }] } } as KubernetesObject;
  },
};
