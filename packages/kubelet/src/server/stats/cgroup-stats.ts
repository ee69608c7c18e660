import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the kernel counts for one control group. What it does not count is absent. */
export interface CgroupStats {
  readonly cpuNanos: number;
  readonly cpuUserNanos: number;
  readonly cpuSystemNanos: number;
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledNanos: number;
  /** CPU limit, microseconds of each period; absent: none. */
  readonly quotaMicros: number | undefined;
  readonly periodMicros: number;
  readonly shares: number | undefined;
  readonly memoryBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly cacheBytes: number;
  readonly mappedFileBytes: number;
  readonly swapBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly maxMemoryBytes: number | undefined;
  readonly memoryFailures: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly oomKills: number;
  readonly processes: number | undefined;
}

const mountPoint = '/sys/fs/cgroup';
/** Of a tick of the kernel's accounting, which is 1/100 s everywhere. */
const tickNanos = 1e7;
/** cgroup v1 says "no limit" by a number that no machine has. */
const noLimit = 2 ** 62;

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    // The group or its controller is gone, or was never there: nothing is counted.
    () => undefined,
  );
const numberIn = (text: string | undefined): number | undefined =>
  text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
const keyed = (text: string | undefined): ReadonlyMap<string, number> =>
  new Map((text ?? '').split('\n').map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
const limited = (bytes: number | undefined): number | undefined =>
  bytes === undefined || bytes >= noLimit ? undefined : bytes;

/**
 * @param path of the group below the mount point, such as `/kubepods/pod1/abc`.
 * @returns `undefined` where there is no such group. Follows: cgroup v1 and v2, working set as cAdvisor reckons it.
 */
export async function readCgroupStats(path: string, root = mountPoint): Promise<CgroupStats | undefined> {
  const unified = await textOf(join(root, 'cgroup.controllers'));
  return unified === undefined ? readV1(path, root) : readV2(join(root, path));
}

async function readV2(directory: string): Promise<CgroupStats | undefined> {
  const names = [
    'cpu.stat',
    'cpu.max',
    'cpu.weight',
    'memory.current',
    'memory.stat',
    'memory.max',
    'memory.peak',
    'memory.swap.current',
    'memory.events',
    'pids.current',
  ];
  const texts = await Promise.all(names.map((name) => textOf(join(directory, name))));
  const [cpuStat, cpuMax, weight, current, memoryStat, max, peak, swap, events, pids] = texts;
  if (cpuStat === undefined && current === undefined) return undefined;
  const cpu = keyed(cpuStat);
  const memory = keyed(memoryStat);
  const [quota, period] = (cpuMax ?? 'max 100000').split(' ');
  const memoryBytes = numberIn(current) ?? 0;
  const micros = (name: string): number => (cpu.get(name) ?? 0) * 1000;
  return {
    cpuNanos: micros('usage_usec'),
    cpuUserNanos: micros('user_usec'),
    cpuSystemNanos: micros('system_usec'),
    periods: cpu.get('nr_periods') ?? 0,
    throttledPeriods: cpu.get('nr_throttled') ?? 0,
    throttledNanos: micros('throttled_usec'),
    quotaMicros: numberIn(quota),
    periodMicros: numberIn(period) ?? 100_000,
    shares: sharesOf(numberIn(weight)),
    memoryBytes,
    workingSetBytes: Math.max(0, memoryBytes - (memory.get('inactive_file') ?? 0)),
    rssBytes: memory.get('anon') ?? 0,
    cacheBytes: memory.get('file') ?? 0,
    mappedFileBytes: memory.get('file_mapped') ?? 0,
    swapBytes: numberIn(swap),
    memoryLimitBytes: numberIn(max),
    maxMemoryBytes: numberIn(peak),
    memoryFailures: keyed(events).get('max') ?? 0,
    pageFaults: memory.get('pgfault') ?? 0,
    majorPageFaults: memory.get('pgmajfault') ?? 0,
    oomKills: keyed(events).get('oom_kill') ?? 0,
    processes: numberIn(pids),
  };
}

/** Weights of version 2 as the shares that people know. Follows: cAdvisor. */
const sharesOf = (weight: number | undefined): number | undefined =>
  weight === undefined ? undefined : Math.round(2 + ((weight - 1) * 262_142) / 9999);

async function readV1(path: string, root: string): Promise<CgroupStats | undefined> {
  const of = (controller: string, name: string): Promise<string | undefined> =>
    textOf(join(root, controller, path, name));
  const [usage, cpuacct, cpuStat, quota, period, shares] = await Promise.all([
    of('cpuacct', 'cpuacct.usage'),
    of('cpuacct', 'cpuacct.stat'),
    of('cpu', 'cpu.stat'),
    of('cpu', 'cpu.cfs_quota_us'),
    of('cpu', 'cpu.cfs_period_us'),
    of('cpu', 'cpu.shares'),
  ]);
  const [current, memoryStat, limit, max, failures, oom, pids] = await Promise.all([
    of('memory', 'memory.usage_in_bytes'),
    of('memory', 'memory.stat'),
    of('memory', 'memory.limit_in_bytes'),
    of('memory', 'memory.max_usage_in_bytes'),
    of('memory', 'memory.failcnt'),
    of('memory', 'memory.oom_control'),
    of('pids', 'pids.current'),
  ]);
  if (usage === undefined && current === undefined) return undefined;
  const stat = keyed(cpuStat);
  const ticks = keyed(cpuacct);
  const memory = keyed(memoryStat);
  const memoryBytes = numberIn(current) ?? 0;
  const quotaMicros = numberIn(quota) ?? -1;
  return {
    cpuNanos: numberIn(usage) ?? 0,
    cpuUserNanos: (ticks.get('user') ?? 0) * tickNanos,
    cpuSystemNanos: (ticks.get('system') ?? 0) * tickNanos,
    periods: stat.get('nr_periods') ?? 0,
    throttledPeriods: stat.get('nr_throttled') ?? 0,
    throttledNanos: stat.get('throttled_time') ?? 0,
    quotaMicros: quotaMicros > 0 ? quotaMicros : undefined,
    periodMicros: numberIn(period) ?? 100_000,
    shares: numberIn(shares),
    memoryBytes,
    workingSetBytes: Math.max(0, memoryBytes - (memory.get('total_inactive_file') ?? 0)),
    rssBytes: memory.get('total_rss') ?? 0,
    cacheBytes: memory.get('total_cache') ?? 0,
    mappedFileBytes: memory.get('total_mapped_file') ?? 0,
    swapBytes: memory.get('total_swap'),
    memoryLimitBytes: limited(numberIn(limit)),
    maxMemoryBytes: numberIn(max),
    memoryFailures: numberIn(failures) ?? 0,
    pageFaults: memory.get('total_pgfault') ?? 0,
    majorPageFaults: memory.get('total_pgmajfault') ?? 0,
    oomKills: keyed(oom).get('oom_kill') ?? 0,
    processes: numberIn(pids),
  };
}

/** Processes of a group and of those below it one level, the first that is found. */
export async function anyProcessOf(
  path: string,
  children: readonly string[],
  root = mountPoint,
): Promise<number | undefined> {
  for (const child of ['', ...children]) {
    for (const hierarchy of ['', 'pids', 'memory', 'cpu']) {
      const first = (await textOf(join(root, hierarchy, path, child, 'cgroup.procs')))?.split('\n')[0];
      if (first !== undefined && first !== '') return Number(first);
    }
  }
  return undefined;
}
