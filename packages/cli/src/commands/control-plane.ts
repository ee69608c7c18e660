import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createHttpClient, loadKubeconfig } from '@geobuk/client';
import type { StoreConfig } from '@geobuk/control-plane';
import { installedAddonPackages, moduleRoots } from '../addon-packages.js';
import { addApiServerFlags, apiServerOptions } from '../api-server-flags.js';
import type { ApiServerFlags } from '../api-server-flags.js';
import { convergeAddons } from '../addons/converge-addons.js';
import { CliError } from '../cli-error.js';
import type { AddonWish } from '../cluster-config.js';
import { configOf } from '../cluster-config.js';
import { clusterChoices } from '../cluster-file.js';
import { dataDirectory } from '../data-directory.js';
import { parsePort } from '../flags.js';
import { serviceAddress } from '../network-ranges.js';
import { processLog } from '../process-log.js';
import { stopSignal } from '../process-signals.js';
import { schedulerConfigFlag } from '../scheduler-flags.js';
import type { SchedulerFlags } from '../scheduler-flags.js';

interface Flags extends ApiServerFlags, SchedulerFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly port: string;
  readonly bind: string;
  readonly advertiseAddress?: string;
  readonly store: string;
  readonly etcdEndpoints?: string;
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly clusterDomain?: string;
  readonly logLevel: string;
}

export function addControlPlaneCommand(program: Command): void {
  const command = program
    .command('control-plane')
    .description('run the control plane alone: API server, store, scheduler, controllers, addon reconciler')
    .option('--config <file>', 'YAML with these options and the addons; what is typed wins')
    .option('--data-dir <dir>', 'where keys and data live')
    .option('--port <port>', 'port of the API', '6443')
    .option('--bind <address>', 'address to listen on', '0.0.0.0')
    .option('--advertise-address <address>', 'where nodes reach this control plane')
    .option('--store <engine>', 'nedb (one machine) or etcd (several control planes)', 'nedb')
    .option('--etcd-endpoints <urls>', 'comma-separated, for --store etcd')
    .option('--etcd-ca <file>', 'CA of etcd')
    .option('--etcd-cert <file>', 'client certificate for etcd')
    .option('--etcd-key <file>', 'key of the client certificate')
    .option('--pod-cidr <cidr>', 'network of the pods; chosen at the first start')
    .option('--service-cidr <cidr>', 'network of the Services; chosen at the first start')
    .option('--cluster-domain <domain>', 'domain of cluster DNS')
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info');
  addApiServerFlags(command.option(...schedulerConfigFlag)).action(async (typed: Flags) => {
    const { flags, addons } = configOf(command, typed);
    const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
    const choices = clusterChoices(directory, {
      ...(flags.podCidr === undefined ? {} : { podCIDR: flags.podCidr }),
      ...(flags.serviceCidr === undefined ? {} : { serviceCIDR: flags.serviceCidr }),
      ...(flags.clusterDomain === undefined ? {} : { clusterDomain: flags.clusterDomain }),
    });
    const { createControlPlane } = await import('@geobuk/control-plane');
    const log = processLog(flags.logLevel);
    let beReady = (): void => undefined;
    const controlPlane = createControlPlane({
      dataDir: directory.path,
      store: storeConfig(flags),
      port: parsePort(flags.port),
      bind: flags.bind,
      ...(flags.advertiseAddress === undefined ? {} : { advertiseAddress: flags.advertiseAddress }),
      ...choices,
      dnsAddress: serviceAddress(choices.serviceCIDR, 10),
      addonPackages: installedAddonPackages(),
      addonModuleRoots: moduleRoots(),
      apiServer: apiServerOptions(flags),
      schedulerConfigFile: flags.schedulerConfig === undefined ? undefined : resolve(flags.schedulerConfig),
      log,
      onReady: () => {
        process.send?.('ready');
        beReady();
      },
    });
    const stop = new AbortController();
    const signal = stopSignal();
    signal.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
    const whenReady = new Promise<void>((done) => (beReady = done));
    const serving = controlPlane.run(stop.signal);
    await Promise.race([whenReady, serving]);
    if (addons.length > 0 && !stop.signal.aborted) {
      const say = (line: string): void => log.info(line);
      await setAddons(directory.kubeconfig, addons, say, stop.signal).catch((error: unknown) => stop.abort(error));
    }
    await serving;
    if (stop.signal.reason instanceof CliError) throw stop.signal.reason;
  });
}

async function setAddons(
  kubeconfig: string,
  wishes: readonly AddonWish[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const client = createHttpClient(await loadKubeconfig({ paths: [kubeconfig] }));
  try {
    await convergeAddons(client, wishes, say, signal);
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

function storeConfig({ store, etcdEndpoints, etcdCa, etcdCert, etcdKey }: Flags): StoreConfig {
  if (store === 'nedb') return { kind: 'nedb' };
  if (store !== 'etcd') throw new CliError(`--store ${store}: no such engine: use nedb or etcd`, 2);
  if (etcdEndpoints === undefined)
    throw new CliError('--store etcd needs --etcd-endpoints, such as https://10.0.0.1:2379', 2);
  return {
    kind: 'etcd',
    endpoints: etcdEndpoints.split(','),
    ...(etcdCa === undefined ? {} : { caFile: etcdCa }),
    ...(etcdCert === undefined ? {} : { certFile: etcdCert }),
    ...(etcdKey === undefined ? {} : { keyFile: etcdKey }),
  };
}
