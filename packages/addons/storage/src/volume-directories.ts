import { chmod, mkdir, readdir, rm, rmdir, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A name that the provisioner gives, so that nothing else in the folder is ever removed. */
const volumeName = /^pvc-[0-9A-Za-z-]+$/;

export interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** The folder of one node that holds its volumes, each a directory. */
export class VolumeDirectories {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Only the node itself comes through the folder; pods get their directory mounted. */
  async open(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await chmod(this.#root, 0o700);
  }

  /** Empty, and for any user: the pod decides who it runs as. */
  async create(name: string): Promise<void> {
    const path = this.#path(name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777); // mkdir's mode is cut by the umask
  }

  /** With all that is in it. Fine if it is gone already. */
  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
  }

  async names(): Promise<readonly string[]> {
    return (await readdir(this.#root)).filter((name) => volumeName.test(name));
  }

  /** Removes a directory that holds nothing. @returns whether it did. */
  async removeIfEmpty(name: string): Promise<boolean> {
    return rmdirIfEmpty(this.#path(name));
  }

  async space(): Promise<Space> {
    const { blocks, bavail, bsize } = await statfs(this.#root);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  }

  /** Leaves no trace where there is nothing to keep: also the folders around, up to and without `top`. */
  async close(top: string): Promise<void> {
    for (let path = this.#root; path.startsWith(`${top}/`); path = dirname(path)) {
      if (!(await rmdirIfEmpty(path))) return;
    }
  }

  #path(name: string): string {
    if (!volumeName.test(name) || basename(name) !== name) throw new TypeError(`"${name}" is no name of a volume`);
    return join(this.#root, name);
  }
}

async function rmdirIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EBUSY') return false;
    throw error;
  }
}
