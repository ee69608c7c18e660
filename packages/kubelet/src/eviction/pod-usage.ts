import { join } from 'node:path';
import type { Pod } from '@geobuk/api';
import type { PodCgroups } from '../pods/cgroups.js';
import type { PodDirectories } from '../pods/pod-directories.js';
import type { PodRuntimes } from '../pods/pod-runtimes.js';
import type { ContainerStats } from '../runtime/runtime.js';
import { diskUse } from './disk-usage.js';
import type { PodUse } from './ranking.js';
import type { StorageUse } from './storage-limits.js';

export interface PodUsageReaderDeps {
  readonly runtimes: PodRuntimes;
  readonly directories: PodDirectories;
  readonly cgroups: PodCgroups | undefined;
}

/** Of one running container. */
export interface ContainerUse {
  readonly name: string;
  readonly memoryBytes: number;
  readonly layerBytes: number;
  readonly layerInodes: number;
}

/** Measures pods, when somebody has to know. */
export class PodUsageReader {
  readonly #deps: PodUsageReaderDeps;

  constructor(deps: PodUsageReaderDeps) {
    this.#deps = deps;
  }

  /** What the engines say, by pod uid. */
  async containers(signal: AbortSignal): Promise<ReadonlyMap<string, readonly ContainerUse[]>> {
    const found = new Map<string, readonly ContainerUse[]>();
    for (const runtime of this.#deps.runtimes.all) {
      const [states, stats] = await Promise.all([runtime.observeAll({ signal }), runtime.stats({ signal })]);
      const byId = new Map<string, ContainerStats>(stats.map((one) => [one.containerId, one]));
      for (const { pod, containers } of states) {
        const used = containers.flatMap(({ id, name, state }) => {
          const measured = byId.get(id);
          if (measured === undefined) return [];
          const memoryBytes = state === 'running' ? measured.memoryWorkingSetBytes : 0;
          return [{ name, memoryBytes, layerBytes: measured.rootfsUsedBytes, layerInodes: measured.rootfsInodes }];
        });
        found.set(pod.uid, used);
      }
    }
    return found;
  }

  async storage(pod: Pod, containers: readonly ContainerUse[], signal: AbortSignal): Promise<StorageUse> {
    const { directories } = this.#deps;
    const uid = pod.metadata.uid ?? '';
    const byContainer = new Map<string, number>();
    for (const { name, layerBytes } of containers) byContainer.set(name, (byContainer.get(name) ?? 0) + layerBytes);
    for (const { name } of pod.spec.containers) {
      const { bytes } = await diskUse(join(directories.logs(pod), name), signal);
      byContainer.set(name, (byContainer.get(name) ?? 0) + bytes);
    }
    const emptyDirs = new Map<string, number>();
    for (const { name, emptyDir } of pod.spec.volumes ?? []) {
      if (emptyDir === undefined || emptyDir.medium === 'Memory') continue;
      emptyDirs.set(name, (await diskUse(join(directories.root, uid, 'volumes', name), signal)).bytes);
    }
    return { containers: byContainer, emptyDirs };
  }

  /** All that a ranking may ask for. */
  async use(pod: Pod, containers: readonly ContainerUse[], signal: AbortSignal): Promise<PodUse> {
    const { directories, cgroups } = this.#deps;
    const uid = pod.metadata.uid ?? '';
    const files = await diskUse(join(directories.root, uid), signal);
    const logs = await diskUse(directories.logs(pod), signal);
    const sum = (value: (one: ContainerUse) => number): number =>
      containers.reduce((total, one) => total + value(one), 0);
    return {
      pod,
      memoryBytes: sum(({ memoryBytes }) => memoryBytes),
      diskBytes: files.bytes + logs.bytes + sum(({ layerBytes }) => layerBytes),
      inodes: files.inodes + logs.inodes + sum(({ layerInodes }) => layerInodes),
      processes: (await cgroups?.processes(pod)) ?? 0,
    };
  }
}
