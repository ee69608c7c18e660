import { ApiError } from '@geobuk/api';
import type { Ingress, KubernetesObject } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin } from './admission.js';

const annotation = 'ingressclass.kubernetes.io/is-default-class';

/** An ingress that names no class gets the default one. Follows: DefaultIngressClass, checklist 2.7.14. */
export function defaultIngressClass({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    async admit(object, { operation, resource, subresource, name, signal }) {
      const { group, plural } = resource.type;
      if (group !== 'networking.k8s.io' || plural !== 'ingresses') return object;
      if (operation !== 'CREATE' || subresource !== '') return object;
      const ingress = object as Ingress;
      if (ingress.spec?.ingressClassName !== undefined) return object;
      if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return object;
      const { items } = await caches.cache(storePrefix('networking.k8s.io', 'ingressclasses')).list({ signal });
      const defaults = items.filter(({ object: found }) => found.metadata.annotations?.[annotation] === 'true');
      if (defaults.length > 1) {
        throw ApiError.forbidden(
          subjectOf(resource),
          name,
          `${defaults.length} default IngressClasses were found, only 1 allowed`,
        );
      }
      const [found] = defaults;
      if (found === undefined) return object;
      return { ...ingress, spec: { ...ingress.spec, ingressClassName: found.name } } as KubernetesObject;
    },
  };
}
