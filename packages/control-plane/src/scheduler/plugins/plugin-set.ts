import type { PluginConfig } from '../scheduler-config.js';
import type { SchedulerPlugin } from '../plugin.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';
import { imageLocality } from './image-locality.js';
import { interPodAffinity } from './inter-pod-affinity.js';
import { nodeAffinity } from './node-affinity.js';
import { nodeName } from './node-name.js';
import { nodePorts } from './node-ports.js';
import { nodeResourcesBalanced, nodeResourcesFit } from './node-resources.js';
import { nodeUnschedulable } from './node-unschedulable.js';
import { nodeVolumeLimits } from './node-volume-limits.js';
import { taintToleration } from './taint-toleration.js';
import type { SpreadDeps } from './topology-spread.js';
import { topologySpread } from './topology-spread.js';
import { volumeBinding } from './volume-binding.js';
import { volumeRestrictions } from './volume-restrictions.js';
import { volumeZone } from './volume-zone.js';

export interface PluginDeps extends SpreadDeps {
  readonly volumes: VolumeLookup;
  /** Volumes promised to pods that are being bound. */
  readonly takenVolumes: ReadonlySet<string>;
}

/** All plugins with their arguments. Order: cheap refusals first. Follows: the default multiPoint set. */
export function createPlugins(deps: PluginDeps, config: readonly PluginConfig[] = []): readonly SchedulerPlugin[] {
  const { volumes, takenVolumes } = deps;
  const argsOf = <Name extends PluginConfig['name']>(
    name: Name,
  ): NonNullable<Extract<PluginConfig, { name: Name }>['args']> => {
    const found = config.find((one): one is Extract<PluginConfig, { name: Name }> => one.name === name);
    return found?.args ?? {};
  };
  const plugins = [
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity(argsOf('NodeAffinity')),
    nodePorts,
    nodeResourcesFit(argsOf('NodeResourcesFit')),
    volumeRestrictions(volumes),
    nodeVolumeLimits(volumes),
    volumeBinding({ lookup: volumes, taken: takenVolumes }, argsOf('VolumeBinding')),
    volumeZone(volumes),
    topologySpread(argsOf('PodTopologySpread'), deps),
    interPodAffinity(argsOf('InterPodAffinity')),
    nodeResourcesBalanced(argsOf('NodeResourcesBalancedAllocation')),
    imageLocality,
  ];
  return plugins as readonly SchedulerPlugin[];
}
