import { ApiError } from '@geobuk/api';
import type { JsonObject, KubernetesObject, ObjectKey, ObjectList, ResourceType, Status } from '@geobuk/api';
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
} from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { User } from './authentication/user.js';
import { asServed, makeReady, objectsIn, served } from './registry/as-served.js';
import { applyTo } from './registry/apply.js';
import { decodeServed } from './registry/object-checks.js';
import { patchFunction } from './registry/patches.js';
import type { Reader } from './registry/reader.js';
import type { Registry, UpdateOptions } from './registry/registry.js';
import type { ResourceCatalog } from './resources/resource-catalog.js';
import type { ServedResource } from './resources/served-resource.js';
import type { ReviewFunction } from './reviews/reviews.js';
import type { Actions } from './subresources/actions.js';

export interface InProcessClientDeps {
  readonly catalog: ResourceCatalog;
  readonly registry: Registry;
  readonly reader: Reader;
  readonly actions: Actions;
  readonly reviews: ReadonlyMap<string, ReviewFunction>;
  /** Whose name the writes bear. */
  readonly user: User;
  /** Reads of what other servers answer for, such as metrics; absent: they are refused as unknown. */
  readonly aggregated?: Pick<Client, 'read' | 'list'> | undefined;
  now(): number;
}

/**
 * A client without a wire: the same rules, admission and refusals as over HTTPS, but nothing is encoded, and what is
 * read is shared with the watch cache. Authorization is not asked: who holds it has full rights.
 */
export class InProcessClient implements Client {
  readonly #deps: InProcessClientDeps;

  constructor(deps: InProcessClientDeps) {
    this.#deps = deps;
  }

  async read<T extends KubernetesObject>(type: ResourceType<T>, key: ObjectKey, options: ReadOptions): Promise<T> {
    const { aggregated } = this.#deps;
    if (aggregated !== undefined && !this.#isServedHere(type)) return aggregated.read(type, key, options);
    const resource = this.#resource(type);
    const found = await this.#deps.reader.get(resource, key, options.resourceVersion, options.signal);
    return (await served(resource, found, options.signal)).object as T;
  }

  async list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>> {
    const { aggregated } = this.#deps;
    if (aggregated !== undefined && !this.#isServedHere(type)) return aggregated.list(type, options);
    const resource = this.#resource(type);
    const page = await this.#deps.reader.list(resource, options.namespace, options, options.signal);
    await makeReady(resource, page.items, options.signal);
    return {
      apiVersion: resource.apiVersion,
      kind: resource.listKind,
      metadata: {
        resourceVersion: page.resourceVersion,
        continue: page.continue,
        remainingItemCount: page.remainingItemCount,
      },
      items: page.items.map((item) => asServed(resource, item).object as T),
    };
  }

  async *watch<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const resource = this.#resource(type);
    const { timeoutSeconds } = options;
    using limit = deadline(options.signal, timeoutSeconds === undefined ? 2 ** 30 : timeoutSeconds * 1000);
    const query = { ...options, allowWatchBookmarks: true };
    for await (const items of await this.#deps.reader.watch(resource, options.namespace, query, limit.signal)) {
      await makeReady(resource, objectsIn(items), limit.signal);
      for (const item of items) {
        yield item.type === 'BOOKMARK'
          ? { type: 'BOOKMARK', resourceVersion: String(item.revision), initialEventsEnd: item.initialEventsEnd }
          : { type: item.type, object: asServed(resource, item.current).object as T };
      }
    }
    options.signal.throwIfAborted();
  }

  async create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    const { namespace } = object.metadata;
    const review = this.#deps.reviews.get(`${type.group}/${type.plural}`);
    if (review !== undefined) {
      const spec = ((object as { readonly spec?: JsonObject }).spec ?? {}) as JsonObject;
      const status = await review(spec, { user: this.#deps.user, namespace: namespace ?? '' });
      return { ...object, status } as T;
    }
    const resource = this.#resource(type);
    if (type.namespaced && (namespace === undefined || namespace === '')) {
      throw ApiError.badRequest('an empty namespace may not be set during creation');
    }
    const whole = decodeServed(resource, identify(resource, object)).object;
    const where = type.namespaced ? namespace : undefined;
    const { result } = await this.#deps.registry.create(resource, where, whole, this.#write(options));
    return result.object as T;
  }

  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    return this.#put(type, object, options, '');
  }

  updateStatus<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    return this.#put(type, object, options, 'status');
  }

  async #put<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions,
    subresource: string,
  ): Promise<T> {
    const resource = this.#resource(type);
    const whole = decodeServed(resource, identify(resource, object)).object;
    const { namespace, name = '' } = whole.metadata;
    const key = type.namespaced ? { namespace, name } : { name };
    const creates = subresource === '' && resource.strategy.createsOnUpdate;
    const update: UpdateOptions = { ...this.#write(options), subresource, creates };
    const { result } = await this.#deps.registry.update(resource, key, () => whole, update);
    return result.object as T;
  }

  async patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: PatchOptions,
  ): Promise<T> {
    const resource = this.#resource(type);
    const change = patchFunction(resource, key.name, patch, (value) => decodeServed(resource, value).object);
    const update: UpdateOptions = { ...this.#write(options), subresource: options.subresource ?? '' };
    const { result } = await this.#deps.registry.update(resource, key, change, update);
    return result.object as T;
  }

  async apply<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: KubernetesObject,
    options: ApplyOptions,
  ): Promise<T> {
    const resource = this.#resource(type);
    const applied = decodeServed(resource, identify(resource, object)).object;
    const { namespace, name = '' } = applied.metadata;
    const { fieldManager, force = false, subresource = '' } = options;
    const update: UpdateOptions = {
      ...this.#write(options),
      subresource,
      creates: subresource === '',
      managesFields: true,
    };
    const { result } = await this.#deps.registry.update(
      resource,
      type.namespaced ? { namespace, name } : { name },
      (current) => applyTo(resource, current, applied, { fieldManager, force, subresource, now: this.#deps.now() }),
      update,
    );
    return result.object as T;
  }

  async delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions,
  ): Promise<T | Status> {
    const resource = this.#resource(type);
    const { result } = await this.#deps.registry.delete(resource, key, {
      ...this.#write(options),
      ...options,
      user: this.#deps.user,
    });
    return result.object as T;
  }

  async deleteCollection<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: DeleteOptions & ListOptions,
  ): Promise<void> {
    const { items } = await this.list(type, options);
    for (const { metadata } of items) {
      const { namespace, name = '' } = metadata;
      const { uid: _uid, resourceVersion: _version, ...rest } = options;
      try {
        await this.delete(type, type.namespaced ? { namespace, name } : { name }, rest);
      } catch (error) {
        const isGone = error instanceof ApiError && error.status.reason === 'NotFound';
        if (!isGone) throw error; // somebody else was faster
      }
    }
  }

  readSubresource<R>(type: ResourceType, key: ObjectKey, subresource: string, options: CallOptions): Promise<R> {
    return this.#act('get', type, key, subresource, {}, options);
  }

  createSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    return this.#act('create', type, key, subresource, body, options);
  }

  updateSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    return this.#act('update', type, key, subresource, body, options);
  }

  async #act<R>(
    verb: 'get' | 'create' | 'update',
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    const resource = this.#resource(type);
    const action = this.#deps.actions.of(resource, subresource)?.[verb];
    if (action === undefined) throw ApiError.noSuchResource();
    const call = { resource, key, body: body as JsonObject, options: { ...this.#write(options), subresource } };
    return (await action(call)).value as R;
  }

  #isServedHere({ group, version, plural }: ResourceType): boolean {
    return this.#deps.catalog.find(group, version, plural) !== undefined;
  }

  /** @throws {ApiError} NotFound: no such resource is served. */
  #resource({ group, version, plural }: ResourceType): ServedResource {
    const found = this.#deps.catalog.find(group, version, plural);
    if (found === undefined) throw ApiError.noSuchResource();
    return found;
  }

  #write({ signal, fieldManager, dryRun }: WriteOptions) {
    return { user: this.#deps.user, signal, fieldManager: fieldManager ?? this.#deps.user.name, dryRun };
  }
}

/** Typed callers leave apiVersion and kind out. */
const identify = ({ apiVersion, type }: ServedResource, object: KubernetesObject): KubernetesObject => {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  return { apiVersion, kind: type.kind, metadata, ...rest };
};
