import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat, truncate, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/names.js';
import { isDigest, splitDigest } from '../oci/names.js';
import { RegistryError } from '../oci/registry-error.js';
import { isMissing, makeDirectory, syncDirectory } from './durable-file.js';
import { Mutex } from './mutex.js';

export interface ContentStoreOptions {
  readonly directory: string;
  /** What all contents and uploads together may take; 0: as much as the disk has. */
  readonly capacityBytes: number;
}

const uploadId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Contents by their digest, each a file that is complete and on the disk before it has its name, and uploads, which are files
 * that grow. What was acknowledged is there after a crash; what was not is at most an upload that goes on.
 */
export class ContentStore {
  readonly #blobs: string;
  readonly #uploads: string;
  readonly #capacityBytes: number;
  readonly #busy = new Set<string>();
  /** Of two uploads of the same content one is enough. */
  readonly #settling = new Mutex();
  #usedBytes = 0;

  private constructor({ directory, capacityBytes }: ContentStoreOptions) {
    this.#blobs = join(directory, 'blobs');
    this.#uploads = join(directory, 'uploads');
    this.#capacityBytes = capacityBytes;
  }

  static async open(options: ContentStoreOptions): Promise<ContentStore> {
    const store = new ContentStore(options);
    await makeDirectory(store.#blobs);
    await makeDirectory(store.#uploads);
    for await (const { sizeBytes } of store.all()) store.#usedBytes += sizeBytes;
    for (const id of await readdir(store.#uploads)) store.#usedBytes += (await stat(join(store.#uploads, id))).size;
    return store;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** undefined: it is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** From `start` to `end`, both included. */
  read(digest: Digest, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(digest), range);
  }

  /** Somebody relies on it: the sweep leaves it for a while. */
  async touch(digest: Digest): Promise<void> {
    const now = new Date();
    await utimes(this.#path(digest), now, now).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }

  async put(digest: Digest, content: Uint8Array): Promise<void> {
    if ((await this.size(digest)) !== undefined) return this.touch(digest);
    this.#reserve(content.length);
    const path = join(this.#uploads, randomUUID());
    try {
      const handle = await open(path, 'wx', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await this.#settle(path, digest);
    } catch (error) {
      await rm(path, { force: true });
      this.#usedBytes -= content.length;
      throw asFull(error);
    }
  }

  /** @returns the upload's id; the repository is a part of it, so that no other can go on with it. */
  async startUpload(repository: string): Promise<string> {
    const id = randomUUID();
    const handle = await open(this.#uploadPath(repository, id), 'wx', 0o600).catch((error: unknown) => {
      throw asFull(error);
    });
    await handle.close();
    return id;
  }

  /** @throws {RegistryError} BLOB_UPLOAD_UNKNOWN */
  async uploadSize(repository: string, id: string): Promise<number> {
    try {
      return (await stat(this.#uploadPath(repository, id))).size;
    } catch (error) {
      if (isMissing(error)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
      throw error;
    }
  }

  /**
   * Adds to an upload, which keeps what arrived even if the rest does not.
   * @param start where the client says it goes on; absent: at the end.
   * @returns the new size.
   * @throws {RegistryError} RANGE_INVALID: not where the upload ends; FULL.
   */
  async append(repository: string, id: string, content: AsyncIterable<Buffer>, start?: number): Promise<number> {
    return this.#alone(id, async () => {
      const before = await this.uploadSize(repository, id);
      if (start !== undefined && start !== before)
        throw new RegistryError('RANGE_INVALID', `the upload goes on at ${before}, not at ${start}`);
      const handle = await open(this.#uploadPath(repository, id), 'a', 0o600);
      let size = before;
      try {
        for await (const chunk of content) {
          this.#reserve(chunk.length);
          try {
            await handle.appendFile(chunk);
          } catch (error) {
            this.#usedBytes -= chunk.length;
            await truncate(this.#uploadPath(repository, id), size); // half a chunk is none
            throw asFull(error);
          }
          size += chunk.length;
        }
        return size;
      } finally {
        await handle.close();
      }
    });
  }

  /**
   * Makes an upload a content.
   * @throws {RegistryError} DIGEST_INVALID: it has another digest, and is gone.
   */
  async finish(repository: string, id: string, digest: Digest): Promise<number> {
    return this.#alone(id, async () => {
      const size = await this.uploadSize(repository, id);
      const path = this.#uploadPath(repository, id);
      const handle = await open(path, 'r+');
      const hash = createHash(splitDigest(digest).algorithm);
      try {
        for await (const chunk of handle.createReadStream({ autoClose: false, start: 0 })) hash.update(chunk as Buffer);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (`${splitDigest(digest).algorithm}:${hash.digest('hex')}` !== digest) {
        await this.#discard(path, size);
        throw new RegistryError('DIGEST_INVALID', 'what was uploaded has another digest');
      }
      await this.#settling.run(async () => {
        if ((await this.size(digest)) === undefined) return this.#settle(path, digest);
        await this.#discard(path, size);
        return this.touch(digest);
      });
      return size;
    });
  }

  async cancel(repository: string, id: string): Promise<void> {
    await this.#alone(id, async () =>
      this.#discard(this.#uploadPath(repository, id), await this.uploadSize(repository, id)),
    );
  }

  /** Every content, with the time when somebody last relied on it. */
  async *all(): AsyncGenerator<{ readonly digest: Digest; readonly sizeBytes: number; readonly usedAtMs: number }> {
    for (const algorithm of await readdir(this.#blobs)) {
      for (const prefix of await readdir(join(this.#blobs, algorithm))) {
        for (const hex of await readdir(join(this.#blobs, algorithm, prefix))) {
          const digest = `${algorithm}:${hex}`;
          if (!isDigest(digest)) continue;
          const { size, mtimeMs } = await stat(this.#path(digest));
          yield { digest, sizeBytes: size, usedAtMs: mtimeMs };
        }
      }
    }
  }

  async remove(digest: Digest): Promise<void> {
    const size = await this.size(digest);
    if (size === undefined) return;
    await this.#discard(this.#path(digest), size);
  }

  /** Uploads that nobody has gone on with since. @returns how many. */
  async removeUploadsBefore(timeMs: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#uploads)) {
      const path = join(this.#uploads, name);
      const { size, mtimeMs } = await stat(path);
      if (mtimeMs >= timeMs || this.#busy.has(name.slice(-36))) continue;
      await this.#discard(path, size);
      removed += 1;
    }
    return removed;
  }

  async #discard(path: string, size: number): Promise<void> {
    await rm(path, { force: true });
    this.#usedBytes -= size;
  }

  async #settle(from: string, digest: Digest): Promise<void> {
    const path = this.#path(digest);
    await makeDirectory(dirname(path));
    await rename(from, path);
    await syncDirectory(dirname(path));
  }

  #reserve(bytes: number): void {
    if (this.#capacityBytes > 0 && this.#usedBytes + bytes > this.#capacityBytes) throw full(this.#capacityBytes);
    this.#usedBytes += bytes;
  }

  async #alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw new RegistryError('BLOB_UPLOAD_INVALID', 'another request works on this upload');
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }

  #path(digest: Digest): string {
    const { algorithm, hex } = splitDigest(digest);
    return join(this.#blobs, algorithm, hex.slice(0, 2), hex);
  }

  #uploadPath(repository: string, id: string): string {
    if (!uploadId.test(id)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
    const owner = createHash('sha256').update(repository).digest('hex').slice(0, 16);
    return join(this.#uploads, `${owner}-${id}`);
  }
}

const full = (capacityBytes: number): RegistryError =>
  new RegistryError(
    'FULL',
    `the registry is full: it may take ${capacityBytes} bytes: delete images, or raise capacity`,
  );

const asFull = (error: unknown): unknown =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    ? new RegistryError('FULL', 'the disk of the registry is full: delete images, or make room', { cause: error })
    : error;

export const digestOf = (content: Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest;
