import { defineAddon, deploymentAvailable, packageVersion } from '@geobuk/addon-sdk';
import type { HelmConfig } from './config.js';
import { helmConfigSchema } from './config.js';
import { helmManifests, permissions } from './manifests.js';

const version = packageVersion(import.meta.url);

/** Charts as desired state, by the helm binary of a node. */
export default defineAddon<HelmConfig>({
  name: 'helm',
  version,
  description: 'HelmRelease objects: charts as desired state, by the helm binary of a node.',
  provides: ['helm'],
  requires: [],
  conflicts: ['helm'],
  enabledByDefault: false,
  config: helmConfigSchema,
  permissions,
  health: [deploymentAvailable('helm')],
  manifests: (config, cluster) => helmManifests(config, cluster, version),
});
