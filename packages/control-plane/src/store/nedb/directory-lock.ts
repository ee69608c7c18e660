import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../store.js';

interface Owner {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's: tells a process from a later one of the same pid. */
  readonly startTime: string;
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; the start time is field 22, so the 20th behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function parseOwner(text: string): Owner | undefined {
  const [pid, startTime] = text.trim().split(' ');
  return pid === undefined || startTime === undefined || !/^\d+$/.test(pid)
    ? undefined
    : { pid: Number(pid), startTime };
}

const isAlive = async (owner: Owner | undefined): Promise<boolean> =>
  owner !== undefined && (await startTimeOf(owner.pid)) === owner.startTime;

/**
 * Makes this process the only owner of `directory`, until it is disposed of or dies: a lock whose owner is dead is
 * taken over. @throws {StoreError} Unavailable, naming the owner.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const file = join(directory, 'lock');
  const own = join(directory, `lock.${randomUUID()}`);
  const startTime = await startTimeOf(process.pid);
  if (startTime === undefined)
    throw new StoreError('Unavailable', 'a store needs /proc to know who owns its directory');
  const text = `${process.pid} ${startTime}\n`;
  await writeFile(own, text, { mode: 0o600 });
  try {
    for (;;) {
      // A link appears whole or not at all, and never over another one.
      const taken = await link(own, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      if (taken) break;
      const found = await readFile(file, 'utf8').catch(() => undefined);
      if (found === undefined) continue; // just given back
      const owner = parseOwner(found);
      if (await isAlive(owner)) {
        throw new StoreError('Unavailable', `${directory} is in use by process ${owner!.pid}: stop it first`);
      }
      await takeAway(file, found);
    }
  } finally {
    await rm(own, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** Removes the lock that said `dead`. If somebody else was faster and has it, it is put back. */
async function takeAway(file: string, dead: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== dead) await link(aside, file).catch(() => undefined);
  await rm(aside);
}
