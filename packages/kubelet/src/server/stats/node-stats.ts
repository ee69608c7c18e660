import { readFile, readdir } from 'node:fs/promises';
import type { ContainerRuntime } from '../../runtime/runtime.js';
import { readCgroupStats } from './cgroup-stats.js';
import type { CgroupStats } from './cgroup-stats.js';
import { filesystemStats } from './file-stats.js';
import type { FileStats } from './file-stats.js';
import { interfacesOf } from './network-stats.js';
import type { InterfaceStats } from './network-stats.js';

/** What the summary says of the node beside cpu and memory. */
export interface NodeDetails {
  readonly bootedAtMs: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly interfaces: readonly InterfaceStats[];
  readonly defaultInterface: string | undefined;
  readonly nodeFs: FileStats | undefined;
  readonly imageFs: FileStats | undefined;
  readonly processes: number;
  readonly maxProcesses: number;
  readonly cpus: number;
  /** All pods together. */
  readonly pods: CgroupStats | undefined;
  readonly kubelet: { readonly cpuNanos: number; readonly rssBytes: number };
}

export interface NodeDetailsDeps {
  readonly podsRoot: string;
  readonly cgroupRoot: string | undefined;
  readonly engine: ContainerRuntime | undefined;
  readonly cpus: number;
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const valueOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:?\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

export async function readNodeDetails(deps: NodeDetailsDeps, now: number, signal: AbortSignal): Promise<NodeDetails> {
  const { podsRoot, cgroupRoot, engine, cpus } = deps;
  const [stat, meminfo, vmstat, routes, pidMax, processes] = await Promise.all([
    textOf('/proc/stat'),
    textOf('/proc/meminfo'),
    textOf('/proc/vmstat'),
    textOf('/proc/net/route'),
    textOf('/proc/sys/kernel/pid_max'),
    readdir('/proc').then((names) => names.filter((name) => /^\d+$/.test(name)).length),
  ]);
  const images = await engine?.imageFilesystem({ signal }).catch(() => undefined);
  const imageFs = images === undefined ? undefined : await filesystemStats(images.path, now);
  const { user, system } = process.cpuUsage();
  return {
    bootedAtMs: valueOf(stat, 'btime') * 1000,
    rssBytes: valueOf(meminfo, 'AnonPages') * 1024,
    pageFaults: valueOf(vmstat, 'pgfault'),
    majorPageFaults: valueOf(vmstat, 'pgmajfault'),
    interfaces: await interfacesOf('self'),
    defaultInterface: /^(\S+)\s+00000000\s/m.exec(routes)?.[1],
    nodeFs: await filesystemStats(podsRoot, now),
    imageFs: imageFs === undefined ? undefined : { ...imageFs, usedBytes: images?.usedBytes ?? imageFs.usedBytes },
    processes,
    maxProcesses: Number(pidMax) || 32_768,
    cpus,
    pods: cgroupRoot === undefined ? undefined : await readCgroupStats(`${cgroupRoot}/kubepods`),
    kubelet: { cpuNanos: (user + system) * 1000, rssBytes: process.memoryUsage.rss() },
  };
}
