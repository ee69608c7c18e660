import { deepEqual } from '@geobuk/api';
import type { KubernetesObject, ObjectKey, ObjectMeta } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import type { WriteOptions } from './write-options.js';

/** RFC 3339 with whole seconds. Follows: metav1.Time. */
export const timestamp = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`;

/** The metadata of a new object: what the server owns is set here, whatever the caller wrote (1.7.6). */
export function freshMetadata(
  { strategy, custom }: ServedResource,
  given: ObjectMeta,
  { namespace, name }: ObjectKey,
  { now, newUid }: { now(): number; newUid(): string },
): ObjectMeta {
  const {
    name: _name,
    generateName,
    namespace: _namespace,
    selfLink: _selfLink,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    ...rest
  } = given;
  return {
    name,
    ...(generateName === undefined || generateName === '' ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    uid: newUid(),
    ...(strategy.hasGeneration || custom !== undefined ? { generation: 1 } : {}),
    creationTimestamp: timestamp(now()),
    ...rest,
  };
}

/** The metadata of a changed object: what the server owns stays as it was. */
export function nextMetadata(wanted: ObjectMeta, old: ObjectMeta, _options: WriteOptions): ObjectMeta {
  const {
    name: _name,
    generateName: _generateName,
    namespace: _namespace,
    selfLink: _selfLink,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    ...rest
  } = wanted;
  const { name, generateName, namespace, uid, resourceVersion, generation, creationTimestamp } = old;
  const { deletionTimestamp, deletionGracePeriodSeconds } = old;
  return {
    name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion,
    ...(generation === undefined ? {} : { generation }),
    creationTimestamp,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
    ...rest,
  };
}

/** Counts a change of anything but metadata and, where it is a subresource, status (1.7.8). */
export function bumpGeneration(
  { strategy, custom }: ServedResource,
  object: KubernetesObject,
  old: KubernetesObject,
): KubernetesObject {
  if (!strategy.hasGeneration && custom === undefined) return object;
  if (deepEqual(wishOf(object, strategy.hasStatus), wishOf(old, strategy.hasStatus))) return object;
  return { ...object, metadata: { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
}

function wishOf(object: KubernetesObject, hasStatus: boolean): unknown {
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  if (!hasStatus) return rest;
  const { status: _status, ...wish } = rest as { status?: unknown };
  return wish;
}

/** A write that says nothing new is not a write (1.7.2): times in managedFields do not count. */
export function sameButForBookkeeping(object: KubernetesObject, old: KubernetesObject): boolean {
  const { metadata, ...rest } = object;
  const { metadata: oldMetadata, ...oldRest } = old;
  if (!deepEqual(rest, oldRest)) return false;
  const { managedFields, resourceVersion: _a, ...meta } = metadata;
  const { managedFields: oldFields, resourceVersion: _b, ...oldMeta } = oldMetadata;
  if (!deepEqual(meta, oldMeta)) return false;
  const withoutTimes = (fields: typeof managedFields) => (fields ?? []).map(({ time: _time, ...entry }) => entry);
  return managedFields === oldFields || deepEqual(withoutTimes(managedFields), withoutTimes(oldFields));
}
