import { statfs } from 'node:fs/promises';
import { readPressure } from '../node/machine.js';
import type { ContainerRuntime } from '../runtime/runtime.js';
import type { Reading, Readings } from './pressure.js';
import type { EvictionSignal } from './thresholds.js';

export interface NodeReadingsDeps {
  /** On the disk that holds pods' volumes and logs. */
  readonly podsRoot: string;
  readonly memoryBytes: number;
  readonly engine: ContainerRuntime | undefined;
}

/** What is left on this node. Follows: the eviction signals of the summary. */
export class NodeReadings {
  readonly #deps: NodeReadingsDeps;
  #imagePath: string | undefined;

  constructor(deps: NodeReadingsDeps) {
    this.#deps = deps;
  }

  async read(signal: AbortSignal): Promise<Readings> {
    const { podsRoot, memoryBytes } = this.#deps;
    const pressure = await readPressure(podsRoot);
    const found = new Map<EvictionSignal, Reading>([
      ['memory.available', { available: pressure.memoryAvailableBytes, capacity: memoryBytes }],
      ['pid.available', { available: pressure.pidsAvailable, capacity: pressure.pidsMax }],
    ]);
    const disk = async (name: 'nodefs' | 'imagefs', path: string): Promise<void> => {
      const { bavail, blocks, bsize, ffree, files } = await statfs(path);
      found.set(`${name}.available`, { available: bavail * bsize, capacity: blocks * bsize });
      // Some file systems make inodes as they need them and say 0.
      if (files > 0) found.set(`${name}.inodesFree`, { available: ffree, capacity: files });
    };
    await disk('nodefs', podsRoot);
    this.#imagePath ??= await this.#askImagePath(signal);
    if (this.#imagePath !== undefined) await disk('imagefs', this.#imagePath);
    return found;
  }

  /** An engine that is away now is asked again next time; meanwhile its disk is not looked at. */
  async #askImagePath(signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#deps.engine?.imageFilesystem({ signal }).catch(() => undefined);
    return answer === undefined || answer.path === '' ? undefined : answer.path;
  }
}
