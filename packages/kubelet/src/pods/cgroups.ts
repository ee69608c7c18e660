import { readFile, readdir, rmdir } from 'node:fs/promises';
import { ignoring } from '@geobuk/api';
import type { Pod } from '@geobuk/api';
import { Cgroup } from '../runtime/cgroup.js';
import type { LinuxResources } from '../runtime/runtime.js';
import { isTerminal } from './pod-containers.js';
import { cgroupParentOf, cpuShares, podRequests, podResources, qosClassOf } from './resources.js';

export interface PodCgroupsConfig {
  /** Below it lies `kubepods`; '' for the machine's own root. */
  readonly root: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

const mountPoint = '/sys/fs/cgroup';
/** Not there, not ours, or a child is just leaving: what stays is empty and costs nothing. */
const harmless = new Set(['ENOENT', 'ENOTDIR', 'EBUSY', 'EROFS', 'EACCES', 'EPERM', 'ENOTEMPTY']);
const ignore = ignoring((error) => harmless.has((error as NodeJS.ErrnoException).code ?? ''));
const classes = ['', '/burstable', '/besteffort'];
const noLimits = { cpuPeriod: 100_000, cpuQuota: 0, memoryLimitBytes: 0, oomScoreAdj: 0 };

/**
 * The groups above the containers: the node's pods together, those of a QoS class, and one for each pod. Where control
 * groups are not writable nothing is limited here. Follows: cgroup tree of the kubelet, node allocatable for pods.
 */
export class PodCgroups {
  readonly #config: PodCgroupsConfig;
  #opened = false;
  #burstableShares = 0;

  constructor(config: PodCgroupsConfig) {
    this.#config = config;
  }

  /** The pod's own group, with its limits; again after they changed. */
  ensure(pod: Pod, all: readonly Pod[]): void {
    this.#open();
    this.limit(pod, podResources(pod));
    this.balance(all);
  }

  /** @throws {Error} the kernel refuses, as a limit below what is in use. */
  limit(pod: Pod, resources: LinuxResources): void {
    const path = cgroupParentOf(pod, this.#config.root);
    const cut = path.lastIndexOf('/');
    Cgroup.open(path.slice(0, cut), path.slice(cut + 1))?.limit(resources);
  }

  /** Burstable pods together weigh what they asked for. Follows: qosContainerManager.setCPUCgroupConfig. */
  balance(all: readonly Pod[]): void {
    const millis = all
      .filter((pod) => !isTerminal(pod) && qosClassOf(pod) === 'Burstable')
      .reduce((sum, pod) => sum + podRequests(pod).cpuMillis, 0);
    const shares = cpuShares(millis);
    if (shares === this.#burstableShares) return;
    this.#burstableShares = shares;
    Cgroup.open(`${this.#config.root}/kubepods`, 'burstable')?.limit({ ...noLimits, cpuShares: shares });
  }

  /** Pods that have a group here. */
  async uids(): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const hierarchy of await hierarchies()) {
      for (const name of classes) {
        const directory = `${mountPoint}/${hierarchy}${this.#config.root}/kubepods${name}`;
        for (const entry of (await readdir(directory).catch(ignore)) ?? []) {
          if (entry.startsWith('pod')) found.add(entry.slice('pod'.length));
        }
      }
    }
    return [...found];
  }

  /** Processes and threads of the pod; 0 where nobody counts them. */
  async processes(pod: Pod): Promise<number> {
    const path = cgroupParentOf(pod, this.#config.root);
    const files = [`${mountPoint}/pids${path}/pids.current`, `${mountPoint}${path}/pids.current`];
    for (const file of files) {
      const text = await readFile(file, 'utf8').catch(ignore);
      if (text !== undefined) return Number(text.trim());
    }
    return 0;
  }

  /** SIGKILL for every process of these containers of the pod. */
  async kill(uid: string, containers: readonly string[]): Promise<void> {
    const pids = new Set<number>();
    for (const hierarchy of await hierarchies()) {
      for (const name of classes) {
        for (const id of containers) {
          const file = `${mountPoint}/${hierarchy}${this.#config.root}/kubepods${name}/pod${uid}/${id}/cgroup.procs`;
          const text = (await readFile(file, 'utf8').catch(ignore)) ?? '';
          for (const line of text.split('\n')) if (Number(line) > 0) pids.add(Number(line));
        }
      }
    }
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended meanwhile
      }
    }
  }

  async remove(uid: string): Promise<void> {
    for (const name of classes) await removeEverywhere(`${this.#config.root}/kubepods${name}/pod${uid}`);
  }

  /** What is left of a cluster's tree when none of its pods runs any more. */
  async removeTree(): Promise<void> {
    const { root } = this.#config;
    if (root === '') return; // The machine's own tree.
    for (const below of ['/kubepods/besteffort', '/kubepods/burstable', '/kubepods', '']) {
      await removeEverywhere(root + below);
    }
    this.#opened = false;
  }

  #open(): void {
    if (this.#opened) return;
    const { root, cpus, memoryBytes } = this.#config;
    const shares = cpuShares(cpus * 1000);
    Cgroup.open(root, 'kubepods')?.limit({ ...noLimits, cpuShares: shares, memoryLimitBytes: memoryBytes });
    Cgroup.open(`${root}/kubepods`, 'besteffort')?.limit({ ...noLimits, cpuShares: cpuShares(0) });
    this.#opened = true;
  }
}

/** One tree with version 2; with version 1 one for each controller. */
const hierarchies = async (): Promise<readonly string[]> => ['', ...((await readdir(mountPoint).catch(ignore)) ?? [])];

/** The engine makes groups in hierarchies that are of no interest here as well. */
async function removeEverywhere(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await rmdir(`${mountPoint}/${hierarchy}${path}`).catch(ignore);
}
