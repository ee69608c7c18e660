import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ignoring, isNotFound, keyOf, uidOf } from '@geobuk/api';
import type { CallOptions, Client } from '@geobuk/client';
import { controllerReference } from './controller-ref.js';

/** Makes `owner` the manager of an orphan, if it is still the same object. @throws {ApiError} Conflict: somebody was faster. */
export async function adopt<T extends KubernetesObject>(
  client: Client,
  ownerType: ResourceType,
  owner: KubernetesObject,
  type: ResourceType<T>,
  orphan: T,
  { signal }: CallOptions,
): Promise<void> {
  const body = { metadata: { uid: uidOf(orphan), ownerReferences: [controllerReference(ownerType, owner)] } };
  await client.patch(type, keyOf(orphan), { type: 'strategic', body }, { signal });
}

/** Takes the owner's reference off an object whose labels no longer match. */
export async function release<T extends KubernetesObject>(
  client: Client,
  owner: KubernetesObject,
  type: ResourceType<T>,
  dependant: T,
  { signal }: CallOptions,
): Promise<void> {
  const body = { metadata: { uid: uidOf(dependant), ownerReferences: [{ $patch: 'delete', uid: uidOf(owner) }] } };
  await client.patch(type, keyOf(dependant), { type: 'strategic', body }, { signal }).catch(ignoring(isNotFound));
}
