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
  /** Set for resources that a CustomResourceDefinition brought. */
  readonly custom?: CustomResource | undefined;
}

export interface CustomResource {
  readonly definitionName: string;
  readonly schemaSource: Readonly<Record<string, unknown>> | undefined;
  readonly columns: readonly PrinterColumn[];
  /** Several versions are or were stored, so each object has to be looked at before it is served. */
  readonly hasOldVersions: boolean;
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

/** The same object at the version that `resource` serves. Conversion `None`: only the name of the version changes. */
export const atVersion = (resource: ServedResource, object: KubernetesObject): KubernetesObject =>
  object.apiVersion === resource.apiVersion ? object : { ...object, apiVersion: resource.apiVersion };
