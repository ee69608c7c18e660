import type { KubernetesObject, ObjectKey, ObjectList, ResourceType, Status } from '@geobuk/api';

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  readonly resourceVersion?: string | undefined;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Of the metric itself, where the list is one of custom metrics. Follows: custom.metrics.k8s.io. */
  readonly metricLabelSelector?: string | undefined;
}

export interface WatchOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Events after this one; absent: ADDED for all that exists first. */
  readonly resourceVersion?: string | undefined;
  readonly sendInitialEvents?: boolean | undefined;
  readonly timeoutSeconds?: number | undefined;
}

export type WatchEvent<T extends KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** `initialEventsEnd`: the end of the initial events of a streaming list. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

export type Patch =
  | { readonly type: 'json'; readonly operations: readonly unknown[] }
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'strategic'; readonly body: unknown };

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string | undefined;
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
  readonly force?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly subresource?: string | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Precondition: refuses with Conflict when the object of that name is another one. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
  readonly dryRun?: boolean | undefined;
}

/**
 * Typed access to one API server, over HTTPS or in process; callers cannot tell which. Objects that come out may be
 * shared with others: nobody writes to them. Every method rejects with {@link ApiError} for a Status, with
 * `ConnectionError` when the server cannot be reached, and with `signal.reason` after an abort.
 */
export interface Client {
  read<T extends KubernetesObject>(type: ResourceType<T>, key: ObjectKey, options: ReadOptions): Promise<T>;
  list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>>;
  /**
   * Ends when the server ends the stream; throws {@link ApiError} Expired when history is gone (then list again).
   * Leaving the loop closes the stream.
   */
  watch<T extends KubernetesObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T>;
  /** Compare-and-swap when the object carries a resourceVersion. @throws {ApiError} Conflict. */
  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T>;
  updateStatus<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: PatchOptions,
  ): Promise<T>;
  /** Server-side apply: `object` holds exactly the fields that `fieldManager` wants. */
  apply<T extends KubernetesObject>(type: ResourceType<T>, object: KubernetesObject, options: ApplyOptions): Promise<T>;
  /** The deleted object, the object now being deleted, or a Status Success, as the kind has it. */
  delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions,
  ): Promise<T | Status>;
  deleteCollection<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: DeleteOptions & ListOptions,
  ): Promise<void>;
  /** Reads another subresource, such as `scale`. */
  readSubresource<R>(type: ResourceType, key: ObjectKey, subresource: string, options: CallOptions): Promise<R>;
  /** POST to a subresource: `binding`, `eviction`, `token`. */
  createSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R>;
  /** PUT to a subresource: `scale`, `approval`, `finalize`. */
  updateSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R>;
}
