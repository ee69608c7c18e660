import type { Pod } from '@geobuk/api';

/** Index function: files a pod under the node it is bound to. */
export const byNodeName = (pod: Pod): readonly string[] =>
  pod.spec.nodeName === undefined || pod.spec.nodeName === '' ? [] : [pod.spec.nodeName];

export const nodeNameIndex = 'nodeName';
