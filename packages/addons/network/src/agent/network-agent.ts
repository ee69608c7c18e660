import { BlockList } from 'node:net';
import { nodes } from '@geobuk/api';
import { Sysctls, createNft, isBeingRemoved, runHealthServer } from '@geobuk/addon-sdk';
import type { AgentContext } from '@geobuk/addon-sdk';
import { allSettledOrThrow, createRunner, deadline } from '@geobuk/client';
import type { Controller } from '@geobuk/client';
import type { NetworkConfig } from '../config.js';
import { healthPortOf } from '../manifests.js';
import { NetworkTable } from './network-table.js';
import { NodeNetwork } from './node-network.js';
import { NodePolicies } from './node-policies.js';
import { NodeRoutes } from './node-routes.js';

const ipamDirectory = '/var/lib/cni/networks';
const removalTimeoutMs = 15_000;

/** The parts of one node's agent; runs until the signal, then cleans up if the addon itself is going. */
export async function runNetworkAgent(context: AgentContext<NetworkConfig>, signal: AbortSignal): Promise<void> {
  const { client, informers, clock, log, nodeName, cluster, config, cniConfDir } = context;
  const nodeLister = informers.of(nodes).lister;
  const table = new NetworkTable(createNft(), cluster.id);
  const sysctls = new Sysctls({ owner: `network-${cluster.id}`, log });
  await sysctls.register();
  const network = new NodeNetwork({
    nodeName,
    cluster,
    config,
    cniConfDir,
    ipamDirectory,
    nodeLister,
    table,
    sysctls,
  });
  const routes = new NodeRoutes({ nodeName, nodeLister, isOurs: insideOf(cluster.podCIDR) });
  const policies = config.networkPolicy ? [new NodePolicies({ nodeName, informers, table })] : [];
  const controllers = [network, routes, ...policies] as readonly Controller<unknown>[];
  const runner = createRunner({ controllers, informers, log, clock });
  const health = {
    host: '127.0.0.1',
    port: healthPortOf(config, cluster),
    checks: { '/health': () => undefined, '/ready': () => network.waitingFor },
  };
  await allSettledOrThrow([runner.run(signal), runHealthServer(health, signal)]);
  if (!(await isBeingRemoved(client, { kind: 'DaemonSet', name: 'network' }, log))) return;
  log.info('the addon is being removed: taking back what it did to this node');
  using limit = deadline(new AbortController().signal, removalTimeoutMs);
  await routes.remove(limit.signal);
  await network.remove({ signal: limit.signal, log });
}

/** Whether a network such as `10.42.3.0/24` lies in another one. */
function insideOf(cidr: string): (destination: string) => boolean {
  const [base = '', bits = ''] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(bits), 'ipv4');
  return (destination) => list.check(destination.split('/')[0] ?? '', 'ipv4');
}
