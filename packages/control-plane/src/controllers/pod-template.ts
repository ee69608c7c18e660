import type { KubernetesObject, Pod, PodTemplateSpec, ResourceType } from '@geobuk/api';
import { controllerReference } from './controller-ref.js';

/** A pod as a template wants it, managed by `owner`. The API server makes the name from the prefix. */
export function podFromTemplate(type: ResourceType, owner: KubernetesObject, template: PodTemplateSpec): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name ?? ''}-`,
      namespace: owner.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(type, owner)],
    },
    spec: template.spec ?? { containers: [] },
  };
}
