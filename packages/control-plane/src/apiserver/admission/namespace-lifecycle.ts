import { ApiError } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from './admission.js';

/** Nothing new in a namespace that is not there or is about to go. Follows: NamespaceLifecycle, checklist 1.6.7 and 2.7.4. */
export function namespaceLifecycle({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  const check = async (request: AdmissionRequest): Promise<void> => {
    const { operation, namespace, resource, name, signal } = request;
    if (operation !== 'CREATE' || namespace === undefined) return;
    if (resource.type.group === 'authorization.k8s.io') return;
    const namespaces = caches.cache(storePrefix('', 'namespaces'));
    let found = namespaces.get({ name: namespace });
    if (found === undefined) {
      await caches.fresh({ signal });
      found = namespaces.get({ name: namespace });
    }
    if (found === undefined) throw ApiError.notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace);
    if (found.object.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw ApiError.forbidden(subjectOf(resource), name, why, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ]);
  };
  return {
    name: 'NamespaceLifecycle',
    async admit(object: KubernetesObject, request: AdmissionRequest): Promise<KubernetesObject> {
      await check(request);
      return object;
    },
  };
}
