import type { Container, KubernetesObject, PodSpec } from '@geobuk/api';

/** What an object makes pods of; undefined for objects that make none. */
export function podSpecOf(object: KubernetesObject): PodSpec | undefined {
  const { kind, spec } = object as KubernetesObject & {
    readonly spec?: PodSpec & {
      readonly template?: { readonly spec?: PodSpec };
      readonly jobTemplate?: { readonly spec?: { readonly template?: { readonly spec?: PodSpec } } };
    };
  };
  if (kind === 'Pod') return spec;
  return spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec;
}

/** All containers of all pods that these objects make. */
export const containersOf = (objects: readonly KubernetesObject[]): readonly Container[] =>
  objects.flatMap((object) => {
    const pod = podSpecOf(object);
    return pod === undefined ? [] : [...(pod.initContainers ?? []), ...pod.containers];
  });
