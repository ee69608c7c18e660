import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { addApiServerFlags, apiServerArgs, apiServerOptions } from '../api-server-flags.js';
import type { ApiServerFlags } from '../api-server-flags.js';
import { schedulerArgs, schedulerConfigFlag } from '../scheduler-flags.js';
import type { SchedulerFlags } from '../scheduler-flags.js';
import { CliError } from '../cli-error.js';
import { configOf } from '../cluster-config.js';
import { openDashboard } from '../dashboard.js';
import { dataDirectory } from '../data-directory.js';
import { parseCount, parseNames, parsePort } from '../flags.js';
import { stopSignal } from '../process-signals.js';
import { up } from '../up/up.js';

interface Flags extends ApiServerFlags, SchedulerFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly port: string;
  readonly bind: string;
  readonly kubeletPort: string;
  readonly nodeName?: string;
  readonly nodes: string;
  readonly tui: boolean;
  readonly install: boolean;
  readonly stopPods?: boolean;
  readonly enable?: string;
  readonly disable?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly clusterDomain?: string;
  readonly logLevel: string;
}

export function addUpCommand(program: Command): void {
  const command = program
    .command('up')
    .description('run a single-node cluster in the foreground')
    .option('--config <file>', 'YAML with these options and the addons; what is typed wins')
    .option('--data-dir <dir>', 'where the cluster lives')
    .option('--port <port>', 'port of the API', '6443')
    .option('--bind <address>', 'address the API listens on', '0.0.0.0')
    .option('--kubelet-port <port>', 'port of the kubelet; 0 for any free one', '0')
    .option('--node-name <name>', 'name of the node; the host name unless said')
    .option('--nodes <count>', 'nodes on this machine, each with its own network and containerd', '1')
    .option('--no-tui', 'print lines instead of opening the dashboard')
    .option('--no-install', 'do not install missing packages from the distribution')
    .option('--stop-pods', 'stop the containers too when this process stops')
    .option('--enable <addons>', 'comma-separated addons to switch on')
    .option('--disable <addons>', 'comma-separated addons to switch off')
    .option('--pod-cidr <cidr>', 'network of the pods; one that is free unless said')
    .option('--service-cidr <cidr>', 'network of the Services; one that is free unless said')
    .option('--cluster-domain <domain>', 'domain of cluster DNS')
    .option('--log-level <level>', 'of the log files: trace, debug, info, warn or error', 'info');
  addApiServerFlags(command.option(...schedulerConfigFlag)).action(async (typed: Flags) => {
    const { flags, addons } = configOf(command, typed);
    apiServerOptions(flags); // refuses here what the control plane would refuse
    const interactive = flags.tui && process.stdout.isTTY && process.stdin.isTTY;
    const signal = stopSignal();
    const stop = new AbortController();
    signal.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
    const config = {
      directory: dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0),
      port: parsePort(flags.port),
      bind: flags.bind,
      kubeletPort: parsePort(flags.kubeletPort, '--kubelet-port'),
      nodeName: flags.nodeName,
      nodes: parseCount(flags.nodes, '--nodes', 1, 50),
      asked: {
        ...(flags.podCidr === undefined ? {} : { podCIDR: flags.podCidr }),
        ...(flags.serviceCidr === undefined ? {} : { serviceCIDR: flags.serviceCidr }),
        ...(flags.clusterDomain === undefined ? {} : { clusterDomain: flags.clusterDomain }),
      },
      install: flags.install,
      stopPods: flags.stopPods === true,
      enable: parseNames(flags.enable),
      disable: parseNames(flags.disable),
      addons,
      logLevel: flags.logLevel,
      script: fileURLToPath(new URL('../../bin/geobuk.mjs', import.meta.url)),
      nodeArgs: [],
      controlPlaneArgs: [...apiServerArgs(flags), ...schedulerArgs(flags)],
    };
    const both = config.enable.filter((name) => config.disable.includes(name));
    if (both.length > 0) throw new CliError(`--enable and --disable both name ${both.join(', ')}: name it once`, 2);
    let dashboard: Promise<void> | undefined;
    await up(
      config,
      {
        say: (line) => {
          if (dashboard === undefined) console.error(`geobuk: ${line}`);
        },
        ready: (url, kubeconfig) => {
          console.log(`geobuk ready ${url} kubeconfig=${kubeconfig}`);
          if (interactive) dashboard = openDashboard({ kubeconfig, signal: stop.signal }).then(() => stop.abort());
        },
      },
      stop.signal,
    );
    await dashboard;
  });
}
