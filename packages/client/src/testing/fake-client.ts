import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject, ObjectKey, ObjectList, Pod, ResourceType, Status } from '@geobuk/api';
import { ApiError, apiVersionOf, keyOf, resourceOfKind } from '@geobuk/api';
import type {
  ApplyOptions,
  CallOptions,
  Client,
  DeleteOptions,
  ListOptions,
  Patch,
  PatchOptions,
  ReadOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client.js';
import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import { appliedBy, patchedBy } from './fake-patch.js';
import { FakeStore } from './fake-store.js';
import { postSubresource, putSubresource, scaleOf } from './fake-subresources.js';
import { fakeWatch, scopeFilter } from './fake-watch.js';

/** One call as {@link FakeClientOptions.intercept} sees it. */
export interface FakeCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';
  readonly type: ResourceType;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly subresource?: string | undefined;
}

export interface FakeClientOptions {
  /** For creation and deletion times and watch timeouts. */
  readonly clock?: Clock | undefined;
  /** Stored as they are, status included; kinds that are not built in need `types`. */
  readonly objects?: readonly KubernetesObject[] | undefined;
  /** Custom resources that `objects` and {@link FakeClient.seed} may hold. */
  readonly types?: readonly ResourceType[] | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * An API server in memory, good enough to test controllers on: revisions, compare-and-swap, generation, finalizers,
 * graceful deletion of pods, selectors, watches that resume, the status wall. It neither defaults nor validates, and
 * it has no garbage collector: those are the business of the real one and of controllers.
 */
export class FakeClient implements Client {
  /** Runs before each call; what it throws is the answer. For refusals that are hard to bring about. */
  intercept: ((call: FakeCall) => void) | undefined;
  readonly #store = new FakeStore();
  readonly #clock: Clock;
  readonly #types: readonly ResourceType[];
  #names = 0;

  constructor({ clock = systemClock, objects = [], types = [] }: FakeClientOptions = {}) {
    this.#clock = clock;
    this.#types = types;
    this.seed(...objects);
  }

  /** Stores objects as they are, status included, filling in only what every stored object has. */
  seed(...objects: readonly KubernetesObject[]): void {
    for (const object of objects) {
      const type = this.#typeOf(object);
      this.#store.put(type, this.#stamped(type, object, keyOf(object)));
    }
  }

  /** What is stored now, without a call. */
  stored<T extends KubernetesObject>(type: ResourceType<T>, namespace?: string): readonly T[] {
    return this.#store.list(type as ResourceType).filter(scopeFilter({ namespace })) as unknown as readonly T[];
  }

  /** Forgets watch history: who resumes from before meets Expired. */
  compact(): void {
    this.#store.compact();
  }

  async read<T extends KubernetesObject>(type: ResourceType<T>, key: ObjectKey, { signal }: ReadOptions): Promise<T> {
    this.#enter(signal, { verb: 'get', type: type as ResourceType, ...key });
    return this.#existing(type as ResourceType, key) as T;
  }

  async list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>> {
    const untyped = type as ResourceType;
    this.#enter(options.signal, { verb: 'list', type: untyped, namespace: options.namespace });
    const all = this.#store.list(untyped).filter(scopeFilter(options));
    const start = options.continue === undefined ? 0 : Number(options.continue);
    const end = options.limit === undefined ? all.length : start + options.limit;
    const more = end < all.length;
    return {
      apiVersion: apiVersionOf(type),
      kind: `${type.kind}List`,
      metadata: {
        resourceVersion: String(this.#store.revision),
        ...(more ? { continue: String(end), remainingItemCount: all.length - end } : {}),
      },
      items: all.slice(start, end) as unknown as readonly T[],
    };
  }

  watch<T extends KubernetesObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return {
      [Symbol.asyncIterator]: () => {
        try {
          if (!options.signal.aborted) {
            this.#enter(options.signal, { verb: 'watch', type: type as ResourceType, namespace: options.namespace });
          }
        } catch (error) {
          return { next: () => Promise.reject(error as Error) };
        }
        return fakeWatch(this.#store, this.#clock, type, options)[Symbol.asyncIterator]();
      },
    };
  }

  async create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    const untyped = type as ResourceType;
    const { namespace, name, generateName, resourceVersion } = object.metadata;
    this.#enter(options.signal, { verb: 'create', type: untyped, namespace, name });
    if (resourceVersion !== undefined && resourceVersion !== '') {
      throw ApiError.badRequest('resourceVersion should not be set on objects to be created');
    }
    if (type.namespaced && (namespace === undefined || namespace === '')) {
      throw ApiError.badRequest(`a namespace is needed to create ${type.plural}`);
    }
    const given = name !== undefined && name !== '' ? name : this.#generate(type, generateName);
    const key = type.namespaced ? { namespace, name: given } : { name: given };
    if (this.#store.get(untyped, key) !== undefined) throw ApiError.alreadyExists(type, given);
    const stamped = this.#stamped(untyped, startOf(untyped, object), key);
    const uid = { ...stamped, metadata: { ...stamped.metadata, uid: randomUUID(), creationTimestamp: this.#now() } };
    return (options.dryRun === true ? uid : this.#store.put(untyped, uid)) as T;
  }

  async update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    const key = keyOf(object);
    this.#enter(options.signal, { verb: 'update', type: type as ResourceType, ...key });
    return this.#write(type as ResourceType, key, object, undefined, options.dryRun) as T;
  }

  async updateStatus<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    const key = keyOf(object);
    this.#enter(options.signal, { verb: 'update', type: type as ResourceType, ...key, subresource: 'status' });
    return this.#write(type as ResourceType, key, object, 'status', options.dryRun) as T;
  }

  async patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: PatchOptions,
  ): Promise<T> {
    const untyped = type as ResourceType;
    const { subresource } = options;
    this.#enter(options.signal, { verb: 'patch', type: untyped, ...key, subresource });
    const existing = this.#existing(untyped, key);
    const patched = patchedBy(untyped, existing, patch);
    // A patch without a resourceVersion applies to whatever is there; with one it is a compare-and-swap.
    const { resourceVersion: wanted } = patched.metadata;
    const metadata =
      wanted === existing.metadata.resourceVersion
        ? { ...patched.metadata, resourceVersion: undefined }
        : patched.metadata;
    return this.#write(untyped, key, { ...patched, metadata }, subresource, options.dryRun) as T;
  }

  async apply<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: KubernetesObject,
    options: ApplyOptions,
  ): Promise<T> {
    const untyped = type as ResourceType;
    const key = keyOf(object);
    this.#enter(options.signal, { verb: 'patch', type: untyped, ...key, subresource: options.subresource });
    const existing = this.#store.get(untyped, key);
    const applied = appliedBy(untyped, existing, object, options, this.#now());
    if (existing === undefined) {
      const { resourceVersion: _, ...metadata } = applied.metadata;
      return this.create(type, { ...applied, metadata } as T, options);
    }
    return this.#write(untyped, key, applied, options.subresource, options.dryRun) as T;
  }

  async delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions,
  ): Promise<T | Status> {
    const untyped = type as ResourceType;
    this.#enter(options.signal, { verb: 'delete', type: untyped, ...key });
    return this.#delete(untyped, key, options) as T;
  }

  async deleteCollection<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: DeleteOptions & ListOptions,
  ): Promise<void> {
    const untyped = type as ResourceType;
    this.#enter(options.signal, { verb: 'deletecollection', type: untyped, namespace: options.namespace });
    for (const object of this.#store.list(untyped).filter(scopeFilter(options))) {
      this.#delete(untyped, keyOf(object), options);
    }
  }

  async readSubresource<R>(type: ResourceType, key: ObjectKey, subresource: string, options: CallOptions): Promise<R> {
    this.#enter(options.signal, { verb: 'get', type, ...key, subresource });
    const object = this.#existing(type, key);
    if (type.subresources[subresource] === undefined) throw ApiError.noSuchResource();
    return (subresource === 'scale' ? scaleOf(object) : object) as R;
  }

  async createSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    this.#enter(options.signal, { verb: 'create', type, ...key, subresource });
    const object = this.#existing(type, key);
    return postSubresource(type, object, subresource, body, {
      write: (next) => void this.#store.put(type, next),
      evict: (deleteOptions) => void this.#delete(type, key, { ...deleteOptions, signal: options.signal }),
      now: () => this.#now(),
    }) as R;
  }

  async updateSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    this.#enter(options.signal, { verb: 'update', type, ...key, subresource });
    if (subresource === 'status')
      return this.#write(type, key, body as KubernetesObject, 'status', options.dryRun) as R;
    const next = putSubresource(type, this.#existing(type, key), subresource, body);
    const written = this.#write(type, key, next, subresource, options.dryRun);
    return (subresource === 'scale' ? scaleOf(written) : written) as R;
  }

  #enter(signal: AbortSignal, call: FakeCall): void {
    signal.throwIfAborted();
    this.intercept?.(call);
  }

  #now(): string {
    return `${new Date(this.#clock.now()).toISOString().slice(0, 19)}Z`;
  }

  #typeOf(object: KubernetesObject): ResourceType {
    const { apiVersion = '', kind = '' } = object;
    const type =
      this.#types.find((known) => apiVersionOf(known) === apiVersion && known.kind === kind) ??
      resourceOfKind(apiVersion, kind);
    if (type === undefined) throw new TypeError(`no resource for ${apiVersion} ${kind}; give it in types`);
    return type;
  }

  #existing(type: ResourceType, key: ObjectKey): KubernetesObject {
    const object = this.#store.get(type, key);
    if (object === undefined) throw ApiError.notFound(type, key.name);
    return object;
  }

  #generate(type: ResourceType, generateName: string | undefined): string {
    if (generateName === undefined || generateName === '') {
      throw ApiError.invalid(type, '', [
        {
          reason: 'FieldValueRequired',
          field: 'metadata.name',
          message: 'Required value: name or generateName is required',
        },
      ]);
    }
    this.#names += 1;
    return `${generateName}${this.#names.toString(36).padStart(5, '0')}`;
  }

  #stamped(type: ResourceType, object: KubernetesObject, key: ObjectKey): KubernetesObject {
    const { uid = randomUUID(), creationTimestamp = this.#now(), generation = 1 } = object.metadata;
    const metadata = { ...object.metadata, ...key, uid, creationTimestamp };
    const counted = 'spec' in object ? { ...metadata, generation } : metadata;
    return { ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata: counted };
  }

  /** The wall between spec and status, compare-and-swap, generation, and the removal that finalizers held up. */
  #write(
    type: ResourceType,
    key: ObjectKey,
    wanted: KubernetesObject,
    subresource: string | undefined,
    dryRun: boolean | undefined,
  ): KubernetesObject {
    const existing = this.#existing(type, key);
    const { resourceVersion, uid } = wanted.metadata;
    if (uid !== undefined && uid !== existing.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${existing.metadata.uid ?? ''}`;
      throw ApiError.conflict(type, key.name, why);
    }
    if (
      resourceVersion !== undefined &&
      resourceVersion !== '' &&
      resourceVersion !== existing.metadata.resourceVersion
    ) {
      throw ApiError.conflict(type, key.name);
    }
    if (subresource !== undefined && type.subresources[subresource] === undefined) throw ApiError.noSuchResource();
    const next = subresource === 'status' ? withStatusOf(existing, wanted) : withoutStatusOf(type, existing, wanted);
    const { resourceVersion: _, ...rest } = next.metadata;
    const { resourceVersion: __, ...before } = existing.metadata;
    if (isDeepStrictEqual(plain({ ...next, metadata: rest }), plain({ ...existing, metadata: before })))
      return existing;
    if (dryRun === true) return next;
    const finalized = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0;
    const held = namespaceHeld(next) || (next.metadata.deletionGracePeriodSeconds ?? 0) > 0;
    return finalized && !held ? this.#store.remove(type, key, next) : this.#store.put(type, plain(next));
  }

  #delete(type: ResourceType, key: ObjectKey, options: DeleteOptions): KubernetesObject {
    const existing = this.#existing(type, key);
    const { uid, resourceVersion, propagationPolicy } = options;
    if (uid !== undefined && uid !== existing.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${existing.metadata.uid ?? ''}`;
      throw ApiError.conflict(type, key.name, why);
    }
    if (resourceVersion !== undefined && resourceVersion !== existing.metadata.resourceVersion) {
      throw ApiError.conflict(type, key.name);
    }
    const held = new Set(existing.metadata.finalizers);
    if (propagationPolicy === 'Foreground') held.add('foregroundDeletion');
    if (propagationPolicy === 'Orphan') held.add('orphan');
    const graceSeconds = graceOf(type, existing, options.gracePeriodSeconds);
    if (options.dryRun === true) return existing;
    if (held.size === 0 && graceSeconds === 0 && !namespaceHeld(existing)) return this.#store.remove(type, key);
    const { deletionTimestamp = this.#later(graceSeconds), generation = 0 } = existing.metadata;
    const sooner = (existing.metadata.deletionGracePeriodSeconds ?? Infinity) <= graceSeconds;
    if (existing.metadata.deletionTimestamp !== undefined && sooner) return existing;
    const metadata = {
      ...existing.metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds: graceSeconds,
      ...(held.size === 0 ? {} : { finalizers: [...held] }),
      ...(existing.metadata.deletionTimestamp === undefined && generation > 0 ? { generation: generation + 1 } : {}),
    };
    const terminating = type.kind === 'Namespace' && type.group === '' ? { status: { phase: 'Terminating' } } : {};
    return this.#store.put(type, { ...existing, ...terminating, metadata });
  }

  #later(seconds: number): string {
    return `${new Date(this.#clock.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;
  }
}

/** Without `undefined`s, as it would come off the wire. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const isCore = (type: ResourceType, kind: string): boolean => type.group === '' && type.kind === kind;

/** A namespace stays until its own finalizers, in spec, are gone too. */
function namespaceHeld(object: KubernetesObject): boolean {
  if (object.kind !== 'Namespace' || object.apiVersion !== 'v1') return false;
  return (
    ((object as { readonly spec?: { readonly finalizers?: readonly string[] } }).spec?.finalizers ?? []).length > 0
  );
}

/** What create makes of the status: only nodes bring their own. */
function startOf(type: ResourceType, object: KubernetesObject): KubernetesObject {
  const { status, ...rest } = object as KubernetesObject & { readonly status?: unknown };
  if (isCore(type, 'Namespace')) {
    const { spec = {} } = object as { readonly spec?: Json };
    return { ...rest, spec: { finalizers: ['kubernetes'], ...spec }, status: { phase: 'Active' } } as KubernetesObject;
  }
  if (isCore(type, 'Pod')) return { ...rest, status: { phase: 'Pending' } } as KubernetesObject;
  if (type.subresources['status'] === undefined || isCore(type, 'Node')) return object;
  return status === undefined ? object : rest;
}

/** Pods on a node get time to end; everything else goes at once. */
function graceOf(type: ResourceType, object: KubernetesObject, wanted: number | undefined): number {
  if (!isCore(type, 'Pod')) return 0;
  const { spec, status } = object as Pod;
  if (spec.nodeName === undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  return wanted ?? spec.terminationGracePeriodSeconds ?? 30;
}

function withStatusOf(existing: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const { status } = wanted as { readonly status?: unknown };
  return { ...existing, status } as KubernetesObject;
}

function withoutStatusOf(type: ResourceType, existing: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = existing.metadata;
  const kept = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation };
  const hasStatus = type.subresources['status'] !== undefined;
  const status = hasStatus ? { status: (existing as { readonly status?: unknown }).status } : {};
  const next = { ...wanted, ...status, apiVersion: existing.apiVersion, kind: existing.kind };
  const changed = !isDeepStrictEqual(plain(desired(next)), plain(desired(existing)));
  const count = changed && generation !== undefined ? { generation: generation + 1 } : {};
  return { ...next, metadata: { ...wanted.metadata, ...kept, ...count } };
}

/** All that a generation counts. */
function desired(object: KubernetesObject): Json {
  const { metadata: _, status: __, ...rest } = object as unknown as Json;
  return rest;
}
