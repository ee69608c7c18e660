import { daemonSetAvailable, defineAddon, packageVersion } from '@geobuk/addon-sdk';
import type { StorageConfig } from './config.js';
import { storageConfigSchema } from './config.js';
import { permissions, storageManifests } from './manifests.js';

const version = packageVersion(import.meta.url);

/**
 * Volumes on the nodes' own disks, made when they are claimed.
 * Follows: external provisioners and local volumes.
 */
export default defineAddon<StorageConfig>({
  name: 'storage',
  version,
  description: "Volumes on the nodes' own disks, made when they are claimed.",
  provides: ['storage', 'storageClass:default'],
  requires: [],
  conflicts: [],
  enabledByDefault: true,
  config: storageConfigSchema,
  permissions,
  health: [daemonSetAvailable('storage')],
  manifests: (config, cluster) => storageManifests(config, cluster, version),
});
