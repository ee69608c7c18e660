import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirectory } from './data-directory.js';

/** The process that works on a data directory, if one does: the owner of its store, or a part that names it among its arguments. */
export function runningPid({ path }: DataDirectory): number | undefined {
  return storeOwner(join(path, 'store', 'lock')) ?? partFor(path);
}

function storeOwner(lock: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(lock, 'utf8')) as { readonly pid?: unknown };
    if (typeof pid !== 'number') return undefined;
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined; // no store here, or its owner is dead
  }
}

function partFor(path: string): number | undefined {
  if (!existsSync('/proc/self/cmdline')) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    let words: readonly string[];
    try {
      words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
      continue; // ended meanwhile
    }
    const isPart = words.includes('kubelet') || words.includes('control-plane') || words.includes('up');
    if (isPart && words.includes(path)) return Number(pid);
  }
  return undefined;
}
