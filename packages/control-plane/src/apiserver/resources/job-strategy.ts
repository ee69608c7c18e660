import type { Job, KubernetesObject } from '@geobuk/api';
import type { Strategy } from './strategy.js';

/** A job finds its pods by its own uid, unless its author says otherwise. Follows: generateSelector of batch/v1. */
export const jobStrategy = (base: Strategy): Strategy => ({
  ...base,
  defaultPropagation: 'Orphan',
  propagationWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  prepareForCreate(object) {
    const { status: _status, ...job } = object as Job & { readonly status?: unknown };
    const { spec } = job as Partial<Job>;
    if (spec?.template === undefined || spec.manualSelector === true) return job;
    const { uid = '', name = '' } = job.metadata;
    const own = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    const { template } = spec;
    return {
      ...job,
      spec: {
        ...spec,
        selector: { ...spec.selector, matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
        template: { ...template, metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...own } } },
      },
    } as KubernetesObject;
  },
});
