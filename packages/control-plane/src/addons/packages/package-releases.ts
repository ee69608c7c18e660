import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addon, AddonCluster, AddonPackage, AddonRelease, AddonSource, KubernetesObject } from '@geobuk/api';
import {
  addonArchiveLimitBytes,
  addonPackageLabel,
  addonPackageName,
  addonPackages,
  addons,
  apiVersionOf,
  ignoring,
  isAlreadyExists,
  isNotFound,
  keyOf,
} from '@geobuk/api';
import type { Client, Clock, NpmArchive } from '@geobuk/client';
import { ArchiveError, installNpmArchiveOnce, integrityOf, packDirectory, readNpmArchive } from '@geobuk/client';
import type { Logger } from 'pino';
import type { AddonCatalogue } from '../addon-catalogue.js';
import type { AddonReleases, LoadedRelease, WantedRelease } from './addon-releases.js';
import { shippedRelease } from './addon-releases.js';
import { evaluateAddon, productFolders } from './evaluate-addon.js';
import { fetchNpmArchive, newestVersion } from './fetch-npm-archive.js';

export interface PackageReleasesDeps {
  readonly client: Client;
  readonly catalogue: AddonCatalogue;
  readonly cluster: AddonCluster;
  readonly clock: Clock;
  readonly log: Logger;
  /** Packages are unpacked here. */
  readonly directory: string;
  /** Where the product's own packages are found. */
  readonly moduleRoots: readonly string[];
  readonly npm?: string | undefined;
}

/** The registry is asked for a newer version this often at most. */
export const registryAskMs = 3_600_000;

/** Something stands between an addon's source and its package; the message and the hint are for people. */
class SourceProblem extends Error {
  override readonly name = 'SourceProblem';
  readonly reason: string;
  readonly hint: string;

  constructor(reason: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.hint = hint;
  }
}

/** Versions of addons as AddonPackages in the cluster; what a package from outside brings is found out at arm's length. */
export class PackageReleases implements AddonReleases {
  readonly #deps: PackageReleasesDeps;
  readonly #loaded = new Map<string, Promise<LoadedRelease>>();
  readonly #newest = new Map<string, { readonly atMs: number; readonly version: string; readonly integrity: string }>();
  readonly #sizes = new Map<string, number>();

  constructor(deps: PackageReleasesDeps) {
    this.#deps = deps;
  }

  async wanted(addon: Addon, { signal }: { readonly signal: AbortSignal }): Promise<WantedRelease> {
    const { catalogue, cluster } = this.#deps;
    const name = addon.metadata.name ?? '';
    const { source } = addon.spec;
    const shipped = catalogue.packageOf(name);
    if (source === undefined) {
      const bytes = shipped === undefined ? 0 : await this.#sizeOf(shipped.directory);
      const release = shippedRelease(catalogue, cluster, name, bytes);
      return release === undefined ? { kind: 'unknown' } : { kind: 'release', release };
    }
    try {
      if (catalogue.get(name) !== undefined) {
        const hint = 'give the addon another name, or leave out spec.source';
        throw new SourceProblem('NameTaken', `an addon ${name} ships with the product`, hint);
      }
      return { kind: 'release', release: await this.#load(addon, await this.#exact(addon, source, signal), signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SourceProblem)) throw error;
      return { kind: 'problem', reason: error.reason, message: error.message, hint: error.hint };
    }
  }

  async kept(addon: Addon, release: AddonRelease, { signal }: { readonly signal: AbortSignal }) {
    try {
      return await this.#load(addon, release, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#deps.log.warn({ addon: addon.metadata.name, release: release.version, err: error }, 'kept package is lost');
      return undefined;
    }
  }

  async keep(addon: Addon, release: LoadedRelease, { signal }: { readonly signal: AbortSignal }) {
    const name = addon.metadata.name ?? '';
    const { version } = release.facts;
    if (release.integrity !== undefined) {
      const source = addon.spec.source?.package ?? addon.status?.release?.package;
      return source === undefined ? undefined : { package: source, version, integrity: release.integrity };
    }
    const shipped = this.#deps.catalogue.packageOf(name);
    if (shipped === undefined) return undefined;
    const bytes = await packDirectory(shipped.directory);
    if (bytes.length > addonArchiveLimitBytes) {
      this.#deps.log.warn(
        { addon: name, bytes: bytes.length },
        'package is too large to be kept: no way back from an upgrade',
      );
      return undefined;
    }
    const wanted: AddonRelease = { package: shipped.name, version, integrity: integrityOf(bytes) };
    return await this.#store(addon, wanted, bytes, signal);
  }

  async forgetOthers(addon: Addon, needed: readonly AddonRelease[], { signal }: { readonly signal: AbortSignal }) {
    const { client } = this.#deps;
    const labelSelector = `${addonPackageLabel}=${addon.metadata.name ?? ''}`;
    const { items } = await client.list(addonPackages, { signal, labelSelector });
    for (const item of items) {
      if (needed.some(({ integrity }) => integrity === item.spec.integrity)) continue;
      await client.delete(addonPackages, keyOf(item), { signal, uid: item.metadata.uid }).catch(ignoring(isNotFound));
      await rm(this.#directoryOf(item.spec), { recursive: true, force: true });
      this.#loaded.delete(item.spec.integrity);
    }
  }

  /** The version to install. With the policy Auto the registry is asked; what is there goes on while it does not answer. */
  async #exact(addon: Addon, source: AddonSource, signal: AbortSignal): Promise<AddonRelease> {
    const { package: name, version, integrity } = source;
    if (addon.spec.updatePolicy !== 'Auto') {
      if (version !== undefined && integrity !== undefined) return { package: name, version, integrity };
      const lacks = version === undefined ? 'version' : 'integrity';
      const hint = `set spec.source.${lacks}, or spec.updatePolicy: Auto to follow the registry`;
      throw new SourceProblem('SourceIncomplete', `spec.source.${lacks} is not set`, hint);
    }
    const range = version ?? '*';
    const id = `${name}@${range}`;
    const known = this.#newest.get(id);
    const now = this.#deps.clock.now();
    if (known !== undefined && now - known.atMs < registryAskMs) return { package: name, ...known };
    try {
      const found = await newestVersion(name, range, { npm: this.#deps.npm, signal });
      this.#newest.set(id, { atMs: now, ...found });
      return { package: name, ...found };
    } catch (error) {
      signal.throwIfAborted();
      const kept = addon.status?.release;
      if (kept?.package === name) return kept;
      const hint = 'it is tried again by itself; geobuk addon install FILE needs no registry';
      throw new SourceProblem('MissingPackage', `package ${id}: ${(error as Error).message}`, hint, { cause: error });
    }
  }

  #load(addon: Addon, release: AddonRelease, signal: AbortSignal): Promise<LoadedRelease> {
    const known = this.#loaded.get(release.integrity);
    if (known !== undefined) return known;
    const loading = this.#open(addon, release, signal);
    this.#loaded.set(release.integrity, loading);
    loading.catch(() => this.#loaded.delete(release.integrity));
    return loading;
  }

  async #open(addon: Addon, release: AddonRelease, signal: AbortSignal): Promise<LoadedRelease> {
    const { moduleRoots, npm, cluster } = this.#deps;
    const what = `package ${release.package}@${release.version}`;
    const archive = await this.#archiveOf(addon, release, signal);
    try {
      const directory = this.#directoryOf(release);
      const root = await installNpmArchiveOnce(archive, { directory, moduleRoots, npm, signal });
      const entry = archive.manifest.geobuk?.addon;
      if (typeof entry !== 'string') throw new ArchiveError('its package.json does not say geobuk.addon');
      const question = {
        entry: join(root, entry),
        readable: [directory, ...(await productFolders(moduleRoots))],
        cluster,
      };
      const { facts } = await evaluateAddon(question, signal);
      const name = addon.metadata.name ?? '';
      if (facts.name !== name) throw new ArchiveError(`it is the addon ${facts.name}, not ${name}`);
      if (facts.version !== release.version) throw new ArchiveError(`its definition says version ${facts.version}`);
      const memo = new Map<string, readonly KubernetesObject[]>();
      return {
        facts,
        integrity: release.integrity,
        isForeign: addon.spec.source !== undefined,
        packageBytes: archive.files.reduce((sum, { bytes }) => sum + bytes.length, 0),
        objects: async (config, asking) => {
          const id = JSON.stringify(config);
          const objects = memo.get(id) ?? (await evaluateAddon({ ...question, config }, asking)).objects ?? [];
          if (memo.size >= 4) memo.clear();
          memo.set(id, objects);
          return objects;
        },
      };
    } catch (error) {
      signal.throwIfAborted();
      const message = `${what}: ${(error as Error).message}`;
      throw new SourceProblem('BadPackage', message, 'install another version of it', { cause: error });
    }
  }

  /** From the cluster; else from the registry, and then the cluster keeps it. */
  async #archiveOf(addon: Addon, release: AddonRelease, signal: AbortSignal): Promise<NpmArchive> {
    const { client, npm } = this.#deps;
    const { package: name, version, integrity } = release;
    const what = `package ${name}@${version}`;
    const key = { name: addonPackageName(name, version) };
    const kept = await client.read(addonPackages, key, { signal }).catch(ignoring(isNotFound));
    const bytes =
      kept === undefined
        ? await fetchNpmArchive(name, version, { npm, signal }).catch((cause: unknown) => {
            signal.throwIfAborted();
            const message = `${what} is not in the cluster, and npm cannot get it: ${(cause as Error).message}`;
            throw new SourceProblem('MissingPackage', message, 'give it with geobuk addon install FILE', { cause });
          })
        : Buffer.from(kept.spec.archive, 'base64');
    const found = integrityOf(bytes);
    if (found !== integrity) {
      const message = `${what} has the integrity ${found}, not ${integrity}`;
      throw new SourceProblem('IntegrityMismatch', message, 'make sure of the package, then set spec.source.integrity');
    }
    if (bytes.length > addonArchiveLimitBytes) {
      const message = `${what} has ${bytes.length} bytes, more than the ${addonArchiveLimitBytes} that a cluster keeps`;
      throw new SourceProblem('BadPackage', message, 'leave out of the package what does not run');
    }
    try {
      const archive = readNpmArchive(bytes);
      if (kept === undefined) await this.#store(addon, release, bytes, signal);
      else await this.#own(addon, kept, signal);
      return archive;
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      const message = `${what}: ${error.message}`;
      throw new SourceProblem('BadPackage', message, 'install another version of it', { cause: error });
    }
  }

  async #store(addon: Addon, release: AddonRelease, bytes: Buffer, signal: AbortSignal): Promise<AddonRelease> {
    const { client } = this.#deps;
    const object: AddonPackage = {
      apiVersion: apiVersionOf(addonPackages),
      kind: addonPackages.kind,
      metadata: {
        name: addonPackageName(release.package, release.version),
        labels: { [addonPackageLabel]: addon.metadata.name ?? '' },
        ownerReferences: [ownerOf(addon)],
      },
      spec: { ...release, archive: bytes.toString('base64') },
    };
    const made = await client.create(addonPackages, object, { signal }).catch(ignoring(isAlreadyExists));
    if (made !== undefined) return release;
    // Built again under the same version: what was kept stays the one to go back to.
    const { spec } = await client.read(addonPackages, keyOf(object), { signal });
    return { package: spec.package, version: spec.version, integrity: spec.integrity };
  }

  /** Goes with its Addon: the garbage collector sees to that. */
  async #own(addon: Addon, kept: AddonPackage, signal: AbortSignal): Promise<void> {
    const { uid } = ownerOf(addon);
    if (kept.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true) return;
    const labels = { [addonPackageLabel]: addon.metadata.name ?? '' };
    const body = { metadata: { labels, ownerReferences: [ownerOf(addon)] } };
    await this.#deps.client.patch(addonPackages, keyOf(kept), { type: 'merge', body }, { signal });
  }

  #directoryOf({ package: name, version, integrity }: AddonRelease): string {
    const tag = createHash('sha256').update(integrity).digest('hex').slice(0, 8);
    return join(this.#deps.directory, `${addonPackageName(name, version)}-${tag}`);
  }

  async #sizeOf(directory: string): Promise<number> {
    const known = this.#sizes.get(directory);
    if (known !== undefined) return known;
    let bytes = 0;
    const entries = await readdir(join(directory, 'dist'), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries)
      if (entry.isFile() && !/(\.map|\.d\.ts|\.tsbuildinfo)$/.test(entry.name))
        bytes += (await stat(join(entry.parentPath, entry.name))).size;
    this.#sizes.set(directory, bytes);
    return bytes;
  }
}

const ownerOf = (addon: Addon) => ({
  apiVersion: apiVersionOf(addons),
  kind: addons.kind,
  name: addon.metadata.name ?? '',
  uid: addon.metadata.uid ?? '',
});
