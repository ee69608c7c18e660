import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import type { Logger } from 'pino';
import type { InformerScope, Lister } from './informer.js';

/** Back-off and repetition are the runner's; a reconcile only says when the clock alone could change the answer. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number | undefined;
}

/** Nothing to do until something changes. */
export const settled: ReconcileResult = {};

/** What a reconcile tells those who watch the loop turn (TUI's loop view): short sentences, for people. */
export interface ReconcileTrace {
  /** The difference between wish and world, such as `2 of 3 pods`. */
  found(difference: string): void;
  /** What was done about it, such as `created pod web-abc`. */
  did(action: string): void;
}

export interface ReconcileContext {
  /** Aborts when the runner stops or the lease is lost. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly trace: ReconcileTrace;
}

/** Which objects' changes put which keys into the queue. */
export interface WatchSource<Key = ObjectKey> {
  readonly type: ResourceType;
  readonly scope?: InformerScope | undefined;
  /** Keys to reconcile for a change. One of both is absent for an add or a delete. Must be quick: runs for each event. */
  keysOf(now: KubernetesObject | undefined, before: KubernetesObject | undefined): readonly Key[];
}

/**
 * One narrow expert: check → diff → act for a key. Gets a key, never an event, so it cannot depend on history.
 * Idempotent; may be called at any time. One key is never run twice at once.
 */
export interface Controller<Key = ObjectKey> {
  /** Kubernetes' own name, such as `replicaset`; also the name in metrics and logs. */
  readonly name: string;
  readonly watches: readonly WatchSource<Key>[];
  /** Keys worked on at the same time; 5 unless said. */
  readonly concurrency?: number | undefined;
  reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult>;
}

/** The controller's own kind. */
export const primary = <T extends KubernetesObject>(type: ResourceType<T>, scope?: InformerScope): WatchSource => ({
  type: type as ResourceType,
  scope,
  keysOf: (now, before) => {
    const object = now ?? before;
    return object === undefined ? [] : [keyOf(object)];
  },
});

/** Objects whose controlling owner is of `ownerType`: their changes wake the owner, the former one too. */
export function ownedBy<T extends KubernetesObject>(ownerType: ResourceType, type: ResourceType<T>): WatchSource {
  const ownerKey = (object: KubernetesObject | undefined): ObjectKey | undefined => {
    const owner = object?.metadata.ownerReferences?.find((reference) => reference.controller === true);
    if (object === undefined || owner === undefined || owner.kind !== ownerType.kind) return undefined;
    if (owner.apiVersion.split('/')[0] !== (ownerType.group === '' ? ownerType.version : ownerType.group))
      return undefined;
    return ownerType.namespaced ? { namespace: object.metadata.namespace, name: owner.name } : { name: owner.name };
  };
  return {
    type: type as ResourceType,
    keysOf: (now, before) => {
      const a = ownerKey(now);
      const b = ownerKey(before);
      if (a === undefined) return b === undefined ? [] : [b];
      return b === undefined || b.name === a.name ? [a] : [a, b];
    },
  };
}

/** Any other relation. */
export const mapped = <T extends KubernetesObject, Key = ObjectKey>(
  type: ResourceType<T>,
  keysOf: (now: T | undefined, before: T | undefined) => readonly Key[],
  scope?: InformerScope,
): WatchSource<Key> => ({ type: type as ResourceType, scope, keysOf: keysOf as WatchSource<Key>['keysOf'] });

export type { Lister };
