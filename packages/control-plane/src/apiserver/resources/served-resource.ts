import type { KubernetesObject, ResourceType, Schema, StatusSubject } from '@geobuk/api';
import type { Strategy } from './strategy.js';

/** One resource at one version, as it is served. Built-in kinds and those of CRDs have the same form. */
export interface ServedResource {
  readonly type: ResourceType;
  /** `v1` or `apps/v1`. */
  readonly apiVersion: string;
  readonly listKind: string;
  /** `/registry/<group>/<plural>/`: all versions of a kind share one. */
  readonly prefix: string;
  /** The version that is stored. */
  readonly storageApiVersion: string;
  readonly schema: Schema;
  readonly strategy: Strategy;
  /** How objects of a built-in kind change their form between this version and the stored one; absent: only the version's name changes. */
  readonly conversion?: StoredConversion | undefined;
  /** Set for resources that a CustomResourceDefinition brought. */
  readonly custom?: CustomResource | undefined;
}

/** Between the version that is served and the one that is stored; both ways give an equal object back. Pure. */
export interface StoredConversion {
  fromStored(object: KubernetesObject): KubernetesObject;
  toStored(object: KubernetesObject): KubernetesObject;
}

/** Brings custom objects from one version to another. Follows: conversion webhooks, checklist 3.4. */
export interface Converter {
  /**
   * All of one kind, none at `apiVersion` yet; the answer is in the same order.
   * @throws {ApiError} InternalError: the webhook does not answer, or not as it should.
   */
  convert(
    objects: readonly KubernetesObject[],
    apiVersion: string,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly KubernetesObject[]>;
}

export interface CustomResource {
  readonly definitionName: string;
  readonly schemaSource: Readonly<Record<string, unknown>> | undefined;
  readonly columns: readonly PrinterColumn[];
  /** Several versions are or were stored, so each object has to be looked at before it is served. */
  readonly hasOldVersions: boolean;
  /** Objects of this revision or older may have been written under another schema: they lack its defaults. */
  readonly schemaSince: number;
  /** Absent: conversion `None`. */
  readonly converter?: Converter | undefined;
  readonly scale?: ScalePaths | undefined;
}

/** Follows: CustomResourceColumnDefinition. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string | undefined;
  readonly description?: string | undefined;
  readonly priority?: number | undefined;
  readonly jsonPath: string;
}

/** Where a kind keeps what the Scale subresource shows; dotted paths such as `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string | undefined;
}

export const storePrefix = (group: string, plural: string): string =>
  `/registry/${group === '' ? 'core' : group}/${plural}/`;

/** What errors about one object of this resource name. */
export const subjectOf = ({ type }: ServedResource): StatusSubject => type;

/** The same object at the version that `resource` serves, where no webhook is needed for that. */
export function atVersion(resource: ServedResource, object: KubernetesObject): KubernetesObject {
  if (object.apiVersion === resource.apiVersion) return object;
  if (resource.conversion !== undefined && object.apiVersion === resource.storageApiVersion)
    return resource.conversion.fromStored(object);
  return { ...object, apiVersion: resource.apiVersion };
}
