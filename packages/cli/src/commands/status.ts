import type { Command } from 'commander';
import { addonPhase, addons, nodes, pods } from '@geobuk/api';
import { columns } from '../columns.js';
import { connect } from '../connect.js';
import { dataDirectory } from '../data-directory.js';

interface Flags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
}

const timeoutMs = 5_000;

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('the cluster at a glance; exit code 1 when something is not Ready')
    .option('--data-dir <dir>', 'where the cluster lives')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster')
    .action(async (flags: Flags) => {
      const client = await connect(
        dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0),
        flags,
        process.env,
      );
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const [nodeList, addonList, podList] = await Promise.all([
          client.list(nodes, { signal }),
          client.list(addons, { signal }),
          client.list(pods, { signal }),
        ]);
        const nodeRows = nodeList.items.map((node) => {
          const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
          return [
            node.metadata.name ?? '',
            ready?.status === 'True' ? 'Ready' : 'NotReady',
            ready?.status === 'True' ? '' : (ready?.message ?? ''),
          ];
        });
        const addonRows = addonList.items.map((addon) => [
          addon.metadata.name ?? '',
          addonPhase(addon),
          addon.status?.lastError?.message ?? '',
        ]);
        const phases = new Map<string, number>();
        for (const pod of podList.items)
          phases.set(pod.status?.phase ?? 'Pending', (phases.get(pod.status?.phase ?? 'Pending') ?? 0) + 1);
        console.log(columns(['NODE', 'STATUS', 'WHY'], nodeRows));
        console.log();
        console.log(columns(['ADDON', 'STATUS', 'WHY'], addonRows));
        console.log();
        console.log(`pods: ${[...phases].map(([phase, count]) => `${count} ${phase}`).join(', ') || 'none'}`);
        const bad =
          nodeRows.some(([, state]) => state !== 'Ready') ||
          addonRows.some(([, state]) => state !== 'Ready' && state !== 'Disabled');
        if (bad) process.exitCode = 1;
      } finally {
        await client[Symbol.asyncDispose]();
      }
    });
}
