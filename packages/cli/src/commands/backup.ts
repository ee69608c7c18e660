import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import { dataDirectory } from '../data-directory.js';
import type { DataDirectory } from '../data-directory.js';
import { runningPid } from '../running-pid.js';

interface Flags {
  readonly dataDir?: string;
}

/** What makes a cluster: its keys, its objects, its choices. Containers and images are made anew from these. */
const kept = ['pki', 'store', 'cluster.json', 'kubeconfig'];

function refuseWhileRunning(directory: DataDirectory, what: string): void {
  const pid = runningPid(directory);
  if (pid !== undefined)
    throw new CliError(
      `cannot ${what}: process ${pid} uses ${directory.path}: stop the cluster first (its containers stay)`,
    );
}

export function addBackupCommands(program: Command): void {
  program
    .command('backup <file>')
    .description('write keys and objects of a stopped cluster to a .tar.gz')
    .option('--data-dir <dir>', 'where the cluster lives')
    .action((file: string, flags: Flags) => {
      const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
      if (!existsSync(directory.pki)) throw new CliError(`no cluster in ${directory.path}: name its --data-dir`);
      refuseWhileRunning(directory, 'back up');
      const parts = kept.filter((name) => existsSync(join(directory.path, name)));
      tar(['--create', '--gzip', '--file', resolve(file), '--directory', directory.path, ...parts]);
      console.log(`backed up ${directory.path} to ${resolve(file)}`);
    });

  program
    .command('restore <file>')
    .description('make a cluster from a backup, in an empty data directory')
    .option('--data-dir <dir>', 'where the cluster shall live')
    .action((file: string, flags: Flags) => {
      const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
      if (!existsSync(file)) throw new CliError(`no such file: ${resolve(file)}`);
      const taken = existsSync(directory.path) ? readdirSync(directory.path).filter((name) => kept.includes(name)) : [];
      if (taken.length > 0)
        throw new CliError(`${directory.path} holds a cluster already: restore into another --data-dir`);
      mkdirSync(directory.path, { recursive: true, mode: 0o700 });
      tar(
        [
          '--extract',
          '--gzip',
          '--file',
          resolve(file),
          '--directory',
          directory.path,
          '--no-same-owner',
          '--',
          ...kept,
        ],
        true,
      );
      console.log(`restored into ${directory.path}: start it with geobuk up --data-dir ${directory.path}`);
    });
}

/** @param partial some of the members may be absent. */
function tar(args: readonly string[], partial = false): void {
  const { status, stderr, error } = spawnSync('tar', args, { encoding: 'utf8' });
  if (error !== undefined) throw new CliError(`cannot run tar: ${error.message}: install it`);
  const text = stderr.trim();
  const onlyMissing = text.split('\n').every((line) => /Not found in archive|Exiting with failure/.test(line));
  if (status !== 0 && !(partial && onlyMissing)) throw new CliError(`tar failed: ${text.split('\n')[0] ?? ''}`);
}
