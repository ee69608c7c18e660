import type { Addon, AddonDefinition, AddonRelease } from '@geobuk/api';
import type { AddonReleases, LoadedRelease, WantedRelease } from '../packages/addon-releases.js';
import { cluster } from './addon-world.js';

/** A shelf of versions: `shipped` is what an upgrade of the product changes; what is kept outlives that. */
export class KeptInMemory implements AddonReleases {
  readonly shipped = new Map<string, AddonDefinition>();
  readonly shelf = new Map<string, LoadedRelease>();
  problem: Extract<WantedRelease, { readonly kind: 'problem' }> | undefined;
  isForeign = false;

  constructor(...definitions: readonly AddonDefinition[]) {
    this.ship(...definitions);
  }

  ship(...definitions: readonly AddonDefinition[]): void {
    for (const definition of definitions) this.shipped.set(definition.name, definition);
  }

  wanted(addon: Addon): Promise<WantedRelease> {
    if (this.problem !== undefined) return Promise.resolve(this.problem);
    const definition = this.shipped.get(addon.metadata.name ?? '');
    if (definition === undefined) return Promise.resolve({ kind: 'unknown' });
    const { manifests, ...facts } = definition;
    const objects: LoadedRelease['objects'] = (config) => Promise.resolve(manifests(config, cluster));
    const release = { facts, integrity: undefined, isForeign: this.isForeign, packageBytes: 1_000, objects };
    return Promise.resolve({ kind: 'release', release });
  }

  kept(_addon: Addon, { integrity }: AddonRelease): Promise<LoadedRelease | undefined> {
    return Promise.resolve(this.shelf.get(integrity));
  }

  keep(addon: Addon, release: LoadedRelease): Promise<AddonRelease> {
    const integrity = `${addon.metadata.name ?? ''}@${release.facts.version}`;
    this.shelf.set(integrity, release);
    return Promise.resolve({ package: addon.metadata.name ?? '', version: release.facts.version, integrity });
  }

  forgetOthers(addon: Addon, needed: readonly AddonRelease[]): Promise<void> {
    for (const integrity of this.shelf.keys())
      if (integrity.startsWith(`${addon.metadata.name ?? ''}@`) && !needed.some((one) => one.integrity === integrity))
        this.shelf.delete(integrity);
    return Promise.resolve();
  }
}
