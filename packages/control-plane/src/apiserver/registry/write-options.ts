import type { KubernetesObject } from '@geobuk/api';
import type { User } from '../authentication/user.js';

/** Who writes, and how. */
export interface WriteOptions {
  readonly user: User;
  readonly signal: AbortSignal;
  /** Everything but the storing. */
  readonly dryRun?: boolean | undefined;
  /** Recorded in managedFields; absent: nothing is recorded. */
  readonly fieldManager?: string | undefined;
  /** '' is the object itself. */
  readonly subresource?: string | undefined;
  /** The server's own objects are right by construction, also where a user's would not be (a loopback endpoint). */
  readonly unchecked?: boolean | undefined;
  /** Adds a `Warning` header to the reply. */
  readonly warn?: ((text: string) => void) | undefined;
  /** Adds to what the audit log says of this request. */
  readonly annotate?: ((key: string, value: string) => void) | undefined;
}

export interface DeleteOptions extends WriteOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
}

/** An object with its encoding. What the watch cache holds is of this form already. */
export interface Representation {
  readonly object: KubernetesObject;
  /** Without a newline at the end. */
  readonly json: Buffer;
}

export interface Written {
  readonly result: Representation;
  readonly created: boolean;
}

export interface Deleted {
  /** The last state, or the state now that deletion has begun. */
  readonly result: Representation;
  readonly gone: boolean;
}

/** The representation of an object that is not in the cache. */
export function represent(object: KubernetesObject): Representation {
  let json: Buffer | undefined;
  return {
    object,
    get json() {
      return (json ??= Buffer.from(JSON.stringify(object)));
    },
  };
}
