import { daemonSetAvailable, defineAddon, packageVersion } from '@geobuk/addon-sdk';
import type { IngressConfig } from './config.js';
import { ingressConfigSchema } from './config.js';
import { ingressManifests, permissions } from './manifests.js';

const version = packageVersion(import.meta.url);

/**
 * The way into the cluster by HTTP.
 * Follows: Ingress (networking.k8s.io/v1) and Gateway API (GatewayClass, Gateway, HTTPRoute v1).
 */
export default defineAddon<IngressConfig>({
  name: 'ingress',
  version,
  description: 'The way into the cluster by HTTP: Ingress and Gateway API on a proxy on every node.',
  provides: ['ingress', 'gateway'],
  requires: ['pod-network'],
  conflicts: ['ingress'],
  enabledByDefault: false,
  config: ingressConfigSchema,
  permissions,
  health: [daemonSetAvailable('ingress')],
  manifests: (config, cluster) => ingressManifests(config, cluster, version),
});
