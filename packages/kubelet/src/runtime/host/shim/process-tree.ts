import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cgroup } from '../../cgroup.js';
import type { CgroupUsage } from '../../cgroup.js';

interface ProcessLine {
  readonly pid: number;
  readonly session: number;
  readonly cpuTicks: number;
  readonly rssPages: number;
}

/** Fixed by the kernel's ABI on all our architectures. */
const ticksPerSecond = 100;
const pageBytes = 4096;
/** A dying process may leave children between two looks; after so many looks the rest cannot be killed (state D). */
const killRounds = 50;
const killRoundMs = 10;

/** All processes of the session that a container's first process leads. Follows: proc(5), /proc/pid/stat. */
function sessionOf(leader: number): readonly ProcessLine[] {
  const found: ProcessLine[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const line = processLine(pid);
    if (line?.session === leader) found.push(line);
  }
  return found;
}

function processLine(pid: number): ProcessLine | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // Gone between listing and reading.
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined;
  const field = (index: number): number => Number(fields[index] ?? 0);
  return { pid, session: field(3), cpuTicks: field(11) + field(12), rssPages: field(21) };
}

const pidsOf = (leader: number, cgroup: Cgroup | undefined): readonly number[] => [
  ...new Set([...(cgroup?.processes() ?? []), ...sessionOf(leader).map(({ pid }) => pid)]),
];

/** Kills whatever a container has left, wherever it moved within its session or control group. */
export async function killTree(leader: number, cgroup: Cgroup | undefined): Promise<void> {
  for (let round = 0; round < killRounds; round++) {
    const alive = pidsOf(leader, cgroup).filter((pid) => processLine(pid) !== undefined);
    if (alive.length === 0) return;
    for (const pid of alive) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    await sleep(killRoundMs);
  }
}

/** Use of a container without a control group, summed over its session. */
export function sessionUsage(leader: number): CgroupUsage {
  const processes = sessionOf(leader);
  const ticks = processes.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0);
  const memory = processes.reduce((sum, { rssPages }) => sum + rssPages, 0) * pageBytes;
  return {
    cpuUsageNanos: (ticks / ticksPerSecond) * 1e9,
    memoryUsageBytes: memory,
    memoryWorkingSetBytes: memory,
    memoryRssBytes: memory,
  };
}
