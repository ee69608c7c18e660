import { defineAddon, deploymentAvailable, packageVersion } from '@geobuk/addon-sdk';
import type { MetricsConfig } from './config.js';
import { metricsConfigSchema } from './config.js';
import { metricsManifests, permissions } from './manifests.js';

const version = packageVersion(import.meta.url);

/**
 * What nodes and pods use, now and over the last hour.
 * Follows: metrics.k8s.io/v1beta1 and metrics-server.
 */
export default defineAddon<MetricsConfig>({
  name: 'metrics',
  version,
  description: 'What nodes and pods use: kubectl top, autoscaling, charts.',
  provides: ['metrics.k8s.io'],
  requires: [],
  conflicts: [],
  enabledByDefault: true,
  config: metricsConfigSchema,
  permissions,
  health: [deploymentAvailable('metrics'), { kind: 'apiAvailable', group: 'metrics.k8s.io', version: 'v1beta1' }],
  manifests: (config, cluster) => metricsManifests(config, cluster, version),
});
