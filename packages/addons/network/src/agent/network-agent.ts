import { nodes } from '@geobuk/api';
import { Sysctls, createNft, isBeingRemoved, runHealthServer, runTogether } from '@geobuk/addon-sdk';
import type { AgentContext } from '@geobuk/addon-sdk';
import { createRunner, deadline } from '@geobuk/client';
import type { Controller } from '@geobuk/client';
import type { NetworkConfig } from '../config.js';
import { healthPortOf } from '../manifests.js';
import { createIp } from './ip-command.js';
import { createLinks } from './links.js';
import { NetworkTable } from './network-table.js';
import { NodeNetwork } from './node-network.js';
import { NodePolicies } from './node-policies.js';
import { NodeRoutes } from './node-routes.js';
import { TunnelLink } from './tunnel-link.js';
import { tunnelName } from './tunnel.js';

const ipamDirectory = '/var/lib/cni/networks';
const removalTimeoutMs = 15_000;

/** The parts of one node's agent; runs until the signal, then cleans up if the addon itself is going. */
export async function runNetworkAgent(context: AgentContext<NetworkConfig>, signal: AbortSignal): Promise<void> {
  const { client, informers, clock, log, nodeName, cluster, config, cniConfDir } = context;
  const nodeLister = informers.of(nodes).lister;
  const table = new NetworkTable(createNft(), cluster.id);
  const sysctls = new Sysctls({ owner: `network-${cluster.id}`, log });
  await sysctls.register();
  const ip = createIp();
  const links = createLinks(ip, tunnelName(cluster.id));
  const tunnel = new TunnelLink(ip, tunnelName(cluster.id));
  const routes = new NodeRoutes({ nodeName, cluster, config, nodeLister, links, tunnel });
  const network = new NodeNetwork({
    nodeName,
    cluster,
    config,
    cniConfDir,
    ipamDirectory,
    nodeLister,
    table,
    sysctls,
    links,
    overheadBytes: (options) => routes.overheadBytes(options),
  });
  const policies = config.networkPolicy ? [new NodePolicies({ nodeName, informers, table })] : [];
  const controllers = [network, routes, ...policies] as readonly Controller<unknown>[];
  const runner = createRunner({ controllers, informers, log, clock });
  const health = {
    host: '127.0.0.1',
    port: healthPortOf(config, cluster),
    checks: { '/health': () => undefined, '/ready': () => network.waitingFor },
  };
  await runTogether(signal, [(all) => runner.run(all), (all) => runHealthServer(health, all)]);
  if (!(await isBeingRemoved(client, { kind: 'DaemonSet', name: 'network' }, log))) return;
  log.info('the addon is being removed: taking back what it did to this node');
  using limit = deadline(new AbortController().signal, removalTimeoutMs);
  await routes.remove(limit.signal);
  await network.remove({ signal: limit.signal, log });
}
