import { ApiError, generateName } from '@geobuk/api';
import type { KubernetesObject, ObjectKey, ObjectMeta } from '@geobuk/api';
import type { Admission, AdmissionRequest } from '../admission/admission.js';
import { StoreError } from '../../store/store.js';
import type { CachedObject, WatchCache, WatchCaches } from '../../watch-cache/watch-cache.js';
import type { ServedResource } from '../resources/served-resource.js';
import { subjectOf } from '../resources/served-resource.js';
import { atStorageVersion, served } from './as-served.js';
import { beginOrEndDeletion } from './deletion.js';
import { checkPreconditions } from './preconditions.js';
import { nextMetadata, freshMetadata, bumpGeneration, sameButForBookkeeping } from './metadata.js';
import { recordUpdate } from './managed-fields.js';
import type { Reservations } from './reservations.js';
import { translateStoreError } from './store-errors.js';
import { check, complete } from './object-checks.js';
import { represent } from './write-options.js';
import type { Deleted, DeleteOptions, WriteOptions, Written } from './write-options.js';

const nameAttempts = 8;
/** Writes that carry no resourceVersion are tried again this often when somebody else was faster. */
const conflictAttempts = 5;

export interface RegistryDeps {
  readonly caches: WatchCaches;
  readonly admission: Admission;
  readonly reservations: Reservations;
  now(): number;
  random(): number;
  newUid(): string;
}

/** What an update makes of the present object; it must not change it. `undefined`: there is none. */
export type Change = (current: KubernetesObject | undefined) => KubernetesObject | Promise<KubernetesObject>;

export interface UpdateOptions extends WriteOptions {
  /** The change may make a new object where there is none. */
  readonly creates?: boolean | undefined;
  /** The change does its own bookkeeping of managedFields (server-side apply). */
  readonly managesFields?: boolean | undefined;
}

/** What endpoints need of the registry. */
export type Writes = Pick<Registry, 'read' | 'create' | 'update' | 'delete'>;

/**
 * Every write of every resource: defaults, admission, validation, bookkeeping, storing. Knows no HTTP.
 * Follows: the generic registry of the API server; order of steps as in checklist 1.11.1.
 */
export class Registry {
  readonly #deps: RegistryDeps;

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
  }

  cacheOf(resource: ServedResource): WatchCache {
    return this.#deps.caches.cache(resource.prefix);
  }

  /** The newest state. @throws {ApiError} NotFound. */
  async read(resource: ServedResource, key: ObjectKey, signal: AbortSignal): Promise<CachedObject> {
    const cache = this.cacheOf(resource);
    await this.#deps.caches.fresh({ signal });
    const found = cache.get(key);
    if (found === undefined) throw ApiError.notFound(subjectOf(resource), key.name);
    return found;
  }

  /** @throws {ApiError} AlreadyExists, Invalid, Forbidden, BadRequest. */
  async create(
    resource: ServedResource,
    namespace: string | undefined,
    given: KubernetesObject,
    options: UpdateOptions,
  ): Promise<Written> {
    const { metadata } = given;
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
      throw ApiError.badRequest('resourceVersion should not be set on objects to be created');
    }
    if (metadata.name !== undefined && metadata.name !== '') {
      return this.#createNamed(resource, namespace, given, metadata.name, options);
    }
    const prefix = metadata.generateName;
    if (prefix === undefined || prefix === '') {
      // Validation says this in its own words, together with everything else that is wrong.
      return this.#createNamed(resource, namespace, given, '', options);
    }
    for (let attempt = 1; ; attempt++) {
      const name = generateName(prefix, this.#deps.random);
      try {
        return await this.#createNamed(resource, namespace, given, name, options);
      } catch (error) {
        const taken = error instanceof ApiError && error.status.reason === 'AlreadyExists';
        if (!taken || attempt === nameAttempts) throw error;
      }
    }
  }

  async #createNamed(
    resource: ServedResource,
    namespace: string | undefined,
    given: KubernetesObject,
    name: string,
    options: UpdateOptions,
  ): Promise<Written> {
    const { admission, reservations } = this.#deps;
    const key: ObjectKey = namespace === undefined ? { name } : { namespace, name };
    const request = admissionRequest('CREATE', resource, key, options);
    let object: KubernetesObject = { ...given, metadata: freshMetadata(resource, given.metadata, key, this.#deps) };
    object = complete(resource, object);
    object = await admitted(resource, object, request, admission);
    object = resource.strategy.prepareForCreate?.(object) ?? withoutStatus(resource, object);
    using reservation = await reservations.forCreate(resource, object, options);
    object = reservation.object;
    if (options.unchecked !== true) check(resource, object, undefined);
    await admission.validate(object, request);
    if (options.managesFields !== true) object = recordUpdate(resource, undefined, object, options, this.#deps.now());

    const cache = this.cacheOf(resource);
    if (options.dryRun === true) {
      if (cache.get(key) !== undefined) throw ApiError.alreadyExists(subjectOf(resource), name);
      return { result: represent(object), created: true };
    }
    try {
      const { signal } = options;
      const stored = await cache.create(key, await atStorageVersion(resource, object, signal), { signal });
      reservation.keep();
      return { result: await served(resource, stored, signal), created: true };
    } catch (error) {
      throw translateStoreError(error, resource, name);
    }
  }

  /**
   * Reads, changes, checks and stores; again when somebody else was faster and the change named no resourceVersion.
   * The last finalizer's removal ends the object's life.
   * @throws {ApiError} NotFound, Conflict, Invalid, Forbidden, BadRequest.
   */
  async update(resource: ServedResource, key: ObjectKey, change: Change, options: UpdateOptions): Promise<Written> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#updateOnce(resource, key, change, options);
      } catch (error) {
        if (!(error instanceof LostRace)) throw error;
        if (error.wasConditional || attempt === conflictAttempts)
          throw ApiError.conflict(subjectOf(resource), key.name);
      }
    }
  }

  async #updateOnce(
    resource: ServedResource,
    key: ObjectKey,
    change: Change,
    options: UpdateOptions,
  ): Promise<Written> {
    const { admission, caches, reservations } = this.#deps;
    const { signal } = options;
    const cache = this.cacheOf(resource);
    let current = cache.get(key);
    if (current === undefined) {
      await caches.fresh({ signal });
      current = cache.get(key);
    }
    if (current === undefined) {
      if (options.creates !== true) throw ApiError.notFound(subjectOf(resource), key.name);
      const made = await change(undefined);
      return this.create(resource, key.namespace, { ...made, metadata: { ...made.metadata, name: key.name } }, options);
    }

    const old = (await served(resource, current, signal)).object;
    const changed = await change(old);
    const wantedVersion = changed.metadata.resourceVersion;
    checkPreconditions(resource, old, changed.metadata);
    const request = admissionRequest('UPDATE', resource, key, options);
    let object: KubernetesObject = { ...changed, metadata: nextMetadata(changed.metadata, old.metadata, options) };
    object = onlyItsPart(resource, object, old, options.subresource);
    object = complete(resource, object);
    object = await admitted(resource, object, request, admission, old);
    if (isWhole(options)) object = resource.strategy.prepareForUpdate?.(object, old) ?? object;
    using reservation = await reservations.forUpdate(resource, object, old, options);
    object = reservation.object;
    if (options.unchecked !== true) check(resource, object, old, options.subresource);
    await admission.validate(object, request, old);
    if (options.managesFields !== true) object = recordUpdate(resource, old, object, options, this.#deps.now());
    // Where a pod was put is no change of what it should be.
    if (options.subresource !== 'binding') object = bumpGeneration(resource, object, old);

    if (sameButForBookkeeping(object, old) && !isOutdated(resource, current.object)) {
      return { result: await served(resource, current, signal), created: false };
    }
    if (options.dryRun === true) return { result: represent(object), created: false };
    const isConditional = wantedVersion !== undefined && wantedVersion !== '';
    try {
      if (mayGo(resource, object)) {
        // The writer of the last finalizer's removal sees its own state, watchers see the deletion.
        await cache.delete(current, { signal });
        reservation.keep();
        return { result: represent(object), created: false };
      }
      const stored = await cache.update(current, await atStorageVersion(resource, object, signal), { signal });
      reservation.keep();
      return { result: await served(resource, stored, signal), created: false };
    } catch (error) {
      if (error instanceof StoreError && error.code === 'Conflict') throw new LostRace(isConditional);
      throw translateStoreError(error, resource, key.name);
    }
  }

  /**
   * Begins or completes the end of an object, as finalizers, grace and propagation have it.
   * @throws {ApiError} NotFound, Conflict (preconditions), Forbidden.
   */
  async delete(resource: ServedResource, key: ObjectKey, options: DeleteOptions): Promise<Deleted> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#deleteOnce(resource, key, options);
      } catch (error) {
        if (!(error instanceof LostRace)) throw error;
        if (attempt === conflictAttempts) throw ApiError.conflict(subjectOf(resource), key.name);
      }
    }
  }

  async #deleteOnce(resource: ServedResource, key: ObjectKey, options: DeleteOptions): Promise<Deleted> {
    const { signal } = options;
    const current = await this.read(resource, key, signal);
    const old = (await served(resource, current, signal)).object;
    checkPreconditions(resource, old, options);
    await this.#deps.admission.validate(undefined, admissionRequest('DELETE', resource, key, options), old);
    const refusal = resource.strategy.refusesDeletion?.(old);
    if (refusal !== undefined) throw ApiError.forbidden(subjectOf(resource), key.name, refusal);

    const step = beginOrEndDeletion(resource, old, options, this.#deps.now());
    const cache = this.cacheOf(resource);
    try {
      if (step.kind === 'gone') {
        if (options.dryRun === true) return { result: represent(old), gone: true };
        const last = await cache.delete(current, { signal });
        this.#deps.reservations.released(resource, old);
        return { result: await served(resource, last, signal), gone: true };
      }
      if (step.kind === 'unchanged') return { result: await served(resource, current, signal), gone: false };
      if (options.dryRun === true) return { result: represent(step.object), gone: false };
      const stored = await cache.update(current, await atStorageVersion(resource, step.object, signal), { signal });
      return { result: await served(resource, stored, signal), gone: false };
    } catch (error) {
      if (error instanceof StoreError && error.code === 'Conflict') throw new LostRace(false);
      throw translateStoreError(error, resource, key.name);
    }
  }
}

/** The object changed between reading and writing it. */
class LostRace extends Error {
  readonly wasConditional: boolean;

  constructor(wasConditional: boolean) {
    super('somebody else was faster');
    this.wasConditional = wasConditional;
  }
}

const isWhole = ({ subresource }: WriteOptions): boolean => subresource === undefined || subresource === '';

/** A write that changes nothing still brings an object to the version that is stored now (3.4.4). */
const isOutdated = ({ storageApiVersion }: ServedResource, { apiVersion }: KubernetesObject): boolean =>
  apiVersion !== storageApiVersion;

function admissionRequest(
  operation: AdmissionRequest['operation'],
  resource: ServedResource,
  { namespace, name }: ObjectKey,
  { user, dryRun, signal, subresource, warn, annotate }: WriteOptions,
): AdmissionRequest {
  return {
    operation,
    resource,
    subresource: subresource ?? '',
    namespace,
    name,
    user,
    dryRun: dryRun === true,
    signal,
    warn: (text) => warn?.(text),
    annotate: (key, value) => annotate?.(key, value),
  };
}

async function admitted(
  resource: ServedResource,
  object: KubernetesObject,
  request: AdmissionRequest,
  admission: Admission,
  old?: KubernetesObject,
): Promise<KubernetesObject> {
  const after = await admission.admit(object, request, old);
  return after === object ? object : complete(resource, after); // what a plugin added gets defaults too
}

type WithStatus = KubernetesObject & { readonly status?: unknown; readonly spec?: unknown };

function withoutStatus(resource: ServedResource, object: KubernetesObject): KubernetesObject {
  if (!resource.strategy.hasStatus || (object as WithStatus).status === undefined) return object;
  const { status: _dropped, ...rest } = object as WithStatus;
  return rest;
}

/** A write of the object keeps the status; a write of the status keeps all but status, labels and annotations. */
function onlyItsPart(
  resource: ServedResource,
  object: KubernetesObject,
  old: KubernetesObject,
  subresource: string | undefined,
): KubernetesObject {
  if (subresource === 'status') {
    const { status } = object as WithStatus;
    const { labels, annotations, managedFields } = object.metadata;
    // Custom resources give only their status through /status (1.14.1).
    const metadata: ObjectMeta =
      resource.custom === undefined
        ? { ...old.metadata, labels, annotations, managedFields, finalizers: object.metadata.finalizers }
        : { ...old.metadata, managedFields };
    return { ...old, metadata, status } as KubernetesObject;
  }
  if (subresource === undefined || subresource === '') {
    if (!resource.strategy.hasStatus) return object;
    const { status } = old as WithStatus;
    const { status: _ignored, ...rest } = object as WithStatus;
    return status === undefined ? rest : ({ ...rest, status } as KubernetesObject);
  }
  return object;
}

/** Deletion has begun and nothing holds the object any more. */
function mayGo(resource: ServedResource, object: KubernetesObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  return (
    deletionTimestamp !== undefined &&
    (finalizers ?? []).length === 0 &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    resource.strategy.isHeld?.(object) !== true
  );
}
