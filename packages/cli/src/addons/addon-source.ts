import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Addon, AddonPackage, AddonSource } from '@geobuk/api';
import {
  addonPackageLabel,
  addonPackageName,
  addonPackages,
  addons,
  apiVersionOf,
  ignoring,
  isAlreadyExists,
  isNotFound,
} from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { integrityOf } from '@geobuk/client';
import type { InspectedArchive } from '@geobuk/control-plane';
import { CliError } from '../cli-error.js';

/** Where an addon's package is, as people write it. */
export type PackageSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'npm'; readonly package: string; readonly version: string };

/** `./x.tgz`, or `npm:NAME@VERSION`. @throws {CliError} usage. */
export function parseSource(text: string): PackageSource {
  if (!text.startsWith('npm:')) {
    if (/\.(tgz|tar\.gz)$/.test(text)) return { kind: 'file', path: resolve(text) };
    throw new CliError(`${text}: use a file that npm pack made (x.tgz), or npm:NAME@VERSION`, 2);
  }
  const match = /^npm:((?:@[^/@\s]+\/)?[^/@\s]+)@([^@\s]+)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new CliError(`${text}: use npm:NAME@VERSION, such as npm:@example/geobuk-addon-greeting@1.0.0`, 2);
  return { kind: 'npm', package: match[1], version: match[2] };
}

export interface ReadSourceOptions {
  /** What the archive must have. Needed for one from a registry: the registry is not to be believed on its word. */
  readonly integrity: string | undefined;
  readonly signal: AbortSignal;
}

/** The archive itself. @throws {CliError} it is not to be had, or is another one. */
export async function readSource(source: PackageSource, { integrity, signal }: ReadSourceOptions): Promise<Buffer> {
  const what = source.kind === 'file' ? source.path : `${source.package}@${source.version}`;
  let bytes: Buffer;
  if (source.kind === 'file') {
    if (!existsSync(source.path)) throw new CliError(`no such file: ${source.path}: make it with npm pack`);
    bytes = readFileSync(source.path);
  } else {
    const { fetchNpmArchive } = await import('@geobuk/control-plane');
    bytes = await fetchNpmArchive(source.package, source.version, { signal }).catch((cause: unknown) => {
      throw new CliError(
        `npm cannot get ${what}: ${(cause as Error).message}: check name and registry, or install it from a file`,
        1,
        { cause },
      );
    });
  }
  const found = integrityOf(bytes);
  if (integrity === undefined && source.kind === 'npm')
    throw new CliError(
      `${what} needs --integrity: make sure of it where it is published; the registry has now ${found}`,
    );
  if (integrity !== undefined && integrity !== found)
    throw new CliError(`${what} has the integrity ${found}, not ${integrity}: do not install it before you know why`);
  return bytes;
}

/** What the package is and asks for. @throws {CliError} not an addon's package. */
export async function inspectSource(
  bytes: Buffer,
  options: {
    readonly what: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly moduleRoots: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<InspectedArchive> {
  const { inspectAddonArchive } = await import('@geobuk/control-plane');
  return inspectAddonArchive(bytes, options).catch((cause: unknown) => {
    throw new CliError(`${options.what}: ${(cause as Error).message}: get another package from its author`, 1, {
      cause,
    });
  });
}

/** Gives the archive to the cluster, which keeps it for its control planes and nodes. @throws {CliError} */
export async function uploadArchive(
  client: Client,
  { manifest, integrity, facts }: InspectedArchive,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const { name: packageName, version } = manifest;
  const object: AddonPackage = {
    apiVersion: apiVersionOf(addonPackages),
    kind: addonPackages.kind,
    metadata: { name: addonPackageName(packageName, version), labels: { [addonPackageLabel]: facts.name } },
    spec: { package: packageName, version, integrity, archive: bytes.toString('base64') },
  };
  const made = await client.create(addonPackages, object, { signal }).catch(ignoring(isAlreadyExists));
  if (made !== undefined) return;
  const { spec } = await client.read(addonPackages, { name: object.metadata.name ?? '' }, { signal });
  if (spec.integrity === integrity && spec.package === packageName) return;
  throw new CliError(
    `the cluster has ${spec.package} ${spec.version} with other contents already: raise the version in package.json and pack it again`,
  );
}

/** The wish for a package, written; what was configured before stays. */
export async function wishForPackage(
  client: Client,
  name: string,
  wish: { readonly source: AddonSource; readonly config: Readonly<Record<string, unknown>> },
  options: { readonly signal: AbortSignal; readonly fieldManager: string },
): Promise<void> {
  const { source, config } = wish;
  const chosen = Object.keys(config).length === 0 ? {} : { config };
  const spec = { enabled: true, source, ...chosen };
  // A merge patch keeps items that are not named, so `allow` is named even when it is empty.
  const body = { spec: { ...spec, source: { ...source, allow: source.allow ?? null } } };
  const patched = await client.patch(addons, { name }, { type: 'merge', body }, options).catch(ignoring(isNotFound));
  if (patched !== undefined) return;
  const addon: Addon = { apiVersion: apiVersionOf(addons), kind: addons.kind, metadata: { name }, spec };
  await client.create(addons, addon, options);
}
