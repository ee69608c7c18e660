import { daemonSetAvailable, defineAddon, deploymentAvailable, packageVersion } from '@geobuk/addon-sdk';
import type { RegistryConfig } from './config.js';
import { registryConfigSchema } from './config.js';
import { nodeProgram, permissions, registryManifests } from './manifests.js';

const version = packageVersion(import.meta.url);

/**
 * Images without the internet: pushed from anywhere, pulled by every node.
 * Follows: OCI Distribution Specification 1.1.
 */
export default defineAddon<RegistryConfig>({
  name: 'registry',
  version,
  description: "A registry of the cluster's own: images pushed to it are pulled by every node.",
  provides: ['registry'],
  requires: ['service-proxy'], // nodes reach it at its Service's address
  conflicts: ['registry'],
  enabledByDefault: false,
  config: registryConfigSchema,
  permissions,
  health: [deploymentAvailable('registry'), daemonSetAvailable(nodeProgram)],
  manifests: (config, cluster) => registryManifests(config, cluster, version),
});
