import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ArchiveError, installNpmArchive, readNpmArchive } from '@geobuk/client';
import { RuntimeError } from '../runtime.js';
import type { ImageState } from '../runtime.js';
import { formatNpmReference, parseNpmReference, satisfies } from './npm-reference.js';
import { treeDigest } from './tree-digest.js';

export interface NpmImagesConfig {
  /** Directories from which installed packages are found, as Node finds them. */
  readonly moduleRoots: readonly string[];
  /** Packages that are not installed go here. */
  readonly directory: string;
  /** Packages that the cluster keeps; asked before the registry. */
  readonly archive?: ArchiveSource | undefined;
  /** The npm command. Default: the one beside this Node.js, else any in the usual places. */
  readonly npm?: string | undefined;
}

/** The archive of a package that the cluster keeps, checked by its integrity hash; undefined when it keeps none. */
export type ArchiveSource = (
  name: string,
  version: string,
  signal: AbortSignal,
) => Promise<{ readonly integrity: string; readonly bytes: Buffer } | undefined>;

/** A package that can be run. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly root: string;
  /** File to run. */
  readonly entry: string;
  /** `sha512-…` of the package's archive, for one that came from a registry. */
  readonly integrity: string | undefined;
  /** Directory that was made for it, undefined for one that was there anyway. */
  readonly installedIn: string | undefined;
}

interface InstallRecord {
  readonly integrity: string;
  readonly treeDigest: string;
}

const installTimeoutMs = 600_000;
const outputBytes = 1 << 20;
const recordFile = 'geobuk.json';

/** The images of the host runtime: npm packages, those on the node first, the registry's after. */
export class NpmImages {
  readonly #config: NpmImagesConfig;
  /** References that pods asked for, with the package they mean. */
  readonly #known = new Map<string, NpmPackage>();

  constructor(config: NpmImagesConfig) {
    this.#config = config;
  }

  /** The package a reference means, if it is on this node. @throws {RuntimeError} InvalidImageName. */
  async find(reference: string): Promise<NpmPackage | undefined> {
    const { name, range } = parseNpmReference(reference);
    for (const root of this.#config.moduleRoots) {
      for (let from = root; ; from = dirname(from)) {
        const found = await readPackage(join(from, 'node_modules', name), name, undefined);
        if (found !== undefined && satisfies(found.version, range)) return this.#remember(reference, found);
        if (from === dirname(from)) break;
      }
    }
    for (const installed of await this.#installed()) {
      if (installed.name === name && satisfies(installed.version, range)) return this.#remember(reference, installed);
    }
    this.#known.delete(reference);
    return undefined;
  }

  /** Finds or installs it. @throws {RuntimeError} ImagePull, InvalidImageName. */
  async pull(reference: string, signal: AbortSignal): Promise<NpmPackage> {
    const found = await this.find(reference);
    if (found !== undefined) {
      await verify(found);
      return found;
    }
    const { name, range } = parseNpmReference(reference);
    const kept = range === undefined ? undefined : await this.#config.archive?.(name, range, signal);
    await mkdir(this.#config.directory, { recursive: true, mode: 0o755 });
    const scratch = await mkdtemp(join(this.#config.directory, '.install-'));
    try {
      const integrity =
        kept === undefined
          ? await this.#install(scratch, name, range ?? 'latest', signal)
          : await this.#unpack(scratch, reference, kept, signal);
      const fresh = await readPackage(join(scratch, 'node_modules', name), name, scratch);
      if (fresh === undefined) throw new RuntimeError('ImagePull', `${reference}: the package has nothing to run`);
      const record: InstallRecord = { integrity, treeDigest: await treeDigest(join(scratch, 'node_modules')) };
      await writeFile(join(scratch, recordFile), JSON.stringify(record));
      const target = join(this.#config.directory, `${name.replace('/', '+')}@${fresh.version}`);
      await rm(target, { recursive: true, force: true });
      await rename(scratch, target);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    const installed = await this.find(reference);
    if (installed === undefined) throw new RuntimeError('ImagePull', `${reference}: installed, but not found again`);
    return installed;
  }

  async list(): Promise<readonly ImageState[]> {
    const byPackage = new Map<string, { readonly image: NpmPackage; readonly tags: Set<string> }>();
    const add = (image: NpmPackage, ...tags: readonly string[]): void => {
      const id = formatNpmReference(image.name, image.version);
      const entry = byPackage.get(id) ?? { image, tags: new Set([id]) };
      for (const tag of tags) entry.tags.add(tag);
      byPackage.set(id, entry);
    };
    for (const [reference, image] of this.#known) add(image, reference);
    for (const image of await this.#installed()) add(image);
    return [...byPackage.values()].map(({ image, tags }) => stateOf(image, [...tags]));
  }

  async state(reference: string): Promise<ImageState | undefined> {
    const found = await this.find(reference);
    return found === undefined ? undefined : stateOf(found, [formatNpmReference(found.name, found.version), reference]);
  }

  /** Removes what was installed for pods; packages that belong to the node stay. */
  async remove(reference: string): Promise<void> {
    const found = await this.find(reference);
    if (found?.installedIn !== undefined) await rm(found.installedIn, { recursive: true, force: true });
    this.#known.delete(reference);
  }

  #remember(reference: string, found: NpmPackage): NpmPackage {
    this.#known.set(reference, found);
    return found;
  }

  async #installed(): Promise<readonly NpmPackage[]> {
    const names = await readdir(this.#config.directory).catch(() => []);
    const found: NpmPackage[] = [];
    for (const directoryName of names
      .filter((name) => !name.startsWith('.'))
      .sort()
      .reverse()) {
      const directory = join(this.#config.directory, directoryName);
      const name = directoryName.slice(0, directoryName.lastIndexOf('@')).replace('+', '/');
      const image = await readPackage(join(directory, 'node_modules', name), name, directory);
      if (image !== undefined) found.push(image);
    }
    return found;
  }

  async #unpack(
    scratch: string,
    reference: string,
    kept: { readonly integrity: string; readonly bytes: Buffer },
    signal: AbortSignal,
  ): Promise<string> {
    const { moduleRoots, npm } = this.#config;
    try {
      const archive = readNpmArchive(kept.bytes);
      if (archive.integrity !== kept.integrity)
        throw new ArchiveError(`the archive has the integrity ${archive.integrity}, not ${kept.integrity}`);
      await installNpmArchive(archive, { directory: scratch, moduleRoots, npm, signal });
      return archive.integrity;
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      throw new RuntimeError('ImagePull', `${reference}: ${error.message}`, { cause: error });
    }
  }

  /** @returns what npm checked the archive against. */
  async #install(prefix: string, name: string, range: string, signal: AbortSignal): Promise<string> {
    const wanted = `${name}@${range}`;
    const args = ['install', '--prefix', prefix, '--prefer-offline', '--ignore-scripts', '--omit=dev', '--no-audit'];
    const npm = this.#config.npm ?? join(dirname(process.execPath), 'npm');
    await writeFile(join(prefix, 'package.json'), JSON.stringify({ private: true }));
    try {
      await promisify(execFile)(npm, [...args, '--no-fund', '--loglevel=error', '--', wanted], {
        signal,
        timeout: installTimeoutMs,
        maxBuffer: outputBytes,
        cwd: prefix,
      });
    } catch (error) {
      signal.throwIfAborted();
      const words = (error as { readonly stderr?: string }).stderr?.trim() || (error as Error).message;
      throw new RuntimeError('ImagePull', `npm install ${wanted}: ${words.slice(-1000)}`, { cause: error });
    }
    return lockedIntegrity(prefix, name);
  }
}

async function readPackage(
  directory: string,
  name: string,
  installedIn: string | undefined,
): Promise<NpmPackage | undefined> {
  let manifest: {
    readonly name?: unknown;
    readonly version?: unknown;
    readonly bin?: unknown;
    readonly main?: unknown;
  };
  let root: string;
  try {
    root = await realpath(directory);
    manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as typeof manifest;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  if (manifest.name !== name || typeof manifest.version !== 'string') return undefined;
  const entry = join(root, entryOf(name, manifest.bin, manifest.main));
  const integrity = installedIn === undefined ? undefined : (await readRecord(installedIn))?.integrity;
  return { name, version: manifest.version, root, entry, integrity, installedIn };
}

/** `bin` when it is one program, or the one named like the package; else `main`. */
function entryOf(name: string, bin: unknown, main: unknown): string {
  if (typeof bin === 'string') return bin;
  if (typeof bin === 'object' && bin !== null) {
    const programs = bin as Readonly<Record<string, string>>;
    const program = programs[name.replace(/^@.*\//, '')] ?? Object.values(programs)[0];
    if (program !== undefined) return program;
  }
  return typeof main === 'string' ? main : 'index.js';
}

async function readRecord(directory: string): Promise<InstallRecord | undefined> {
  const text = await readFile(join(directory, recordFile), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as InstallRecord);
}

/** What npm checked the archive against. @throws {RuntimeError} ImagePull without one: unverified code is not run. */
async function lockedIntegrity(prefix: string, name: string): Promise<string> {
  const lock = JSON.parse(await readFile(join(prefix, 'package-lock.json'), 'utf8')) as {
    readonly packages?: Readonly<Record<string, { readonly integrity?: string } | undefined>>;
  };
  const integrity = lock.packages?.[`node_modules/${name}`]?.integrity;
  if (integrity === undefined) throw new RuntimeError('ImagePull', `${name}: the registry gives no integrity hash`);
  return integrity;
}

/** Installed files are the ones that were installed. @throws {RuntimeError} ImagePull when somebody changed them. */
async function verify(image: NpmPackage): Promise<void> {
  if (image.installedIn === undefined) return;
  const record = await readRecord(image.installedIn);
  if (record !== undefined && record.treeDigest === (await treeDigest(join(image.installedIn, 'node_modules')))) return;
  throw new RuntimeError('ImagePull', `${image.name}@${image.version} was changed after its installation: remove it`);
}

/** Size of the entry's package is not asked often enough to be worth walking it: 0 says unknown, as in CRI. */
const stateOf = (image: NpmPackage, tags: readonly string[]): ImageState => ({
  id: formatNpmReference(image.name, image.version),
  tags: [...new Set(tags)],
  digests: image.integrity === undefined ? [] : [`npm:${image.name}@${image.integrity}`],
  sizeBytes: 0,
  uid: undefined,
  username: '',
  pinned: image.installedIn === undefined,
});

/** Whether the entry is there; a package of the workspace may not be built yet. */
export const isRunnable = (image: NpmPackage): Promise<boolean> =>
  stat(image.entry).then(
    (found) => found.isFile(),
    () => false,
  );
