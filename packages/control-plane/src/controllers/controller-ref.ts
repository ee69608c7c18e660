import type { KubernetesObject, LabelRequirements, OwnerReference, ResourceType } from '@geobuk/api';
import { apiVersionOf, matchesLabels, uidOf } from '@geobuk/api';

/** The owner that manages an object, if there is one. */
export const controllerOf = (object: KubernetesObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true);

/** The reference that makes `owner` the manager of a dependant. */
export const controllerReference = (type: ResourceType, owner: KubernetesObject): OwnerReference => ({
  apiVersion: apiVersionOf(type),
  kind: type.kind,
  name: owner.metadata.name ?? '',
  uid: uidOf(owner),
  controller: true,
  blockOwnerDeletion: true,
});

export interface Claims<T extends KubernetesObject> {
  /** Owned and still wanted. */
  readonly owned: readonly T[];
  /** Orphans that match: to be adopted. */
  readonly adopt: readonly T[];
  /** Owned, but their labels no longer match: to be let go. */
  readonly release: readonly T[];
}

/**
 * Sorts candidates by whose they are. Pure. Follows: controller ref manager: match by uid, never steal, never adopt what is
 * being deleted, and neither adopt nor release while the owner itself is being deleted.
 */
export function claim<T extends KubernetesObject>(
  owner: KubernetesObject,
  selector: LabelRequirements,
  candidates: readonly T[],
): Claims<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const matches = matchesLabels(selector, candidate.metadata.labels ?? {});
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) owned.push(candidate);
      else if (!leaving) release.push(candidate);
    } else if (matches && !leaving && candidate.metadata.deletionTimestamp === undefined) adopt.push(candidate);
  }
  return { owned, adopt, release };
}

/** Index function: files an object under its controller's uid. */
export const byControllerUid = (object: KubernetesObject): readonly string[] => {
  const controller = controllerOf(object);
  return controller === undefined ? [] : [controller.uid];
};

export const controllerUidIndex = 'controllerUid';

/** Index function: files an object that nobody manages under its namespace, where adoption looks for it. */
export const byOrphanNamespace = (object: KubernetesObject): readonly string[] =>
  controllerOf(object) === undefined ? [object.metadata.namespace ?? ''] : [];

export const orphanIndex = 'orphanNamespace';
