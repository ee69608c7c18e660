import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddonCluster, KubernetesObject } from '@geobuk/api';
import { addonArchiveLimitBytes, resolveAddonConfig } from '@geobuk/api';
import type { NpmManifest } from '@geobuk/client';
import { ArchiveError, installNpmArchive, readNpmArchive } from '@geobuk/client';
import type { AddonAsk } from './addon-asks.js';
import { asksOf } from './addon-asks.js';
import type { AddonFacts } from './evaluate-addon.js';
import { evaluateAddon, productFolders } from './evaluate-addon.js';

/** An addon's package before anybody lets it into a cluster. */
export interface InspectedArchive {
  readonly manifest: NpmManifest;
  readonly integrity: string;
  readonly facts: AddonFacts;
  /** With the given configuration. */
  readonly objects: readonly KubernetesObject[];
  readonly asks: readonly AddonAsk[];
}

export interface InspectOptions {
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly moduleRoots: readonly string[];
  readonly npm?: string | undefined;
  readonly signal: AbortSignal;
}

/** Stands in for the cluster that the package may come into: what it asks for does not depend on addresses. */
const anyCluster: AddonCluster = {
  id: '00000000',
  podCIDR: '10.42.0.0/16',
  serviceCIDR: '10.43.0.0/16',
  dnsAddress: '10.43.0.10',
  domain: 'cluster.local',
  version: 'v1.34.0',
};

/** @throws {ArchiveError} not an addon's package. @throws {Error} it fails, or does not take the configuration. */
export async function inspectAddonArchive(bytes: Buffer, options: InspectOptions): Promise<InspectedArchive> {
  const { config: chosen = {}, moduleRoots, npm, signal } = options;
  if (bytes.length > addonArchiveLimitBytes)
    throw new ArchiveError(`${bytes.length} bytes are more than the ${addonArchiveLimitBytes} that a cluster keeps`);
  const archive = readNpmArchive(bytes);
  const entry = archive.manifest.geobuk?.addon;
  if (typeof entry !== 'string') throw new ArchiveError('its package.json does not say geobuk.addon: not an addon');
  const directory = await mkdtemp(join(tmpdir(), 'geobuk-addon-'));
  try {
    const root = await installNpmArchive(archive, { directory, moduleRoots, npm, signal });
    const readable = [directory, ...(await productFolders(moduleRoots))];
    const question = { entry: join(root, entry), readable, cluster: anyCluster };
    const { facts } = await evaluateAddon(question, signal);
    if (facts.version !== archive.manifest.version)
      throw new ArchiveError(
        `its definition says version ${facts.version}, its package.json ${archive.manifest.version}`,
      );
    const resolved = resolveAddonConfig(facts.config, chosen);
    if (!resolved.valid)
      throw new ArchiveError(resolved.errors.map(({ path, message }) => `${path}: ${message}`).join('; '));
    const { objects = [] } = await evaluateAddon({ ...question, config: resolved.config }, signal);
    return { manifest: archive.manifest, integrity: archive.integrity, facts, objects, asks: asksOf(objects) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
