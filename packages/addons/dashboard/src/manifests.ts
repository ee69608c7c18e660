import type { AddonCluster, KubernetesObject } from '@geobuk/api';
import { addonAccess, hostDeployment, hostPort, localHttpProbe } from '@geobuk/addon-sdk';
import type { DashboardConfig } from './config.js';

export const dashboardPort = (clusterId: string, configured: number): number =>
  configured === 0 ? hostPort(clusterId, 6) : configured;

/** Pure: one process on a node. Its ServiceAccount may do nothing: it acts as whoever is logged in. */
export function dashboardManifests(
  config: DashboardConfig,
  cluster: AddonCluster,
  version: string,
): readonly KubernetesObject[] {
  const scheme = config.tls.certFile === '' ? 'HTTP' : 'HTTPS';
  const host = ['0.0.0.0', '::'].includes(config.bind) ? '127.0.0.1' : config.bind;
  const port = dashboardPort(cluster.id, config.port);
  const probe = { httpGet: { host, port, path: '/healthz', scheme } };
  return [
    ...addonAccess('dashboard', []),
    hostDeployment({
      addon: 'dashboard',
      package: '@geobuk/addon-dashboard',
      version,
      cluster,
      config,
      replicas: 1,
      cpu: '20m',
      memory: '80Mi',
      readinessProbe: localHttpProbe(port, '/healthz', { ...probe, periodSeconds: 5 }),
      livenessProbe: localHttpProbe(port, '/healthz', { ...probe, periodSeconds: 20 }),
    }),
  ];
}
