import { existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinuxResources } from './runtime.js';

const root = '/sys/fs/cgroup';
const controllersOfV1 = ['cpu', 'cpuacct', 'memory', 'pids'] as const;

/** Two seconds in all; a group that then still has members stays, and its pod's group with it. */
const removeLooks = 200;
const removeLookMs = 10;

export interface CgroupUsage {
  readonly cpuUsageNanos: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
}

/** The control group of one host container, in every hierarchy there is. Follows: cgroup v1 and v2, as runc sets them. */
export class Cgroup {
  readonly #v2: boolean;
  /** Directory of each controller; on v2 all the same one. */
  readonly #paths: ReadonlyMap<string, string>;

  private constructor(v2: boolean, paths: ReadonlyMap<string, string>) {
    this.#v2 = v2;
    this.#paths = paths;
  }

  /** Makes the group, or finds the one made before. undefined where control groups are not writable. */
  static open(parent: string, name: string): Cgroup | undefined {
    const v2 = existsSync(join(root, 'cgroup.controllers'));
    const paths = new Map<string, string>();
    try {
      if (v2) {
        enableControllers(parent);
        const path = join(root, parent, name);
        mkdirSync(path, { recursive: true });
        paths.set('all', path);
      } else {
        for (const controller of controllersOfV1) {
          if (!existsSync(join(root, controller))) continue;
          // cpu and cpuacct are often one hierarchy under two names.
          const path = join(realpathSync(join(root, controller)), parent, name);
          mkdirSync(path, { recursive: true });
          paths.set(controller, path);
        }
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return undefined;
      throw error;
    }
    return paths.size === 0 ? undefined : new Cgroup(v2, paths);
  }

  /** Directories whose `cgroup.procs` a process has to join. */
  get directories(): readonly string[] {
    return [...new Set(this.#paths.values())];
  }

  limit(resources: LinuxResources): void {
    const { cpuShares, cpuPeriod, cpuQuota, memoryLimitBytes } = resources;
    if (this.#v2) {
      const period = cpuPeriod > 0 ? cpuPeriod : 100_000;
      if (cpuShares > 0) this.#write('all', 'cpu.weight', String(weightOf(cpuShares)));
      this.#write('all', 'cpu.max', `${cpuQuota > 0 ? cpuQuota : 'max'} ${period}`);
      this.#write('all', 'memory.max', memoryLimitBytes > 0 ? String(memoryLimitBytes) : 'max');
      for (const [file, value] of Object.entries(resources.unified ?? {})) this.#write('all', file, value);
      return;
    }
    if (cpuShares > 0) this.#write('cpu', 'cpu.shares', String(cpuShares));
    if (cpuPeriod > 0) this.#write('cpu', 'cpu.cfs_period_us', String(cpuPeriod));
    this.#write('cpu', 'cpu.cfs_quota_us', String(cpuQuota > 0 ? cpuQuota : -1));
    this.#write('memory', 'memory.limit_in_bytes', String(memoryLimitBytes > 0 ? memoryLimitBytes : -1));
  }

  /** Every process in it. */
  processes(): readonly number[] {
    const found = new Set<number>();
    for (const path of this.directories) {
      for (const pid of lines(join(path, 'cgroup.procs'))) if (pid !== '') found.add(Number(pid));
    }
    return [...found];
  }

  /** Whether the kernel killed in here for want of memory. */
  oomKilled(): boolean {
    const file = this.#v2 ? this.#file('all', 'memory.events') : this.#file('memory', 'memory.oom_control');
    return (keyed(file).get('oom_kill') ?? 0) > 0;
  }

  usage(): CgroupUsage {
    if (this.#v2) {
      const stat = keyed(this.#file('all', 'memory.stat'));
      const memory = number(this.#file('all', 'memory.current'));
      const cpuUsageNanos = (keyed(this.#file('all', 'cpu.stat')).get('usage_usec') ?? 0) * 1000;
      return usageOf(cpuUsageNanos, memory, stat.get('inactive_file') ?? 0, stat.get('anon') ?? 0);
    }
    const stat = keyed(this.#file('memory', 'memory.stat'));
    const memory = number(this.#file('memory', 'memory.usage_in_bytes'));
    const cpu = number(this.#file('cpuacct', 'cpuacct.usage'));
    return usageOf(cpu, memory, stat.get('total_inactive_file') ?? 0, stat.get('total_rss') ?? 0);
  }

  /** Removes the empty group. The dead count as members until their parent has reaped them, so it may take some looks. */
  async remove(): Promise<void> {
    for (const path of this.directories) {
      for (let left = removeLooks; left > 0 && !removed(path); left--) await sleep(removeLookMs);
    }
  }

  #file(controller: string, file: string): string {
    return join(this.#paths.get(controller) ?? '/nonexistent', file);
  }

  /** A controller that is not there limits nothing: the pod runs without that limit, as on such a system everywhere. */
  #write(controller: string, file: string, value: string): void {
    const path = this.#file(controller, file);
    if (existsSync(path)) writeFileSync(path, value);
  }
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}

const usageOf = (cpuUsageNanos: number, memory: number, inactiveFile: number, rss: number): CgroupUsage => ({
  cpuUsageNanos,
  memoryUsageBytes: memory,
  memoryWorkingSetBytes: Math.max(0, memory - inactiveFile),
  memoryRssBytes: rss,
});

/** cgroup v1 shares (2..262144) as v2 weight (1..10000). Follows: runc. */
const weightOf = (shares: number): number =>
  Math.floor(1 + ((Math.min(262_144, Math.max(2, shares)) - 2) * 9999) / 262_142);

/** On v2 a group has only the controllers that each of its ancestors hands down. */
function enableControllers(parent: string): void {
  const ancestors = [root];
  for (const part of parent.split('/').filter((name) => name !== ''))
    ancestors.push(join(ancestors.at(-1) ?? root, part));
  for (const path of ancestors) {
    mkdirSync(path, { recursive: true });
    const wanted = ['cpu', 'memory', 'pids'].filter((controller) =>
      lines(join(path, 'cgroup.controllers')).join(' ').split(' ').includes(controller),
    );
    const on = lines(join(path, 'cgroup.subtree_control')).join(' ').split(' ');
    const missing = wanted.filter((controller) => !on.includes(controller));
    if (missing.length > 0) {
      writeFileSync(join(path, 'cgroup.subtree_control'), missing.map((controller) => `+${controller}`).join(' '));
    }
  }
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    // The group or its controller is gone: nothing is in it.
    return [];
  }
}

const number = (file: string): number => Number(lines(file)[0] ?? 0) || 0;

const keyed = (file: string): ReadonlyMap<string, number> =>
  new Map(
    lines(file)
      .map((line) => line.split(' '))
      .map(([key = '', value]) => [key, Number(value)]),
  );
