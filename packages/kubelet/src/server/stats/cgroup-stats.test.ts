import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anyProcessOf, readCgroupStats } from './cgroup-stats.js';
import { parseNetDev } from './network-stats.js';

/** A made-up tree: whichever version the machine has, both are read. */
async function tree(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'cgroup-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

describe('7.9.3 what the kernel counts of a control group', () => {
  it('is read from one tree with version 2', async () => {
    await using made = await tree({
      'cgroup.controllers': 'cpu memory pids',
      'kubepods/pod1/c1/cpu.stat':
        'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 20\nnr_throttled 3\nthrottled_usec 70',
      'kubepods/pod1/c1/cpu.max': '50000 100000',
      'kubepods/pod1/c1/cpu.weight': '4',
      'kubepods/pod1/c1/memory.current': '1000',
      'kubepods/pod1/c1/memory.stat': 'anon 400\nfile 600\ninactive_file 250\nfile_mapped 50\npgfault 9\npgmajfault 1',
      'kubepods/pod1/c1/memory.max': 'max',
      'kubepods/pod1/c1/memory.events': 'low 0\nmax 5\noom 1\noom_kill 2',
      'kubepods/pod1/c1/pids.current': '7',
      'kubepods/pod1/c1/cgroup.procs': '42\n43',
    });
    expect(await readCgroupStats('/kubepods/pod1/c1', made.root)).toEqual({
      cpuNanos: 1_500_000,
      cpuUserNanos: 1_000_000,
      cpuSystemNanos: 500_000,
      periods: 20,
      throttledPeriods: 3,
      throttledNanos: 70_000,
      quotaMicros: 50_000,
      periodMicros: 100_000,
      shares: 81,
      memoryBytes: 1000,
      workingSetBytes: 750,
      rssBytes: 400,
      cacheBytes: 600,
      mappedFileBytes: 50,
      swapBytes: undefined,
      memoryLimitBytes: undefined,
      maxMemoryBytes: undefined,
      memoryFailures: 5,
      pageFaults: 9,
      majorPageFaults: 1,
      oomKills: 2,
      processes: 7,
    });
    expect(await anyProcessOf('/kubepods/pod1', ['gone', 'c1'], made.root)).toBe(42);
  });

  it('is read from one tree for each controller with version 1', async () => {
    await using made = await tree({
      'cpuacct/kubepods/pod1/cpuacct.usage': '3000',
      'cpuacct/kubepods/pod1/cpuacct.stat': 'user 5\nsystem 2',
      'cpu/kubepods/pod1/cpu.stat': 'nr_periods 1\nnr_throttled 0\nthrottled_time 0',
      'cpu/kubepods/pod1/cpu.cfs_quota_us': '-1',
      'cpu/kubepods/pod1/cpu.cfs_period_us': '100000',
      'cpu/kubepods/pod1/cpu.shares': '512',
      'memory/kubepods/pod1/memory.usage_in_bytes': '1000',
      'memory/kubepods/pod1/memory.stat': 'total_rss 300\ntotal_cache 500\ntotal_inactive_file 1200\ntotal_pgfault 4',
      'memory/kubepods/pod1/memory.limit_in_bytes': '9223372036854771712',
      'memory/kubepods/pod1/memory.max_usage_in_bytes': '2000',
      'memory/kubepods/pod1/memory.failcnt': '0',
      'memory/kubepods/pod1/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1',
    });
    expect(await readCgroupStats('/kubepods/pod1', made.root)).toMatchObject({
      cpuNanos: 3000,
      cpuUserNanos: 50_000_000,
      quotaMicros: undefined,
      shares: 512,
      // Pages that are leaving count twice for a moment: never less than nothing.
      workingSetBytes: 0,
      memoryLimitBytes: undefined,
      maxMemoryBytes: 2000,
      oomKills: 1,
      processes: undefined,
    });
  });

  it('is nothing for a group that is gone', async () => {
    await using made = await tree({ 'cgroup.controllers': 'cpu' });
    expect(await readCgroupStats('/kubepods/pod1', made.root)).toBeUndefined();
    expect(await anyProcessOf('/kubepods/pod1', [], made.root)).toBeUndefined();
  });
});

describe('the network of a pod', () => {
  it('is counted by interface, loopback aside', () => {
    const text = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0',
      '  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0',
    ].join('\n');
    expect(parseNetDev(text)).toEqual([
      {
        name: 'eth0',
        rxBytes: 1000,
        rxPackets: 10,
        rxErrors: 1,
        rxDropped: 2,
        txBytes: 2000,
        txPackets: 20,
        txErrors: 3,
        txDropped: 4,
      },
    ]);
  });
});
