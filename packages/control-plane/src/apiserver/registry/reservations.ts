import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import type { WriteOptions } from './write-options.js';

/** An object with what was set aside for it. Disposing before `keep()` gives it back. */
export interface Reservation extends Disposable {
  readonly object: KubernetesObject;
  keep(): void;
}

/** Sets addresses and ports aside for objects that need them, so that no two writes can get the same. */
export interface Reservations {
  forCreate(resource: ServedResource, object: KubernetesObject, options: WriteOptions): Promise<Reservation>;
  forUpdate(
    resource: ServedResource,
    object: KubernetesObject,
    old: KubernetesObject,
    options: WriteOptions,
  ): Promise<Reservation>;
  /** The object is gone. */
  released(resource: ServedResource, object: KubernetesObject): void;
}

/** For objects that need nothing. */
export const nothingReserved = (object: KubernetesObject): Reservation => ({
  object,
  keep: () => undefined,
  [Symbol.dispose]: () => undefined,
});
