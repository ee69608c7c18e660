import { join } from 'node:path';
import type { Pod } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { PodDirectories } from '../../pods/pod-directories.js';
import type { PodSource } from '../../pods/pod-source.js';
import { cgroupParentOf } from '../../pods/resources.js';
import { anyProcessOf, readCgroupStats } from './cgroup-stats.js';
import type { CgroupStats } from './cgroup-stats.js';
import { directoryStats } from './file-stats.js';
import type { FileStats } from './file-stats.js';
import { interfacesOf } from './network-stats.js';
import type { InterfaceStats } from './network-stats.js';
import type { PodUsage } from './usage.js';
import type { VolumeStats, VolumeStatsReader } from './volume-stats.js';

/** What is known of a running pod beside what its runtime says. */
export interface PodDetails {
  readonly usage: PodUsage;
  /** Path of its control group; absent where it has none of ours. */
  readonly cgroupPath: string | undefined;
  readonly cgroup: CgroupStats | undefined;
  /** By container id. */
  readonly containers: ReadonlyMap<string, CgroupStats>;
  /** By container name; absent in the short form. */
  readonly logs: ReadonlyMap<string, FileStats>;
  readonly volumes: readonly VolumeStats[];
  /** Empty for a pod on the node's own network. */
  readonly interfaces: readonly InterfaceStats[];
}

export interface PodDetailsDeps {
  readonly source: PodSource;
  readonly directories: PodDirectories;
  readonly volumes: VolumeStatsReader;
  readonly cgroupRoot: string | undefined;
  readonly clock: Clock;
}

/** Reads what the kernel counts for pods: control groups, networks, files. */
export class PodDetailsReader {
  readonly #deps: PodDetailsDeps;

  constructor(deps: PodDetailsDeps) {
    this.#deps = deps;
  }

  /** `files`: logs and volumes too, which takes time. */
  async of(
    pods: readonly PodUsage[],
    { files }: { readonly files: boolean },
    signal: AbortSignal,
  ): Promise<readonly PodDetails[]> {
    const found: PodDetails[] = [];
    for (const usage of pods) found.push(await this.#one(usage, files, signal));
    if (files) this.#deps.volumes.keepOnly(new Set(this.#deps.source.all().map(({ metadata }) => metadata.uid ?? '')));
    return found;
  }

  async #one(usage: PodUsage, files: boolean, signal: AbortSignal): Promise<PodDetails> {
    const { source, cgroupRoot, volumes } = this.#deps;
    const pod = source.byUid(usage.pod.uid)?.pod;
    const cgroupPath = pod === undefined || cgroupRoot === undefined ? undefined : cgroupParentOf(pod, cgroupRoot);
    const containers = new Map<string, CgroupStats>();
    let interfaces: readonly InterfaceStats[] = [];
    if (cgroupPath !== undefined) {
      for (const { container } of usage.containers) {
        const stats = await readCgroupStats(join(cgroupPath, container.id));
        if (stats !== undefined) containers.set(container.id, stats);
      }
      const pid = await anyProcessOf(
        cgroupPath,
        usage.containers.map(({ container }) => container.id),
      );
      if (pid !== undefined && pod?.spec.hostNetwork !== true && usage.hasNetwork) interfaces = await interfacesOf(pid);
    }
    return {
      usage,
      cgroupPath,
      cgroup: cgroupPath === undefined ? undefined : await readCgroupStats(cgroupPath),
      containers,
      logs: files && pod !== undefined ? await this.#logs(pod, usage, signal) : new Map(),
      volumes: files && pod !== undefined ? await volumes.of(pod, signal) : [],
      interfaces,
    };
  }

  async #logs(pod: Pod, usage: PodUsage, signal: AbortSignal): Promise<ReadonlyMap<string, FileStats>> {
    const { directories, clock } = this.#deps;
    const found = new Map<string, FileStats>();
    for (const { name } of usage.containers) {
      const stats = await directoryStats(join(directories.logs(pod), name), clock.now(), signal);
      if (stats !== undefined) found.set(name, stats);
    }
    return found;
  }
}
