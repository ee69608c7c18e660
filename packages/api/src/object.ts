import type { ObjectMeta } from './generated/types.js';

/** What every object of the Kubernetes API has. */
export interface KubernetesObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata: ObjectMeta;
}

/** Names one object within its resource. `namespace` is absent for cluster-scoped ones. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** @throws {TypeError} an object without a name: only what was stored has a key. */
export function keyOf(object: KubernetesObject): ObjectKey {
  const { namespace, name } = object.metadata;
  if (name === undefined || name === '') throw new TypeError(`${object.kind ?? 'object'} has no name yet`);
  return namespace === undefined ? { name } : { namespace, name };
}

/** `namespace/name`, or `name` where there is no namespace; fit as a Map key and for logs. */
export const formatKey = (key: ObjectKey): string =>
  key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;

/** The inverse of {@link formatKey}. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** @throws {TypeError} an object that was never stored. */
export function uidOf(object: KubernetesObject): string {
  const { uid } = object.metadata;
  if (uid === undefined) throw new TypeError(`${object.kind ?? 'object'} has no uid yet`);
  return uid;
}

/** A list as the API returns it. */
export interface ObjectList<T extends KubernetesObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string | undefined;
    readonly remainingItemCount?: number | undefined;
  };
  readonly items: readonly T[];
}
