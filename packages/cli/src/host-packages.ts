import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './cli-error.js';

interface HostPackage {
  readonly name: string;
  /** Any of these shows that it is there. */
  readonly files: readonly string[];
}

/** What a node needs from its distribution: a container runtime, CNI plugins and the tools of the default addons. */
const needed: readonly HostPackage[] = [
  { name: 'containerd', files: ['containerd'] },
  { name: 'runc', files: ['runc'] },
  { name: 'containernetworking-plugins', files: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'] },
  { name: 'nftables', files: ['nft'] },
  { name: 'iproute2', files: ['ip'] },
  { name: 'conntrack', files: ['conntrack'] },
];

const searchPath = (): readonly string[] => [
  ...new Set([
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ]),
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a command is on this machine, also in the directories that only root usually has in its PATH. */
export const findCommand = (name: string): string | undefined =>
  name.startsWith('/')
    ? isExecutable(name)
      ? name
      : undefined
    : searchPath()
        .map((directory) => join(directory, name))
        .find(isExecutable);

/** Names of the packages that are not there. */
export const missingHostPackages = (): readonly string[] =>
  needed.filter(({ files }) => !files.some((file) => findCommand(file) !== undefined)).map(({ name }) => name);

/**
 * Installs missing packages by the distribution's own tool.
 * @throws {CliError} no such tool, or it failed; says what to type.
 */
export function installHostPackages(names: readonly string[], say: (line: string) => void): void {
  const apt = findCommand('apt-get');
  if (apt === undefined) {
    throw new CliError(
      `cannot run containers: ${names.join(', ')} not installed and this system has no apt-get: install them by its package manager`,
    );
  }
  say(`installing from the distribution: ${names.join(' ')}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8' as const };
  let result = spawnSync(apt, ['install', '-y', '--no-install-recommends', ...names], options);
  if (result.status !== 0) {
    spawnSync(apt, ['update'], options); // a new machine has no package lists yet
    result = spawnSync(apt, ['install', '-y', '--no-install-recommends', ...names], options);
  }
  if (result.status !== 0) {
    const lines = `${result.stderr}`.trim().split('\n');
    throw new CliError(
      `cannot install ${names.join(' ')}: ${lines.at(-1) ?? 'apt-get failed'}: run apt-get install ${names.join(' ')}`,
    );
  }
  const still = missingHostPackages();
  if (still.length > 0) throw new CliError(`${still.join(', ')} still missing after installation: install by hand`);
}
