import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { runCommand } from './run-command.js';

export interface HostProgram {
  /** Such as `haproxy`. */
  readonly command: string;
  /** The distribution's package that brings it. */
  readonly package: string;
}

export interface HostProgramOptions {
  /** Whether it may be installed where it is missing. */
  readonly install: boolean;
  readonly log: Pick<Logger, 'info'>;
  readonly signal: AbortSignal;
  /** Default: PATH and where only root looks. */
  readonly searchPath?: readonly string[] | undefined;
  readonly isRoot?: boolean | undefined;
}

const usualPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const installTimeoutMs = 300_000;

/** Where a command is on this machine; undefined where it is not. */
export async function findHostProgram(command: string, searchPath?: readonly string[]): Promise<string | undefined> {
  const places = searchPath ?? [...new Set([...(process.env['PATH'] ?? '').split(':'), ...usualPath])];
  for (const place of places.filter((one) => one !== '')) {
    const path = join(place, command);
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

/**
 * The path of a program of the distribution, which is installed by its package manager where it is missing and we may.
 * @throws {Error} it is not there: one line that says what to type.
 */
export async function ensureHostProgram(program: HostProgram, options: HostProgramOptions): Promise<string> {
  const { install, log, signal, searchPath, isRoot = process.getuid?.() === 0 } = options;
  const found = await findHostProgram(program.command, searchPath);
  if (found !== undefined) return found;
  const todo = `${program.command} is not installed on this node: type: apt-get install ${program.package}`;
  const apt = await findHostProgram('apt-get', searchPath);
  if (apt === undefined) throw new Error(`${todo} (or what your distribution calls it)`);
  if (!install || !isRoot) throw new Error(todo);
  log.info({ package: program.package }, "installing from the distribution's packages");
  const run = (...args: readonly string[]): Promise<string> =>
    runCommand('env', ['DEBIAN_FRONTEND=noninteractive', apt, ...args], { signal, timeoutMs: installTimeoutMs });
  const once = (): Promise<string> => run('install', '-y', '--no-install-recommends', program.package);
  try {
    // A new machine has no package lists yet.
    await once().catch(() => run('update').then(once));
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`${todo}; its installation failed: ${(error as Error).message}`, { cause: error });
  }
  const installed = await findHostProgram(program.command, searchPath);
  if (installed === undefined) throw new Error(`${todo}; its package did not bring it`);
  return installed;
}
