import { ApiError, semanticEqual } from '@geobuk/api';
import type { KubernetesObject, Namespace, RuntimeClass } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin } from './admission.js';
import { newPod } from './kinds.js';

const hostClass = 'host';
const enforceLabel = 'pod-security.kubernetes.io/enforce';

/**
 * The class must exist and gives its overhead and placement; processes on the node itself are for privileged namespaces.
 * Follows: RuntimeClass admission, checklist 2.7.13; `host` as Pod Security treats HostProcess pods.
 */
export function runtimeClassAdmission({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    admit(object, request) {
      const pod = newPod(object, request);
      if (pod === undefined) return object;
      const name = pod.spec.runtimeClassName;
      if (name === undefined || name === '') {
        if (pod.spec.overhead === undefined) return object;
        const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';
        throw ApiError.forbidden(subjectOf(request.resource), request.name, why);
      }
      const refuse = (why: string) => ApiError.forbidden(subjectOf(request.resource), request.name, why);
      const found = caches.cache(storePrefix('node.k8s.io', 'runtimeclasses')).get({ name })?.object as
        RuntimeClass | undefined;
      if (found === undefined) throw refuse(`pod rejected: RuntimeClass "${name}" not found`);
      if (found.handler === hostClass) {
        const namespace = caches.cache(storePrefix('', 'namespaces')).get({ name: request.namespace ?? '' })?.object as
          Namespace | undefined;
        const isPrivileged =
          namespace?.metadata.labels?.[enforceLabel] === 'privileged' || request.namespace === 'kube-system';
        if (!isPrivileged) {
          throw refuse(
            `runtimeClassName "${name}" runs on the node itself: namespace "${request.namespace}" must be labelled ${enforceLabel}=privileged`,
          );
        }
      }
      const overhead = found.overhead?.podFixed;
      const scheduling = found.scheduling;
      const given = pod.spec.overhead;
      if (given !== undefined && overhead === undefined)
        throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      if (given !== undefined && !semanticEqual(given, overhead))
        throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      if (overhead === undefined && scheduling === undefined) return object;
      for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
        const own = pod.spec.nodeSelector?.[key];
        if (own !== undefined && own !== value)
          throw refuse(
            `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
          );
      }
      return {
        ...pod,
        spec: {
          ...pod.spec,
          ...(overhead === undefined ? {} : { overhead }),
          ...(scheduling?.nodeSelector === undefined
            ? {}
            : { nodeSelector: { ...pod.spec.nodeSelector, ...scheduling.nodeSelector } }),
          ...(scheduling?.tolerations === undefined
            ? {}
            : { tolerations: [...(pod.spec.tolerations ?? []), ...scheduling.tolerations] }),
        },
      } as KubernetesObject;
    },
  };
}
