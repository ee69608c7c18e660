import type { KubernetesObject, Pod } from '@geobuk/api';
import type { Strategy } from './strategy.js';

/** Follows: pod strategy; quality of service as in checklist 7.2. */
export const podStrategy = (base: Strategy): Strategy => ({
  ...base,
  prepareForCreate(object: KubernetesObject): KubernetesObject {
    const pod = object as Pod;
    const { spec } = pod as Partial<Pod>;
    if (spec === undefined) return object; // validation says so
    return { ...pod, status: { phase: 'Pending', qosClass: qualityOfService(pod) } } as KubernetesObject;
  },

  /**
   * A pod that no node has begun with, and one that has ended, need no goodbye.
   * Follows: podStrategy.CheckGracefulDelete.
   */
  graceSeconds(object, asked) {
    const pod = object as Pod;
    const phase = pod.status?.phase;
    if (pod.spec.nodeName === undefined || pod.spec.nodeName === '' || phase === 'Succeeded' || phase === 'Failed')
      return 0;
    const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    return seconds < 0 ? 1 : seconds;
  },
});

type QualityOfService = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Follows: qos.ComputePodQOS. */
export function qualityOfService(pod: Pod): QualityOfService {
  let anything = false;
  let guaranteed = true;
  for (const { resources } of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]) {
    for (const name of ['cpu', 'memory']) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      if (isSome(request) || isSome(limit)) anything = true;
      if (!isSome(limit) || (request !== undefined && String(request) !== String(limit))) guaranteed = false;
    }
  }
  if (!anything) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const isSome = (quantity: unknown): boolean => quantity !== undefined && quantity !== '0' && quantity !== 0;
