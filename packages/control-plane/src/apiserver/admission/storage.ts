import { ApiError, compareQuantities } from '@geobuk/api';
import type { KubernetesObject, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from './admission.js';

const isClaim = ({ resource: { type }, subresource }: AdmissionRequest): boolean =>
  type.group === '' && type.plural === 'persistentvolumeclaims' && subresource === '';

const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class';

/** A claim that names no class gets the default one; `''` means none. Follows: DefaultStorageClass, checklist 2.7.10. */
export function defaultStorageClass({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    async admit(object, request) {
      if (!isClaim(request) || request.operation !== 'CREATE') return object;
      const claim = object as PersistentVolumeClaim;
      if (claim.spec === undefined || claim.spec.storageClassName !== undefined) return object;
      if (claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return object;
      const { items } = await caches
        .cache(storePrefix('storage.k8s.io', 'storageclasses'))
        .list({ signal: request.signal });
      const found = items
        .map((item) => item.object)
        .filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
        .sort(newestFirst)[0];
      if (found === undefined) return object;
      return { ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } } as KubernetesObject;
    },
  };
}

export function newestFirst({ metadata: a }: KubernetesObject, { metadata: b }: KubernetesObject): number {
  const [left, right] = [a.creationTimestamp ?? '', b.creationTimestamp ?? ''];
  if (left !== right) return left > right ? -1 : 1;
  return (a.name ?? '') < (b.name ?? '') ? -1 : 1;
}

const protections: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
};

/** What holds data does not go while it is in use. Follows: StorageObjectInUseProtection, checklist 2.7.11. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(object, { operation, resource: { type }, subresource }) {
    const finalizer = type.group === '' ? protections[type.plural] : undefined;
    if (finalizer === undefined || operation !== 'CREATE' || subresource !== '') return object;
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(finalizer)) return object;
    return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
  },
};

/** A claim grows only where its class allows it. Follows: PersistentVolumeClaimResize, checklist 2.7.12. */
export function persistentVolumeClaimResize({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(object, request, old) {
      if (!isClaim(request) || request.operation !== 'UPDATE' || object === undefined || old === undefined) return;
      const size = (claim: KubernetesObject) =>
        (claim as PersistentVolumeClaim).spec?.resources?.requests?.['storage'] ?? '0';
      if (compareQuantities(size(object), size(old)) <= 0) return;
      const refuse = (why: string) => ApiError.forbidden(subjectOf(request.resource), request.name, why);
      if ((old as PersistentVolumeClaim).status?.phase !== 'Bound') {
        throw refuse('only bound persistent volume claims can be expanded');
      }
      const name = (object as PersistentVolumeClaim).spec?.storageClassName ?? '';
      const found = caches.cache(storePrefix('storage.k8s.io', 'storageclasses')).get({ name })?.object;
      if ((found as StorageClass | undefined)?.allowVolumeExpansion === true) return;
      throw refuse(
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    },
  };
}
