import { defineAddon, deploymentAvailable, packageVersion } from '@geobuk/addon-sdk';
import type { DnsConfig } from './config.js';
import { dnsConfigSchema } from './config.js';
import { dnsManifests } from './manifests.js';
import { permissions } from './permissions.js';

export type { DnsConfig } from './config.js';

const version = packageVersion(import.meta.url);

/**
 * Names for Services and pods.
 * Follows: Kubernetes DNS-Based Service Discovery 1.1.0.
 */
const dns = defineAddon<DnsConfig>({
  name: 'dns',
  version,
  description: 'Answers the names of Services and pods, and asks others for the rest.',
  provides: ['dns'],
  requires: ['pod-network', 'service-proxy'],
  conflicts: ['dns'],
  enabledByDefault: true,
  config: dnsConfigSchema,
  permissions,
  health: [deploymentAvailable('dns')],
  manifests: (config, cluster) => dnsManifests(config, cluster, version),
});

export default dns;
