import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { TarFile } from './tar.js';
import { ArchiveError, readTar, writeTar } from './tar.js';

/** What of a package.json matters to who installs it. */
export interface NpmManifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>> | undefined;
  readonly peerDependencies?: Readonly<Record<string, string>> | undefined;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean } | undefined>> | undefined;
  readonly geobuk?: { readonly addon?: unknown } | undefined;
}

/** The `.tgz` of `npm pack`, read. */
export interface NpmArchive {
  readonly manifest: NpmManifest;
  /** `sha512-…` of the archive, as npm writes it. */
  readonly integrity: string;
  readonly files: readonly TarFile[];
}

const limits = { files: 10_000, bytes: 64 << 20 };
const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

/** Follows: Subresource Integrity, as in npm's lock files. */
export const integrityOf = (bytes: Buffer): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

/** @throws {ArchiveError} not an npm package, or one that is not to be trusted on its face. */
export function readNpmArchive(bytes: Buffer): NpmArchive {
  let unzipped: Buffer;
  try {
    unzipped = gunzipSync(bytes, { maxOutputLength: limits.bytes + (limits.files << 10) });
  } catch (error) {
    throw new ArchiveError(`not a gzipped archive: ${(error as Error).message}`, { cause: error });
  }
  // npm puts everything below one folder, whatever its name.
  const files = readTar(unzipped, limits).flatMap(({ path, ...file }) => {
    const slash = path.indexOf('/');
    return slash < 0 ? [] : [{ ...file, path: path.slice(slash + 1) }];
  });
  const manifest = files.find(({ path }) => path === 'package.json');
  if (manifest === undefined) throw new ArchiveError('no package.json in it: make it with npm pack');
  return { manifest: parseManifest(manifest.bytes.toString('utf8')), integrity: integrityOf(bytes), files };
}

function parseManifest(text: string): NpmManifest {
  let value: Partial<Record<keyof NpmManifest, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    throw new ArchiveError(`package.json is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const { name, version } = value;
  if (typeof name !== 'string' || !packageName.test(name)) throw new ArchiveError('package.json has no valid name');
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/.test(version))
    throw new ArchiveError('package.json has no valid version');
  return value as NpmManifest;
}

/** What a package needs to run; not its tests, types and maps. */
const isNeeded = (path: string): boolean =>
  path === 'package.json' ||
  path === 'README.md' ||
  (/^(dist|bin|lib)\//.test(path) && !/(\.map|\.d\.ts|\.tsbuildinfo|\.test\.js|\.fixture\.js)$/.test(path));

/** An archive of a package as it is installed; the same files give the same archive. */
export async function packDirectory(directory: string): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.startsWith('node_modules/') && isNeeded(path))
    .sort();
  const files: TarFile[] = [];
  for (const path of paths)
    files.push({ path: `package/${path}`, bytes: await readFile(join(directory, path)), executable: false });
  // Zero the time in gzip's own header, which Node.js leaves zero anyway; only the level must not change.
  return gzipSync(writeTar(files), { level: 9 });
}
