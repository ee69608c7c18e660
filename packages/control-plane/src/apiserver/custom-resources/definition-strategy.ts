import type { CustomResourceDefinition, KubernetesObject } from '@geobuk/api';
import type { Strategy } from '../resources/strategy.js';

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** Follows: checklist 3.1.4. */
export const definitionStrategy = (base: Strategy): Strategy => ({
  ...base,
  prepareForCreate(object) {
    const definition = object as CustomResourceDefinition;
    const { metadata } = definition;
    const { spec } = definition as Partial<CustomResourceDefinition>;
    if (spec === undefined || !Array.isArray(spec.versions)) return object; // validation says so
    const finalizers = metadata.finalizers ?? [];
    const storage = spec.versions.find((version) => version.storage)?.name;
    return {
      ...definition,
      metadata: {
        ...metadata,
        finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer],
      },
      status: { storedVersions: storage === undefined ? [] : [storage] },
    } as KubernetesObject;
  },
});
