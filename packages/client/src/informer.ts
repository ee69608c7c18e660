import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';

/** Read access to an informer's cache. What comes out is shared by all: nobody writes to it. */
export interface Lister<T extends KubernetesObject> {
  get(key: ObjectKey): T | undefined;
  /** All, or those of one namespace. */
  list(namespace?: string): readonly T[];
  /** Objects filed under `value` in an index that the informer was asked to keep. */
  byIndex(index: string, value: string): readonly T[];
}

export interface ChangeHandler<T extends KubernetesObject> {
  /** One of both is absent for an add or a delete. Called in order, synchronously; must not throw or write. */
  changed(now: T | undefined, before: T | undefined): void;
}

/** Extracts the index values an object is filed under. */
export type IndexFunction<T extends KubernetesObject> = (object: T) => readonly string[];

/** A local copy of one resource, kept current by list and watch. */
export interface Informer<T extends KubernetesObject> {
  readonly type: ResourceType<T>;
  readonly lister: Lister<T>;
  readonly synced: boolean;
  /** Late subscribers are told of everything that is there already. */
  subscribe(handler: ChangeHandler<T>): Disposable;
  /** Adding the same name twice is fine when the function is the same. */
  addIndex(name: string, index: IndexFunction<T>): void;
  whenSynced(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export interface InformerScope {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** One informer for each resource and scope, shared by all that ask. */
export interface Informers {
  of<T extends KubernetesObject>(type: ResourceType<T>, scope?: InformerScope): Informer<T>;
  /** Runs all, also those asked for later, until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** All asked for so far. */
  whenSynced(signal: AbortSignal): Promise<void>;
}
