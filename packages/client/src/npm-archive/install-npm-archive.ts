import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { satisfiesRange } from '@geobuk/api';
import type { NpmArchive, NpmManifest } from './npm-archive.js';
import { ArchiveError } from './tar.js';

export interface InstallOptions {
  /** `node_modules` is made in here; must be empty. */
  readonly directory: string;
  /** Directories from which what the product has is found, as Node.js finds it. */
  readonly moduleRoots: readonly string[];
  /** The npm command; the one beside this Node.js unless said. */
  readonly npm?: string | undefined;
  readonly signal: AbortSignal;
}

const installTimeoutMs = 600_000;
const outputBytes = 1 << 20;

/**
 * Unpacks an archive as `node_modules/<name>`. What it depends on comes out of the archive itself, else is linked to what
 * the product has, else comes from the registry. No script of a package is run.
 * @returns the package's folder. @throws {ArchiveError} a dependency is not to be had.
 */
export async function installNpmArchive(archive: NpmArchive, options: InstallOptions): Promise<string> {
  const { directory, moduleRoots, signal } = options;
  const { manifest, files } = archive;
  const links = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, range] of dependenciesOf(manifest)) {
    if (files.some(({ path }) => path === `node_modules/${name}/package.json`)) continue;
    const found = await findInstalled(name, range, moduleRoots);
    if (found === undefined) missing.push(`${name}@${range}`);
    else links.set(name, found);
  }
  // npm removes what it does not know, so it goes first.
  if (missing.length > 0) await npmInstall(missing, manifest.name, options);
  const modules = join(directory, 'node_modules');
  const root = join(modules, manifest.name);
  for (const { path, bytes, executable } of files) {
    signal.throwIfAborted();
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { mode: executable ? 0o755 : 0o644 });
  }
  for (const [name, target] of links) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(target, join(modules, name), 'dir');
  }
  return root;
}

/** Like {@link installNpmArchive}, into `directory` as a whole or not at all. A directory that is there already is kept. */
export async function installNpmArchiveOnce(archive: NpmArchive, options: InstallOptions): Promise<string> {
  const root = join(options.directory, 'node_modules', archive.manifest.name);
  const isThere = await realpath(join(root, 'package.json')).catch(() => undefined);
  if (isThere !== undefined) return root;
  await mkdir(dirname(options.directory), { recursive: true });
  const scratch = await mkdtemp(join(dirname(options.directory), '.install-'));
  try {
    await installNpmArchive(archive, { ...options, directory: scratch });
    await rm(options.directory, { recursive: true, force: true });
    await rename(scratch, options.directory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return root;
}

function dependenciesOf({ dependencies, peerDependencies, peerDependenciesMeta }: NpmManifest) {
  const peers = Object.entries(peerDependencies ?? {}).filter(
    ([name]) => peerDependenciesMeta?.[name]?.optional !== true,
  );
  return new Map([...peers, ...Object.entries(dependencies ?? {})]);
}

async function findInstalled(name: string, range: string, moduleRoots: readonly string[]): Promise<string | undefined> {
  for (const moduleRoot of moduleRoots) {
    for (let from = moduleRoot; ; from = dirname(from)) {
      const directory = join(from, 'node_modules', name);
      const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined);
      if (text !== undefined) {
        const { version } = JSON.parse(text) as { readonly version?: string };
        if (version !== undefined && satisfiesRange(version, range)) return realpath(directory);
      }
      if (from === dirname(from)) break;
    }
  }
  return undefined;
}

async function npmInstall(wanted: readonly string[], of: string, options: InstallOptions): Promise<void> {
  const { directory, signal, npm = join(dirname(process.execPath), 'npm') } = options;
  await writeFile(join(directory, 'package.json'), JSON.stringify({ private: true }));
  const args = ['install', '--prefix', directory, '--prefer-offline', '--ignore-scripts', '--omit=dev', '--no-audit'];
  try {
    await promisify(execFile)(npm, [...args, '--legacy-peer-deps', '--no-fund', '--loglevel=error', '--', ...wanted], {
      signal,
      timeout: installTimeoutMs,
      maxBuffer: outputBytes,
      cwd: directory,
    });
  } catch (error) {
    signal.throwIfAborted();
    const words = (error as { readonly stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new ArchiveError(
      `${of} needs ${wanted.join(', ')}, which npm cannot install (${words.split('\n')[0]?.slice(0, 300) ?? ''}): bundle it (bundleDependencies) or give access to a registry`,
      { cause: error },
    );
  }
}
