import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring } from '@geobuk/api';
import { csiPaths } from './csi-paths.js';
import type { CsiRoots } from './csi-paths.js';
import { uniqueVolumeName } from './csi-volume.js';
import { readRecord } from './volume-record.js';
import type { VolumeRecord } from './volume-record.js';

const missing = ignoring((error) => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''));
const entriesOf = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory).catch(missing)) ?? [];

export interface FoundVolumes {
  readonly published: readonly { readonly uid: string; readonly directory: string; readonly record: VolumeRecord }[];
  readonly staged: readonly { readonly directory: string; readonly record: VolumeRecord }[];
}

/** What an earlier kubelet had made. Follows: reconstruction of volumes. */
export async function findVolumes(roots: CsiRoots): Promise<FoundVolumes> {
  const published = [];
  for (const uid of await entriesOf(roots.podsRoot)) {
    for (const one of await volumesOfPod(roots, uid)) published.push({ uid, ...one });
  }
  const staged = [];
  for (const driver of await entriesOf(csiPaths.drivers(roots))) {
    for (const digest of await entriesOf(join(csiPaths.drivers(roots), driver))) {
      const directory = join(csiPaths.drivers(roots), driver, digest);
      const record = await readRecord(directory);
      if (record !== undefined) staged.push({ directory, record });
    }
  }
  return { published, staged };
}

/** Volumes of drivers that a pod has or may have. */
export async function volumesOfPod(
  roots: CsiRoots,
  uid: string,
): Promise<readonly { readonly directory: string; readonly record: VolumeRecord }[]> {
  const found = [];
  for (const name of await entriesOf(csiPaths.ofPod(roots, uid))) {
    const directory = csiPaths.volume(roots, uid, name);
    const record = await readRecord(directory);
    if (record !== undefined) found.push({ directory, record });
  }
  return found;
}

/** Which pods use which volumes of drivers; the last one turns off the light. */
export class VolumeUsers {
  readonly #users = new Map<string, Set<string>>();
  readonly #attached = new Set<string>();

  add(record: VolumeRecord, uid: string): void {
    const name = nameOf(record);
    const users = this.#users.get(name) ?? new Set<string>();
    this.#users.set(name, users.add(uid));
    if (record.attached) this.#attached.add(name);
  }

  /** @returns whether nobody uses it any more. */
  remove(record: VolumeRecord, uid: string): boolean {
    const users = this.#users.get(nameOf(record));
    users?.delete(uid);
    return users === undefined || users.size === 0;
  }

  isUsed(record: VolumeRecord): boolean {
    return (this.#users.get(nameOf(record))?.size ?? 0) > 0;
  }

  /** Nothing of it is left on this node. */
  forget(record: VolumeRecord): void {
    this.#users.delete(nameOf(record));
    this.#attached.delete(nameOf(record));
  }

  /** Those that must not be detached yet, as the Node's status names them. */
  get attached(): readonly string[] {
    return [...this.#attached].sort();
  }
}

const nameOf = ({ driverName, volumeHandle }: VolumeRecord): string =>
  uniqueVolumeName({ driver: driverName, handle: volumeHandle });
