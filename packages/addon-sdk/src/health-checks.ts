import type { AddonHealthCheck } from '@geobuk/api';
import { addonNamespace } from './manifests/labels.js';

/** All replicas that are wanted are available and of the newest template. */
export const deploymentAvailable = (name: string): AddonHealthCheck => ({
  kind: 'workloadAvailable',
  workload: 'Deployment',
  namespace: addonNamespace,
  name,
});

/** Every node that should run it does. */
export const daemonSetAvailable = (name: string): AddonHealthCheck => ({
  kind: 'workloadAvailable',
  workload: 'DaemonSet',
  namespace: addonNamespace,
  name,
});
