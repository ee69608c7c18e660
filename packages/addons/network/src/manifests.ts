import type { AddonCluster, KubernetesObject } from '@geobuk/api';
import { addonAccess, hostDaemonSet, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { NetworkConfig } from './config.js';
import { permissions } from './permissions.js';

export const healthPortOf = (config: NetworkConfig, cluster: AddonCluster): number =>
  config.healthPort === 0 ? hostPort(cluster.id, 2) : config.healthPort;

export function networkManifests(
  config: NetworkConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  return [
    ...addonAccess('network', permissions),
    hostDaemonSet({
      addon: 'network',
      package: '@geobuk/addon-network',
      version,
      cluster,
      config,
      cpu: '10m',
      memory: '50Mi',
      readinessProbe: localHttpProbe(healthPortOf(config, cluster), '/ready', { periodSeconds: 2 }),
      livenessProbe: localHttpProbe(healthPortOf(config, cluster), '/health'),
    }),
  ];
}
