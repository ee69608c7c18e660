import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { moduleRoots } from '../addon-packages.js';
import { parseDuration } from '../bootstrap-token.js';
import { CliError } from '../cli-error.js';
import { dataDirectory } from '../data-directory.js';
import { parsePort } from '../flags.js';
import { installHostPackages, missingHostPackages } from '../host-packages.js';
import { processLog } from '../process-log.js';
import { stopSignal } from '../process-signals.js';

interface Flags {
  readonly server: string;
  readonly token?: string;
  readonly caHash?: string;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly dataDir?: string;
  readonly containerdSocket?: string;
  readonly port: string;
  readonly clusterDns?: string;
  readonly clusterDomain: string;
  readonly maxPods: string;
  readonly install: boolean;
  readonly stopPods?: boolean;
  readonly shutdownGracePeriod?: string;
  readonly shutdownGracePeriodCriticalPods?: string;
  readonly shutdownOnStop?: boolean;
  readonly logLevel: string;
}

export function addKubeletCommand(program: Command): void {
  program
    .command('kubelet')
    .description('join this machine to a cluster as a node and run its pods')
    .requiredOption('--server <url>', 'API server, such as https://10.0.0.1:6443')
    .option('--token <token>', 'bootstrap token; needed for the first start only ($GEOBUK_TOKEN)')
    .option('--ca-hash <hash>', 'sha256:… of the cluster CA, as geobuk token create prints it')
    .option('--node-name <name>', 'name of the node; the host name unless said')
    .option('--node-ip <address>', 'address of the node')
    .option('--data-dir <dir>', 'where this node keeps its keys and pods')
    .option('--containerd-socket <path>', 'use this containerd instead of a private one')
    .option('--port <port>', 'port of the kubelet', '10250')
    .option('--cluster-dns <address>', 'cluster DNS address given to pods')
    .option('--cluster-domain <domain>', 'domain of cluster DNS', 'cluster.local')
    .option('--max-pods <count>', 'most pods on this node', '110')
    .option('--no-install', 'do not install missing packages from the distribution')
    .option('--stop-pods', 'stop the containers too when this process stops')
    .option('--shutdown-grace-period <duration>', 'time that pods have in all when the machine goes down, such as 60s')
    .option('--shutdown-grace-period-critical-pods <duration>', 'the part at its end that critical pods have')
    .option('--shutdown-on-stop', 'SIGTERM means that the machine goes down (where no systemd-logind says so)')
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
    .action(async (flags: Flags) => {
      if (process.getuid?.() !== 0)
        throw new CliError('a node needs root: containers, mounts and networks are made with it: run as root');
      const missing = flags.containerdSocket === undefined ? missingHostPackages() : [];
      if (missing.length > 0) {
        if (!flags.install)
          throw new CliError(`not installed: ${missing.join(', ')}: run apt-get install ${missing.join(' ')}`);
        installHostPackages(missing, (line) => console.error(`geobuk: ${line}`));
      }
      const directory = dataDirectory(flags.dataDir, process.env, true);
      const token = flags.token ?? process.env['GEOBUK_TOKEN'];
      const { createKubelet } = await import('@geobuk/kubelet');
      const kubelet = await createKubelet({
        nodeName: (flags.nodeName ?? hostname()).toLowerCase(),
        server: flags.server,
        ...(token === undefined ? {} : { bootstrapToken: token }),
        ...(flags.caHash === undefined ? {} : { caHash: flags.caHash }),
        ...(flags.nodeIp === undefined ? {} : { nodeIp: flags.nodeIp }),
        dataDir: directory.path,
        ...(flags.containerdSocket === undefined ? {} : { containerdSocket: flags.containerdSocket }),
        port: parsePort(flags.port),
        ...(flags.clusterDns === undefined ? {} : { clusterDNS: flags.clusterDns }),
        clusterDomain: flags.clusterDomain,
        maxPods: Number(flags.maxPods),
        npmModuleRoots: moduleRoots(),
        npmDirectory: join(directory.path, 'npm'),
        stopPods: flags.stopPods === true,
        shutdown: {
          gracePeriodSeconds: secondsOf(flags.shutdownGracePeriod, '--shutdown-grace-period'),
          criticalPodsSeconds: secondsOf(
            flags.shutdownGracePeriodCriticalPods,
            '--shutdown-grace-period-critical-pods',
          ),
          onStop: flags.shutdownOnStop === true,
        },
        log: processLog(flags.logLevel),
        onReady: () => process.send?.('ready'),
      });
      await kubelet.run(stopSignal());
    });
}

/** @throws {CliError} usage: not a duration. */
function secondsOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw new CliError(`${flag} ${text}: use a duration such as 30s or 5m`, 2);
  return ms / 1000;
}
