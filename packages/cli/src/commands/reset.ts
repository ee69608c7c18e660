import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import { clusterId } from '../cluster-file.js';
import { dataDirectory } from '../data-directory.js';
import { removeHostNetwork } from '../host-network.js';
import { processLog } from '../process-log.js';
import { runningPid } from '../running-pid.js';

interface Flags {
  readonly dataDir?: string;
  readonly yes?: boolean;
}

const timeoutMs = 120_000;

export function addResetCommand(program: Command): void {
  program
    .command('reset')
    .description('remove a stopped cluster: its containers, networks, mounts and its whole data directory')
    .option('--data-dir <dir>', 'where the cluster lives')
    .option('--yes', 'do not ask')
    .action(async (flags: Flags) => {
      const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
      if (!existsSync(directory.path)) throw new CliError(`no cluster in ${directory.path}: name its --data-dir`);
      if (
        !existsSync(directory.runFile) &&
        !existsSync(directory.pki) &&
        !existsSync(join(directory.path, 'kubelet'))
      ) {
        throw new CliError(`${directory.path} does not look like a cluster: nothing removed`);
      }
      const pid = runningPid(directory);
      if (pid !== undefined) throw new CliError(`process ${pid} uses ${directory.path}: stop the cluster first`);
      if (flags.yes !== true)
        throw new CliError(`this removes ${directory.path} and all that runs for it, for ever: say --yes`, 2);
      if (process.getuid?.() === 0) {
        const { eraseNode } = await import('@geobuk/kubelet');
        const log = processLog('error');
        const others = join(directory.path, 'nodes');
        const nodes = [
          directory.path,
          ...(existsSync(others) ? readdirSync(others).map((name) => join(others, name)) : []),
        ];
        for (const dataDir of nodes) await eraseNode({ dataDir, log }, { signal: AbortSignal.timeout(timeoutMs) });
        unmountBelow(directory.path);
        const id = clusterId(directory);
        if (id !== undefined) {
          removeHostNetwork(id);
          rmSync(join('/var/lib/geobuk-volumes', id), { recursive: true, force: true }); // of the storage addon
        }
      }
      rmSync(directory.path, { recursive: true, force: true });
      console.log(`removed ${directory.path}`);
    });
}

/** Deepest first: a mount may lie in another. */
function unmountBelow(path: string): void {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((point) => point.startsWith(`${path}/`))
    .sort((a, b) => b.length - a.length);
  for (const point of points) {
    const { status, stderr } = spawnSync('umount', [point], { encoding: 'utf8' });
    if (status !== 0)
      throw new CliError(`cannot unmount ${point}: ${stderr.trim()}: end what uses it and run this again`);
  }
}
