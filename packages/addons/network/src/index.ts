import { daemonSetAvailable, defineAddon, packageVersion } from '@geobuk/addon-sdk';
import type { NetworkConfig } from './config.js';
import { networkConfigSchema } from './config.js';
import { networkManifests } from './manifests.js';
import { permissions } from './permissions.js';

export type { NetworkConfig } from './config.js';

const version = packageVersion(import.meta.url);

/**
 * The network of pods: a bridge on each node, routes or VXLAN between nodes, NetworkPolicy.
 * Follows: the Kubernetes network model (every pod reaches every pod without address translation), CNI 1.0.
 */
const network = defineAddon<NetworkConfig>({
  name: 'network',
  version,
  description: 'Gives every pod an address and a way to every other pod.',
  provides: ['pod-network', 'network-policy'],
  requires: [],
  conflicts: ['pod-network'],
  enabledByDefault: true,
  config: networkConfigSchema,
  permissions,
  health: [daemonSetAvailable('network')],
  manifests: (config, cluster) => networkManifests(config, cluster, version),
});

export default network;
