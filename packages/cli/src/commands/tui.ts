import type { Command } from 'commander';
import { kubeconfigPath } from '../connect.js';
import { openDashboard } from '../dashboard.js';
import { dataDirectory } from '../data-directory.js';

interface Flags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly command?: string;
  readonly allNamespaces?: boolean;
  readonly readonly?: boolean;
  readonly write?: boolean;
  readonly headless?: boolean;
  readonly logoless?: boolean;
  readonly crumbsless?: boolean;
}

export function addTuiCommand(program: Command): void {
  program
    .command('tui')
    .description('the terminal dashboard, on any Kubernetes')
    .option('--data-dir <dir>', 'where the cluster lives')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'namespace to start in')
    .option('-A, --all-namespaces', 'start with all namespaces')
    .option('-c, --command <view>', 'view to start with')
    .option('--readonly', 'show only: nothing can be changed')
    .option('--write', 'allow changes, whatever the settings say')
    .option('--headless', 'without the header')
    .option('--logoless', 'without the ship in the header')
    .option('--crumbsless', 'without the line of crumbs')
    .action(async (flags: Flags) => {
      const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
      process.exitCode = await openDashboard({
        kubeconfig: kubeconfigPath(directory, flags.kubeconfig, process.env),
        context: flags.context,
        namespace: flags.allNamespaces === true ? 'all' : flags.namespace,
        command: flags.command,
        // Who asks for both wants to be sure.
        readOnly: flags.readonly === true ? true : flags.write === true ? false : undefined,
        without: { header: flags.headless, logo: flags.logoless, crumbs: flags.crumbsless },
      });
    });
}
