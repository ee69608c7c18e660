import type { Addon, AddonCluster, AddonRelease, KubernetesObject } from '@geobuk/api';
import type { AddonCatalogue } from '../addon-catalogue.js';
import type { AddonFacts } from './evaluate-addon.js';

/** One version of an addon, ready to be asked what it brings. */
export interface LoadedRelease {
  readonly facts: AddonFacts;
  /** Of the archive; undefined for what ships with the product and was not packed yet. */
  readonly integrity: string | undefined;
  /** It did not come with the product, so it may do only what it was allowed to. */
  readonly isForeign: boolean;
  /** Unpacked. */
  readonly packageBytes: number;
  /** @param config completed by the defaults. @throws {Error} the package fails. */
  objects(config: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<readonly KubernetesObject[]>;
}

export type WantedRelease =
  | { readonly kind: 'release'; readonly release: LoadedRelease }
  /** Nothing of that name is installed, and no source is given. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'problem'; readonly reason: string; readonly message: string; readonly hint: string };

/** Where the versions of addons come from and where they are kept. */
export interface AddonReleases {
  /** What the addon's wish means: what ships with the product, or the package that its source names. */
  wanted(addon: Addon, options: { readonly signal: AbortSignal }): Promise<WantedRelease>;
  /** One that was kept; undefined when it is lost. */
  kept(
    addon: Addon,
    release: AddonRelease,
    options: { readonly signal: AbortSignal },
  ): Promise<LoadedRelease | undefined>;
  /** Keeps it, to go back to later; undefined: it cannot be kept. */
  keep(
    addon: Addon,
    release: LoadedRelease,
    options: { readonly signal: AbortSignal },
  ): Promise<AddonRelease | undefined>;
  /** Forgets all that were kept for an addon but these. */
  forgetOthers(addon: Addon, needed: readonly AddonRelease[], options: { readonly signal: AbortSignal }): Promise<void>;
}

/** What ships with the product and nothing else; nothing is kept. */
export function shippedReleases(catalogue: AddonCatalogue, cluster: AddonCluster): AddonReleases {
  return {
    wanted: (addon) => {
      const release = shippedRelease(catalogue, cluster, addon.metadata.name ?? '');
      return Promise.resolve(release === undefined ? { kind: 'unknown' } : { kind: 'release', release });
    },
    kept: () => Promise.resolve(undefined),
    keep: () => Promise.resolve(undefined),
    forgetOthers: () => Promise.resolve(),
  };
}

/** The version of an addon that ships with the product. */
export function shippedRelease(
  catalogue: AddonCatalogue,
  cluster: AddonCluster,
  name: string,
  packageBytes = 0,
): LoadedRelease | undefined {
  const definition = catalogue.get(name);
  if (definition === undefined) return undefined;
  const { manifests: _, ...facts } = definition;
  return {
    facts,
    integrity: undefined,
    isForeign: false,
    packageBytes,
    objects: (config) => Promise.resolve(definition.manifests(config, cluster)),
  };
}
