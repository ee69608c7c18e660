import type { KubernetesObject, Pod } from '@geobuk/api';
import type { AdmissionPlugin } from './admission.js';
import { newPod } from './kinds.js';

const seconds = 300;
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

type Toleration = NonNullable<Pod['spec']['tolerations']>[number];

const covers = ({ key, effect }: Toleration, wanted: string): boolean =>
  (key === undefined || key === '' || key === wanted) &&
  (effect === undefined || effect === '' || effect === 'NoExecute');

/** Pods outlive five minutes of a lost node. Follows: DefaultTolerationSeconds, checklist 2.7.9. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(object, request) {
    const pod = newPod(object, request);
    if (pod === undefined) return object;
    const tolerations = pod.spec.tolerations ?? [];
    const missing = keys.filter((key) => !tolerations.some((toleration) => covers(toleration, key)));
    if (missing.length === 0) return object;
    const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }));
    return { ...pod, spec: { ...pod.spec, tolerations: [...tolerations, ...added] } } as KubernetesObject;
  },
};
