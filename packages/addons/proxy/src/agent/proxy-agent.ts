import { Sysctls, createNft, isBeingRemoved, runHealthServer, runTogether } from '@geobuk/addon-sdk';
import type { AgentContext } from '@geobuk/addon-sdk';
import { createRunner, deadline } from '@geobuk/client';
import type { Controller } from '@geobuk/client';
import type { ProxyConfig } from '../config.js';
import { healthPortOf } from '../manifests.js';
import { proxyTable } from './base-ruleset.js';
import { createConntrack } from './conntrack.js';
import { HealthCheckPorts } from './health-check-ports.js';
import { ProxyRules } from './proxy-rules.js';

const removalTimeoutMs = 15_000;

/** The parts of one node's agent; runs until the signal, then cleans up if the addon itself is going. */
export async function runProxyAgent(context: AgentContext<ProxyConfig>, signal: AbortSignal): Promise<void> {
  const { client, informers, clock, log, nodeName, cluster, config } = context;
  const sysctls = new Sysctls({ owner: `proxy-${cluster.id}`, log });
  await sysctls.register();
  await sysctls.set('net/ipv4/ip_forward', '1');
  const bridgeIsFiltered = await sysctls.set('net/bridge/bridge-nf-call-iptables', '1');
  const localhostNodePorts = config.localhostNodePorts && (await sysctls.set('net/ipv4/conf/all/route_localnet', '1'));
  const healthPorts = new HealthCheckPorts({ host: '0.0.0.0', log });
  const rules = new ProxyRules({
    nodeName,
    podCIDR: cluster.podCIDR,
    informers,
    nft: createNft(),
    conntrack: createConntrack(log),
    healthPorts,
    table: proxyTable(cluster.id),
    base: { localhostNodePorts, bridgeIsFiltered },
  });
  const runner = createRunner({ controllers: [rules] as readonly Controller<unknown>[], informers, log, clock });
  const health = {
    host: '127.0.0.1',
    port: healthPortOf(config, cluster),
    checks: { '/health': () => undefined, '/ready': () => rules.waitingFor },
  };
  await runTogether(signal, [(all) => runner.run(all), (all) => runHealthServer(health, all)]);
  if (!(await isBeingRemoved(client, { kind: 'DaemonSet', name: 'proxy' }, log))) return;
  log.info('the addon is being removed: taking back what it did to this node');
  using limit = deadline(new AbortController().signal, removalTimeoutMs);
  await rules.remove(limit.signal);
  await sysctls.restore();
}
