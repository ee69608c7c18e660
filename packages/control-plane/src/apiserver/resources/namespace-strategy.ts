import type { KubernetesObject, Namespace } from '@geobuk/api';
import type { Strategy } from './strategy.js';

const immortal = new Set(['default', 'kube-system', 'kube-public']);

/** A namespace is held by `spec.finalizers` until its contents are gone. Follows: namespace strategy, checklist 1.13, 2.7.4. */
export const namespaceStrategy = (base: Strategy): Strategy => ({
  ...base,

  prepareForCreate(object) {
    const namespace = object as Namespace;
    const finalizers = namespace.spec?.finalizers ?? [];
    return {
      ...withNameLabel(namespace),
      spec: {
        ...namespace.spec,
        finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
      },
      status: { phase: 'Active' },
    } as KubernetesObject;
  },

  prepareForUpdate(object, current) {
    return { ...withNameLabel(object as Namespace), spec: (current as Namespace).spec } as KubernetesObject;
  },

  isHeld: (object) => ((object as Namespace).spec?.finalizers ?? []).length > 0,

  beginDeletion: (object) =>
    ({ ...object, status: { ...(object as Namespace).status, phase: 'Terminating' } }) as KubernetesObject,

  refusesDeletion: ({ metadata: { name } }) =>
    name !== undefined && immortal.has(name) ? 'this namespace may not be deleted' : undefined,
});

function withNameLabel(namespace: Namespace): Namespace {
  const { metadata } = namespace;
  return {
    ...namespace,
    metadata: { ...metadata, labels: { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' } },
  };
}
