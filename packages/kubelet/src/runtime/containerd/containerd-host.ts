import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeError } from '../runtime.js';
import { parseContainerdVersion } from './containerd-config.js';
import type { ContainerdVersion } from './containerd-config.js';

const run = promisify(execFile);

/** Where distributions put containerd, ctr, runc and the shim, when nothing else is said. */
export const usualSearchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;
const usualCniBinDirs = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'] as const;

/** Long enough for a slow disk; both commands only print. */
const commandTimeoutMs = 10_000;
const CAP_SYS_RESOURCE = 24n;

export interface ContainerdInstallation {
  readonly containerd: string;
  readonly ctr: string;
  readonly version: ContainerdVersion;
}

/** @throws {RuntimeError} Unavailable, naming what to install. */
export async function findContainerd(searchPath: readonly string[]): Promise<ContainerdInstallation> {
  const [containerd, ctr, runc] = await Promise.all(
    ['containerd', 'ctr', 'runc'].map((name) => findExecutable(name, searchPath)),
  );
  if (containerd === undefined || ctr === undefined || runc === undefined) {
    const missing = [containerd ?? 'containerd', ctr ?? 'ctr', runc ?? 'runc'].filter((name) => !name.includes('/'));
    throw new RuntimeError(
      'Unavailable',
      `no container runtime: ${missing.join(' and ')} not found; install it (Debian, Ubuntu: apt-get install containerd runc containernetworking-plugins) or name a socket with --containerd-socket`,
    );
  }
  const { stdout } = await run(containerd, ['--version'], { timeout: commandTimeoutMs });
  const version = parseContainerdVersion(stdout);
  if (version === undefined) throw new RuntimeError('Unavailable', `unknown version of containerd: ${stdout.trim()}`);
  return { containerd, ctr, version };
}

async function findExecutable(name: string, searchPath: readonly string[]): Promise<string | undefined> {
  for (const directory of searchPath) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The first directory that has the plugins; the usual one when none has, so that they may come later. */
export async function findCniBinDir(candidates: readonly string[] = usualCniBinDirs): Promise<string> {
  for (const directory of candidates) if (await isExecutable(join(directory, 'loopback'))) return directory;
  return candidates[0] ?? usualCniBinDirs[0];
}

/** Whether this process may lower OOM scores. Follows: capabilities(7), CapEff in /proc/self/status. */
export async function maySetOomScores(): Promise<boolean> {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** Tries the one thing that counts: overlay cannot be mounted on every file system, nor in every container. */
export async function pickSnapshotter(root: string): Promise<'overlayfs' | 'native'> {
  const scratch = await mkdtemp(join(root, '.overlay-'));
  const [lower, upper, work, merged] = ['l', 'u', 'w', 'm'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
    string,
  ];
  try {
    for (const directory of [lower, upper, work, merged]) await mkdir(directory);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, merged], { timeout: commandTimeoutMs });
    await run('umount', [merged], { timeout: commandTimeoutMs });
    return 'overlayfs';
  } catch {
    // Whatever the reason, overlay is not for this place: containerd copies instead.
    return 'native';
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
