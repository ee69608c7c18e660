import { readFileSync } from 'node:fs';
import { defineAddon, deploymentAvailable } from '@geobuk/addon-sdk';
import type { DashboardConfig } from './config.js';
import { dashboardConfigSchema } from './config.js';
import { dashboardManifests } from './manifests.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The cluster in a browser, as the person who looks at it. */
export default defineAddon<DashboardConfig>({
  name: 'dashboard',
  version,
  description: 'The cluster in a browser: every kind live, logs, shells, and why something is not running.',
  provides: ['dashboard'],
  requires: [], // the host's network is enough: it must open when the pod network does not
  conflicts: ['dashboard'],
  enabledByDefault: false,
  config: dashboardConfigSchema,
  permissions: [],
  health: [deploymentAvailable('dashboard')],
  manifests: (config, cluster) => dashboardManifests(config, cluster, version),
});
