import type { KubernetesObject } from './object.js';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface Subresource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly Verb[];
}

/** One served resource: a row of the table of kinds. Built-in kinds and CRDs have the same form. */
export interface ResourceType<T extends KubernetesObject = KubernetesObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The name in the URL, such as `pods`. */
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: Readonly<Record<string, Subresource>>;
  /** Name of the schema in the generated definitions; absent for kinds that a CRD brought. */
  readonly definition?: string | undefined;
  /** Never set; carries the object's type. */
  readonly objectType?: T | undefined;
}

/** `v1` or `apps/v1`. */
export const apiVersionOf = (type: { readonly group: string; readonly version: string }): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

/** `pods` or `deployments.apps`, as Status messages and RBAC name it. */
export const qualifiedName = (type: { readonly group: string; readonly plural: string }): string =>
  type.group === '' ? type.plural : `${type.plural}.${type.group}`;

/** The path of a collection or, with a name, of one object (and its subresource). */
export function resourcePath(
  type: { readonly group: string; readonly version: string; readonly plural: string; readonly namespaced: boolean },
  key: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope =
    type.namespaced && key.namespace !== undefined && key.namespace !== ''
      ? `/namespaces/${encodeURIComponent(key.namespace)}`
      : '';
  const name = key.name === undefined ? '' : `/${encodeURIComponent(key.name)}`;
  return `${root}${scope}/${type.plural}${name}${subresource === undefined ? '' : `/${subresource}`}`;
}
