import type { KubernetesObject } from '@geobuk/api';

/** What is particular to one kind in the life of its objects. The rest is the same for all. Follows: rest.RESTCreateUpdateStrategy. */
export interface Strategy {
  /** `status` is written through the subresource only. */
  readonly hasStatus: boolean;
  /** `metadata.generation` counts changes outside metadata and status. */
  readonly hasGeneration: boolean;
  /** A PUT of what does not exist creates it (1.7.5). */
  readonly createsOnUpdate: boolean;
  /** A PUT without resourceVersion is refused (1.7.4). */
  readonly needsVersionOnUpdate: boolean;
  /** A delete answers with the object, not with a Status (1.6.8). */
  readonly deleteShowsObject: boolean;
  readonly defaultPropagation: 'Background' | 'Orphan';
  /** What a client is told that leaves the propagation to the default. */
  readonly propagationWarning?: string;
  /** Values for field selectors beside metadata.name and metadata.namespace. */
  readonly fields: Readonly<Record<string, (object: KubernetesObject) => string | undefined>>;
  /** After defaults and admission, before validation. Gets and gives a fresh object. */
  prepareForCreate?(object: KubernetesObject): KubernetesObject;
  /** `current` is shared: read it only. */
  prepareForUpdate?(object: KubernetesObject, current: KubernetesObject): KubernetesObject;
  /** Seconds that a delete waits; 0 where a kind has no graceful end. */
  graceSeconds?(object: KubernetesObject, asked: number | undefined): number;
  /** Whether something besides `metadata.finalizers` holds a deleted object back. */
  isHeld?(object: KubernetesObject): boolean;
  /** What changes when deletion begins. */
  beginDeletion?(object: KubernetesObject): KubernetesObject;
  /** May not be deleted at all; the text says why. */
  refusesDeletion?(object: KubernetesObject): string | undefined;
}

export const plainStrategy: Strategy = {
  hasStatus: false,
  hasGeneration: false,
  createsOnUpdate: false,
  needsVersionOnUpdate: false,
  deleteShowsObject: false,
  defaultPropagation: 'Background',
  fields: {},
};
