import type { PersistentVolume } from '@geobuk/api';
import { bytesOf } from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import type { Place } from './local-volume.js';
import { isOurs } from './local-volume.js';
import type { Space } from './volume-directories.js';

export interface NodeCapacityDeps {
  readonly volumeLister: Lister<PersistentVolume>;
  readonly place: Place;
  readonly space: () => Promise<Space>;
  /** Quantity; empty: from the file system. */
  readonly capacity: string;
  readonly reservedPercent: number;
}

export interface CapacityState {
  readonly volumes: number;
  readonly limitBytes: number;
  readonly promisedBytes: number;
  /** What may still be promised. */
  readonly roomBytes: number;
}

/** Keeps the sum of what was promised on this node below what the node has. */
export class NodeCapacity {
  readonly #deps: NodeCapacityDeps;
  /** Sizes that were written and that the informer has not seen yet. */
  readonly #underway = new Map<string, number>();

  constructor(deps: NodeCapacityDeps) {
    this.#deps = deps;
  }

  async state(): Promise<CapacityState> {
    const { volumeLister, place, space, capacity, reservedPercent } = this.#deps;
    const { totalBytes, freeBytes } = await space();
    const usable = totalBytes * (1 - reservedPercent / 100);
    const limitBytes = Math.floor(capacity === '' ? usable : bytesOf(capacity));
    const ours = volumeLister.list().filter((volume) => isOurs(volume, place));
    const sizes = new Map(
      ours.map(({ metadata, spec }) => [metadata.name ?? '', bytesOf(spec.capacity?.['storage'] ?? '0')]),
    );
    for (const [name, bytes] of this.#underway) {
      if ((sizes.get(name) ?? -1) >= bytes) this.#underway.delete(name);
      else sizes.set(name, bytes);
    }
    let promisedBytes = 0;
    for (const bytes of sizes.values()) promisedBytes += bytes;
    // Others fill the disk as well: what is not there cannot be given, whatever was counted.
    const roomBytes = Math.max(0, Math.min(limitBytes - promisedBytes, freeBytes));
    return { volumes: sizes.size, limitBytes, promisedBytes, roomBytes };
  }

  /** Counts a volume as this large from now on, until the informer says so too. */
  promise(name: string, sizeBytes: number): void {
    this.#underway.set(name, sizeBytes);
  }

  /** It came to nothing. */
  takeBack(name: string): void {
    this.#underway.delete(name);
  }
}
