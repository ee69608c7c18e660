import { daemonSetAvailable, defineAddon, packageVersion } from '@geobuk/addon-sdk';
import type { ProxyConfig } from './config.js';
import { proxyConfigSchema } from './config.js';
import { proxyManifests } from './manifests.js';
import { permissions } from './permissions.js';

export type { ProxyConfig } from './config.js';

const version = packageVersion(import.meta.url);

/**
 * Service addresses on every node.
 * Follows: kube-proxy in nftables mode (virtual addresses, node ports, affinity, traffic policies).
 */
const proxy = defineAddon<ProxyConfig>({
  name: 'proxy',
  version,
  description: 'Makes the addresses and node ports of Services lead to their pods.',
  provides: ['service-proxy'],
  requires: ['pod-network'],
  conflicts: ['service-proxy'],
  enabledByDefault: true,
  config: proxyConfigSchema,
  permissions,
  health: [daemonSetAvailable('proxy')],
  manifests: (config, cluster) => proxyManifests(config, cluster, version),
});

export default proxy;
