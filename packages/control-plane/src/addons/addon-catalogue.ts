import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AddonDefinition } from '@geobuk/api';
import type { Logger } from 'pino';

/** The addons that are installed on this machine, found by manifest and never by import. */
export interface AddonCatalogue {
  readonly definitions: readonly AddonDefinition[];
  get(name: string): AddonDefinition | undefined;
  /** Where an addon's package lies; undefined for one that was given as it is. */
  packageOf(name: string): CataloguePackage | undefined;
}

export interface CataloguePackage {
  readonly name: string;
  readonly directory: string;
}

export interface CatalogueDeps {
  /** Folders of packages whose package.json says `geobuk.addon`. */
  readonly packages: readonly string[];
  readonly log: Logger;
  /** The language's own import unless said. */
  readonly load?: ((file: string) => Promise<unknown>) | undefined;
}

/** A package that cannot be loaded is logged and left out: one bad addon must not keep a cluster from starting. */
export async function loadAddonCatalogue(deps: CatalogueDeps): Promise<AddonCatalogue> {
  const { packages, log, load = (file) => import(pathToFileURL(file).href) as Promise<unknown> } = deps;
  const found: AddonDefinition[] = [];
  const packageOf = new Map<string, CataloguePackage>();
  for (const directory of packages) {
    try {
      const { definition, packageName } = await definitionOf(directory, load);
      if (found.some(({ name }) => name === definition.name)) throw new Error('another package has this name already');
      found.push(definition);
      packageOf.set(definition.name, { name: packageName, directory });
    } catch (error) {
      log.error({ package: directory, err: error }, 'addon package left out');
    }
  }
  return addonCatalogue(found, packageOf);
}

export function addonCatalogue(
  definitions: readonly AddonDefinition[],
  packages: ReadonlyMap<string, CataloguePackage> = new Map(),
): AddonCatalogue {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  return { definitions, get: (name) => byName.get(name), packageOf: (name) => packages.get(name) };
}

async function definitionOf(
  directory: string,
  load: (file: string) => Promise<unknown>,
): Promise<{ readonly definition: AddonDefinition; readonly packageName: string }> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly geobuk?: { readonly addon?: unknown };
  };
  const entry = manifest.geobuk?.addon;
  if (typeof entry !== 'string') throw new Error('package.json does not say geobuk.addon');
  const { default: definition } = (await load(join(directory, entry))) as { readonly default?: AddonDefinition };
  if (typeof definition?.name !== 'string' || typeof definition.manifests !== 'function')
    throw new Error(`${entry} does not export an addon definition by default`);
  return { definition, packageName: manifest.name };
}
