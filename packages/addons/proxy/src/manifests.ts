import type { AddonCluster, KubernetesObject } from '@geobuk/api';
import { addonAccess, hostDaemonSet, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { ProxyConfig } from './config.js';
import { permissions } from './permissions.js';

export const healthPortOf = (config: ProxyConfig, cluster: AddonCluster): number =>
  config.healthPort === 0 ? hostPort(cluster.id, 3) : config.healthPort;

export function proxyManifests(
  config: ProxyConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  return [
    ...addonAccess('proxy', permissions),
    hostDaemonSet({
      addon: 'proxy',
      package: '@geobuk/addon-proxy',
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
