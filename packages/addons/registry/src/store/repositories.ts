import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '../oci/manifest.js';
import type { Manifest } from '../oci/manifest.js';
import type { Digest } from '../oci/names.js';
import { digestFile, digestOfFile, isDigest, isTag } from '../oci/names.js';
import { RegistryError } from '../oci/registry-error.js';
import type { ContentStore } from './content-store.js';
import { digestOf } from './content-store.js';
import { isMissing, readIfThere, syncDirectory, writeDurable } from './durable-file.js';
import { Mutex } from './mutex.js';

/** What is recorded of a manifest beside its content. */
export interface ManifestRecord {
  readonly mediaType: string;
  readonly sizeBytes: number;
}

export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Names of repositories and, in each, which contents it has, its manifests, tags and referrers. All are small files. */
export class Repositories {
  /** Whatever makes a content reachable, and the sweep, one at a time. */
  readonly lock = new Mutex();
  readonly #root: string;
  readonly #contents: ContentStore;

  constructor(directory: string, contents: ContentStore) {
    this.#root = join(directory, 'repositories');
    this.#contents = contents;
  }

  /** In order. */
  async names(): Promise<readonly string[]> {
    const found: string[] = [];
    const walk = async (path: string, name: string): Promise<void> => {
      for (const entry of await readdir(path, { withFileTypes: true }).catch(noEntries)) {
        if (entry.name === '_manifests') found.push(name);
        else if (entry.isDirectory() && !entry.name.startsWith('_'))
          await walk(join(path, entry.name), name === '' ? entry.name : `${name}/${entry.name}`);
      }
    };
    await walk(this.#root, '');
    return found.sort();
  }

  async hasBlob(name: string, digest: Digest): Promise<boolean> {
    const linked = await readIfThere(this.#file(name, '_blobs', digestFile(digest)));
    return linked !== undefined && (await this.#contents.size(digest)) !== undefined;
  }

  async linkBlob(name: string, digest: Digest): Promise<void> {
    await writeDurable(this.#file(name, '_blobs', digestFile(digest)), '');
  }

  /** @throws {RegistryError} BLOB_UNKNOWN */
  async unlinkBlob(name: string, digest: Digest): Promise<void> {
    await this.#remove(
      this.#file(name, '_blobs'),
      digestFile(digest),
      'BLOB_UNKNOWN',
      'the repository has no such blob',
    );
  }

  async blobs(name: string): Promise<readonly Digest[]> {
    return this.#digests(this.#file(name, '_blobs'));
  }

  async manifests(name: string): Promise<readonly Digest[]> {
    return this.#digests(this.#file(name, '_manifests'));
  }

  /** By tag or digest. */
  async resolve(name: string, reference: string): Promise<Digest | undefined> {
    if (isDigest(reference)) return reference;
    if (!isTag(reference)) return undefined;
    const text = (await readIfThere(this.#file(name, '_tags', reference)))?.toString('utf8') ?? '';
    return isDigest(text) ? text : undefined;
  }

  async manifest(name: string, digest: Digest): Promise<ManifestRecord | undefined> {
    const text = await readIfThere(this.#file(name, '_manifests', digestFile(digest)));
    return text === undefined ? undefined : (JSON.parse(text.toString('utf8')) as ManifestRecord);
  }

  /** @throws {RegistryError} when what it says of the manifest is not so (for `parse`, of one that is stored). */
  async parsed(name: string, digest: Digest): Promise<Manifest | undefined> {
    const record = await this.manifest(name, digest);
    if (record === undefined || (await this.#contents.size(digest)) === undefined) return undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of this.#contents.read(digest)) chunks.push(chunk as Buffer);
    return parseManifest(Buffer.concat(chunks), record.mediaType);
  }

  /**
   * Stores a manifest whose parts are all here, and points a tag at it.
   * @throws {RegistryError} MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID
   */
  async putManifest(
    name: string,
    reference: string,
    content: Uint8Array,
    contentType: string,
  ): Promise<{ readonly digest: Digest; readonly subject: Digest | undefined }> {
    const manifest = parseManifest(content, contentType);
    const digest = isDigest(reference) && reference.startsWith('sha512:') ? reference : digestOf(content);
    if (isDigest(reference) && reference !== (digest.startsWith('sha512:') ? await sha512Of(content) : digest))
      throw new RegistryError('DIGEST_INVALID', 'the manifest has another digest');
    return this.lock.run(async () => {
      for (const blob of manifest.blobs) {
        if (!(await this.hasBlob(name, blob)))
          throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `the repository has no blob ${blob}`);
      }
      for (const child of manifest.children) {
        if ((await this.manifest(name, child)) === undefined)
          throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `the repository has no manifest ${child}`);
      }
      await this.#contents.put(digest, content);
      const { subject, mediaType, artifactType, annotations } = manifest;
      if (subject !== undefined) {
        const descriptor: ReferrerDescriptor = {
          mediaType,
          digest,
          size: content.length,
          ...(artifactType === undefined ? {} : { artifactType }),
          ...(annotations === undefined ? {} : { annotations }),
        };
        const file = this.#file(name, '_referrers', digestFile(subject), digestFile(digest));
        await writeDurable(file, JSON.stringify(descriptor));
      }
      const record: ManifestRecord = { mediaType, sizeBytes: content.length };
      await writeDurable(this.#file(name, '_manifests', digestFile(digest)), JSON.stringify(record));
      if (!isDigest(reference)) await writeDurable(this.#file(name, '_tags', reference), digest);
      return { digest, subject };
    });
  }

  /** With the tags that point at it. @throws {RegistryError} MANIFEST_UNKNOWN */
  async deleteManifest(name: string, digest: Digest): Promise<void> {
    await this.lock.run(async () => {
      const subject = (await this.parsed(name, digest).catch(() => undefined))?.subject;
      for (const tag of await this.tags(name)) {
        if ((await this.resolve(name, tag)) === digest) await this.deleteTag(name, tag);
      }
      const unknown = 'the repository has no such manifest';
      await this.#remove(this.#file(name, '_manifests'), digestFile(digest), 'MANIFEST_UNKNOWN', unknown);
      if (subject !== undefined)
        await rm(this.#file(name, '_referrers', digestFile(subject), digestFile(digest)), { force: true });
    });
  }

  /** @throws {RegistryError} MANIFEST_UNKNOWN */
  async deleteTag(name: string, tag: string): Promise<void> {
    await this.#remove(this.#file(name, '_tags'), tag, 'MANIFEST_UNKNOWN', 'the repository has no such tag');
  }

  /** In order. */
  async tags(name: string): Promise<readonly string[]> {
    const names = await readdir(this.#file(name, '_tags')).catch(noNames);
    return names.filter(isTag).sort((a, b) => (a < b ? -1 : 1));
  }

  async exists(name: string): Promise<boolean> {
    return (await readdir(this.#file(name, '_manifests')).catch(noNames)).length > 0;
  }

  async referrers(name: string, subject: Digest): Promise<readonly ReferrerDescriptor[]> {
    const directory = this.#file(name, '_referrers', digestFile(subject));
    const found: ReferrerDescriptor[] = [];
    for (const digest of await this.#digests(directory)) {
      const text = await readIfThere(join(directory, digestFile(digest)));
      if (text !== undefined) found.push(JSON.parse(text.toString('utf8')) as ReferrerDescriptor);
    }
    return found;
  }

  async #digests(directory: string): Promise<readonly Digest[]> {
    const names = await readdir(directory).catch(noNames);
    return names.sort().flatMap((file) => digestOfFile(file) ?? []);
  }

  async #remove(
    directory: string,
    file: string,
    code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN',
    message: string,
  ): Promise<void> {
    try {
      await rm(join(directory, file));
    } catch (error) {
      if (isMissing(error)) throw new RegistryError(code, message);
      throw error;
    }
    await syncDirectory(directory);
  }

  #file(name: string, ...parts: readonly string[]): string {
    return join(this.#root, ...name.split('/'), ...parts);
  }
}

const noNames = (error: unknown): string[] => {
  if (isMissing(error)) return [];
  throw error;
};
const noEntries = (error: unknown): never[] => {
  if (isMissing(error)) return [];
  throw error;
};

async function sha512Of(content: Uint8Array): Promise<string> {
  const hash = Buffer.from(await crypto.subtle.digest('SHA-512', new Uint8Array(content)));
  return `sha512:${hash.toString('hex')}`;
}
