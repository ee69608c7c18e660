import { readFileSync } from 'node:fs';
import { defineAddon, deploymentAvailable } from '@geobuk/addon-sdk';
import type { DnsConfig } from './config.js';
import { dnsConfigSchema } from './config.js';
import { dnsManifests, permissions } from './manifests.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * Names for Services and pods.
 * Follows: Kubernetes DNS-Based Service Discovery 1.1.0.
 */
export default defineAddon<DnsConfig>({
  name: 'dns',
  version,
  description: 'Names for Services and pods; forwards all others.',
  provides: ['dns'],
  requires: ['service-proxy'], // clients ask the Service's address
  conflicts: [],
  enabledByDefault: true,
  config: dnsConfigSchema,
  permissions,
  health: [deploymentAvailable('dns')],
  manifests: (config, cluster) => dnsManifests(config, cluster, version),
});
