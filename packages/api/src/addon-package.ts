import type { ObjectMeta } from './generated/types.js';
import type { KubernetesObject } from './object.js';
import type { ResourceType } from './resource-type.js';

/**
 * `addons.geobuk.dev/v1alpha1` AddonPackage: an npm archive that the cluster keeps, so that every control plane and node
 * has it without any registry, a backup holds it, and an upgrade can be rolled back.
 */
export interface AddonPackage extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec: AddonPackageSpec;
}

export interface AddonPackageSpec {
  /** Such as `@example/geobuk-addon-greeting`. */
  readonly package: string;
  readonly version: string;
  /** `sha512-…` of the archive. */
  readonly integrity: string;
  /** The `.tgz` that `npm pack` makes, in base64. */
  readonly archive: string;
}

/** What an etcd request can hold, less base64 and the rest of the object. */
export const addonArchiveLimitBytes = 1 << 20;

/** Says whose package it is. */
export const addonPackageLabel = 'addons.geobuk.dev/package-of';

/** The name of the object for a version of a package: `@a/b` 1.0.0 is `a.b-1.0.0`. */
export const addonPackageName = (packageName: string, version: string): string =>
  `${packageName.replace(/^@/, '').replace('/', '.')}-${version}`
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .slice(0, 253);

export const addonPackages: ResourceType<AddonPackage> = {
  group: 'addons.geobuk.dev',
  version: 'v1alpha1',
  kind: 'AddonPackage',
  plural: 'addonpackages',
  singular: 'addonpackage',
  namespaced: false,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: [],
  categories: [],
  subresources: {},
};
