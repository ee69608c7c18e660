import { readFileSync } from 'node:fs';

/** A process that is known again after our own death: pids are used anew, a start time with the same pid is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
}

/** undefined when there is no such process, or only its zombie. Follows: proc(5), /proc/pid/stat fields 3 and 22. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // ENOENT or ESRCH: it is gone.
    return undefined;
  }
  // The name in parentheses may hold anything; the numbers begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTime };
}

export const isAlive = ({ pid, startTime }: ProcessIdentity): boolean => processIdentity(pid)?.startTime === startTime;

/** Signals the process if it still is the one meant. @returns whether it was there. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
